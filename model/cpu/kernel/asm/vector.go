// Plain arithmetic on vectors, and the loop that measures the machine.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func vector() {
	function("addVector", "(dst, src *float32, n int)", "addVector computes dst += src.")
	dst, src := param("dst"), param("src")
	each("x", param("n"), func(i Register, mask Op) {
		v := load(element(dst, i), mask)
		VADDPS(load(element(src, i), mask), v, v)
		store(v, element(dst, i), mask)
	})
	finish()

	function("addScaledVector", "(dst, src *float32, n int, s float32)", "addScaledVector computes dst += s·src.")
	dst, src, s := param("dst"), param("src"), broadcast("s")
	each("x", param("n"), func(i Register, mask Op) {
		v := load(element(dst, i), mask)
		VFMADD231PS(load(element(src, i), mask), s, v)
		store(v, element(dst, i), mask)
	})
	finish()

	function("scaleVector", "(x *float32, n int, s float32)", "scaleVector computes x *= s.")
	x, s := param("x"), broadcast("s")
	each("x", param("n"), func(i Register, mask Op) {
		v := load(element(x, i), mask)
		VMULPS(s, v, v)
		store(v, element(x, i), mask)
	})
	finish()

	function("dotVector", "(a, b *float32, n int) float32", "dotVector is Σ a·b.")
	a, b, sums := param("a"), param("b"), zeros(4)
	eachOf("x", []int{4, 1}, param("n"), func(i Register, vectors int, mask Op) {
		for v, in := range loads(element(a, i), vectors, mask) {
			VFMADD231PS(in, load(element(b, i).Offset(v*bytes), mask), sums[v])
		}
	})
	Store(total(sums).AsX(), ReturnIndex(0))
	finish()

	sumSquares()
	columnSums()
	peak()
}

// sumSquares adds up in float64, whose 53 bits leave no rounding to speak of.
func sumSquares() {
	function("sumSquaresVector", "(x *float32, n int) float64", "sumSquaresVector is Σ x².")
	x, sums := param("x"), zeros(4)
	eachOf("x", []int{2, 1}, param("n"), func(i Register, vectors int, mask Op) {
		for v, low := range loads(element(x, i), vectors, mask) {
			high := YMM()
			VEXTRACTF128(Imm(1), low, high.AsX())
			for half, four := range []VecVirtual{low, high} {
				VCVTPS2PD(four.AsX(), four)
				VFMADD231PD(four, four, sums[2*v+half])
			}
		}
	})
	VADDPD(sums[1], sums[0], sums[0])
	VADDPD(sums[3], sums[2], sums[2])
	VADDPD(sums[2], sums[0], sums[0])
	VEXTRACTF128(Imm(1), sums[0], sums[1].AsX())
	VADDPD(sums[1].AsX(), sums[0].AsX(), sums[0].AsX())
	VPERMILPD(Imm(1), sums[0].AsX(), sums[1].AsX())
	VADDSD(sums[1].AsX(), sums[0].AsX(), sums[0].AsX())
	Store(sums[0].AsX(), ReturnIndex(0))
	finish()
}

// columnSums goes down the rows for each run of columns, so that the sums stay in registers.
func columnSums() {
	function("columnSums", "(db, dy *float32, l, n int)", "columnSums adds the sums of the columns of dy [l,n] to db, for any l but zero.")
	db, dy, l, n := param("db"), param("dy"), param("l"), param("n")
	left, row, rows, ld := GP64(), GP64(), GP64(), GP64()
	MOVQ(n, left)
	MOVQ(n, ld)
	SHLQ(Imm(2), ld)
	run := func(label string, vectors int, mask Op) {
		sums := zeros(vectors)
		MOVQ(dy, row)
		MOVQ(l, rows)
		Label(label)
		for v, sum := range sums {
			VADDPS(load(at(row, v*bytes), mask), sum, sum)
		}
		ADDQ(ld, row)
		DECQ(rows)
		JNZ(LabelRef(label))
		for v, sum := range sums {
			VADDPS(load(at(db, v*bytes), mask), sum, sum)
			store(sum, at(db, v*bytes), mask)
		}
		ADDQ(I32(vectors*bytes), db)
		ADDQ(I32(vectors*bytes), dy)
	}
	Label("wide")
	CMPQ(left, Imm(4*lanes))
	JL(LabelRef("narrow"))
	run("wideRows", 4, nil)
	SUBQ(Imm(4*lanes), left)
	JMP(LabelRef("wide"))
	Label("narrow")
	CMPQ(left, Imm(lanes))
	JL(LabelRef("last"))
	run("narrowRows", 1, nil)
	SUBQ(Imm(lanes), left)
	JMP(LabelRef("narrow"))
	Label("last")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	run("lastRows", 1, maskOf(left))
	Label("done")
	finish()
}

// peakChains are the multiply-adds of a turn of the loop: more than the latency of one times the units there are.
const peakChains = 12

// peak writes a loop of multiply-adds that depend only on themselves.
func peak() {
	function("peakLoop", "(iterations int) float32", "peakLoop runs 12 multiply-adds of eight floats, so many times.")
	left, near, sums := param("iterations"), splat(0.999), zeros(peakChains)
	Label("loop")
	for _, sum := range sums {
		VFMADD213PS(near, near, sum)
	}
	DECQ(left)
	JNZ(LabelRef("loop"))
	for _, sum := range sums[1:] {
		VADDPS(sum, sums[0], sums[0])
	}
	Store(sums[0].AsX(), ReturnIndex(0))
	finish()
}
