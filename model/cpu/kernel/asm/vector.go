// Plain arithmetic on vectors.

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
