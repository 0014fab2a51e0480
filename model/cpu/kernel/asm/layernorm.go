// Layer normalisation, forward and backward.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func layerNorm() {
	layerNormForward()
	layerNormBackward()
}

// columnsOf is the number of columns as a float, in all lanes.
func columnsOf(width Register) VecVirtual {
	v := YMM()
	VCVTSI2SSQ(width, zero().AsX(), v.AsX())
	VBROADCASTSS(v.AsX(), v)
	return v
}

func layerNormForward() {
	function("layerNormRows", "(y, stats, x, gamma, beta *float32, rows, width int, eps float32)",
		"layerNormRows computes y = (x−mean)·inverse·gamma + beta for rows of any width but zero.")
	y, stats, x, gamma, beta := param("y"), param("stats"), param("x"), param("gamma"), param("beta")
	rows, width, eps := param("rows"), param("width"), broadcast("eps")
	columns := columnsOf(width)
	Label("row")
	sums := zeros(4)
	eachOf("sum", []int{4, 1}, width, func(i Register, vectors int, mask Op) {
		for v, in := range loads(element(x, i), vectors, mask) {
			VADDPS(in, sums[v], sums[v])
		}
	})
	mean := total(sums)
	VDIVPS(columns, mean, mean)
	squares := zeros(4)
	eachOf("square", []int{4, 1}, width, func(i Register, vectors int, mask Op) {
		for v, d := range loads(element(x, i), vectors, mask) {
			VSUBPS(mean, d, d)
			under(mask, d)
			VFMADD231PS(d, d, squares[v])
		}
	})
	inverse, deviation := splat(1), total(squares)
	VDIVPS(columns, deviation, deviation)
	VADDPS(eps, deviation, deviation)
	VSQRTPS(deviation, deviation)
	VDIVPS(deviation, inverse, inverse)
	each("normal", width, func(i Register, mask Op) {
		d := load(element(x, i), mask)
		VSUBPS(mean, d, d)
		VMULPS(inverse, d, d)
		VMULPS(load(element(gamma, i), mask), d, d)
		VADDPS(load(element(beta, i), mask), d, d)
		store(d, element(y, i), mask)
	})
	VMOVSS(mean.AsX(), at(stats, 0))
	VMOVSS(inverse.AsX(), at(stats, 4))
	ADDQ(Imm(8), stats)
	LEAQ(element(x, width), x)
	LEAQ(element(y, width), y)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

// normalOf is (x−mean)·inverse.
func normalOf(x Mem, mask Op, mean, inverse VecVirtual) VecVirtual {
	v := load(x, mask)
	VSUBPS(mean, v, v)
	VMULPS(inverse, v, v)
	return v
}

func layerNormBackward() {
	function("layerNormGradRows", "(dx, dgamma, dbeta, dy, x, stats, gamma *float32, rows, width, accumulate int)",
		"layerNormGradRows adds to dgamma and dbeta, and sets dx or adds to it, unless it is nil.")
	dx, dgamma, dbeta, dy, x := param("dx"), param("dgamma"), param("dbeta"), param("dy"), param("x")
	stats, gamma, rows, width := param("stats"), param("gamma"), param("rows"), param("width")
	columns := columnsOf(width)
	Label("row")
	mean, inverse, sums, along := YMM(), YMM(), zeros(1), zeros(1)
	VBROADCASTSS(at(stats, 0), mean)
	VBROADCASTSS(at(stats, 4), inverse)
	each("sum", width, func(i Register, mask Op) {
		normal, d, a, g, b := normalOf(element(x, i), mask, mean, inverse), load(element(dy, i), mask), YMM(), load(element(dgamma, i), mask), YMM()
		VMULPS(load(element(gamma, i), mask), d, a)
		VADDPS(a, sums[0], sums[0])
		VFMADD231PS(a, normal, along[0])
		VFMADD231PS(d, normal, g)
		store(g, element(dgamma, i), mask)
		VADDPS(load(element(dbeta, i), mask), d, b)
		store(b, element(dbeta, i), mask)
	})
	TESTQ(dx, dx)
	JZ(LabelRef("next"))
	sum, slope := total(sums), total(along)
	VDIVPS(columns, sum, sum)
	VDIVPS(columns, slope, slope)
	inputGrad := func(label string, accumulate bool) {
		each(label, width, func(i Register, mask Op) {
			normal, d := normalOf(element(x, i), mask, mean, inverse), load(element(dy, i), mask)
			VMULPS(load(element(gamma, i), mask), d, d)
			VSUBPS(sum, d, d)
			VFNMADD231PS(normal, slope, d)
			VMULPS(inverse, d, d)
			if accumulate {
				VADDPS(load(element(dx, i), mask), d, d)
			}
			store(d, element(dx, i), mask)
		})
	}
	accumulate := param("accumulate")
	TESTQ(accumulate, accumulate)
	JNZ(LabelRef("accumulate"))
	inputGrad("set", false)
	JMP(LabelRef("written"))
	Label("accumulate")
	inputGrad("add", true)
	Label("written")
	LEAQ(element(dx, width), dx)
	Label("next")
	ADDQ(Imm(8), stats)
	LEAQ(element(x, width), x)
	LEAQ(element(dy, width), dy)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
