// GELU and softmax, forward and backward.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The vectors of GELU and of exp that are computed in turns: as many as the registers hold.
var (
	geluTurns = []int{3, 1}
	expTurns  = []int{4, 2, 1}
)

func activation() {
	function("geluVector", "(y, x *float32, n int)", "geluVector computes y = x·Φ(x).")
	x, y := param("x"), param("y")
	eachOf("x", geluTurns, param("n"), func(i Register, vectors int, mask Op) {
		stores(geluOf(loads(element(x, i), vectors, mask)), element(y, i), mask)
	})
	finish()

	function("geluGradVector", "(dx, dy, x *float32, n int)", "geluGradVector computes dx = dy·(Φ(x) + x·φ(x)).")
	dx, dy, x := param("dx"), param("dy"), param("x")
	eachOf("x", geluTurns, param("n"), func(i Register, vectors int, mask Op) {
		slopes := slopeOf(loads(element(x, i), vectors, mask))
		for v, d := range loads(element(dy, i), vectors, mask) {
			VMULPS(d, slopes[v], slopes[v])
		}
		stores(slopes, element(dx, i), mask)
	})
	finish()

	softmax()
	softmaxRows()
	softmaxGrad()
}

// softmax writes the function for one vector, of exact length. The largest is subtracted first so that no exponential
// overflows.
func softmax() {
	function("softmaxVector", "(y, x *float32, n int) (largest, sum float32)",
		"softmaxVector computes y = softmax(x), and returns the largest x and Σexp(x−largest).")
	x, y, n := param("x"), param("y"), param("n")
	largest := largestOf(x, n)
	sum := exponentials(y, x, n, largest)
	Store(largest.AsX(), Return("largest"))
	Store(sum.AsX(), Return("sum"))
	inverse := splat(1)
	VDIVPS(sum, inverse, inverse)
	scaleBy(y, n, inverse)
	finish()
}

// softmaxRows writes the function for a matrix. It goes through all rows three times, so that what one row waits for is
// filled with the work of the next.
func softmaxRows() {
	function("softmaxRows", "(p, each *float32, rows, n int)",
		"softmaxRows replaces rows of n columns by their softmax. each [rows] is scratch.")
	p, n := param("p"), param("n")
	pass := func(label string, body func(row, each Register)) {
		row, each, rows := GP64(), param("each"), param("rows")
		MOVQ(p, row)
		Label(label + "Row")
		body(row, each)
		LEAQ(element(row, n), row)
		ADDQ(Imm(4), each)
		DECQ(rows)
		JNZ(LabelRef(label + "Row"))
	}
	pass("max", func(row, each Register) {
		VMOVSS(largestOf(row, n).AsX(), at(each, 0))
	})
	pass("exp", func(row, each Register) {
		largest, one := YMM(), splat(1)
		VBROADCASTSS(at(each, 0), largest)
		sum := exponentials(row, row, n, largest)
		VDIVSS(sum.AsX(), one.AsX(), one.AsX())
		VMOVSS(one.AsX(), at(each, 0))
	})
	pass("scale", func(row, each Register) {
		inverse := YMM()
		VBROADCASTSS(at(each, 0), inverse)
		scaleBy(row, n, inverse)
	})
	finish()
}

// largestOf is the largest of n floats, in all lanes.
func largestOf(x, n Register) VecVirtual {
	most, lowest := YMM(), YMM()
	VMOVUPS(words("negativeInfinity", 0xff800000), lowest)
	VMOVAPS(lowest, most)
	each("max", n, func(i Register, mask Op) {
		v := load(element(x, i), mask)
		if mask != nil {
			VBLENDVPS(mask, v, lowest, v)
		}
		VMAXPS(v, most, most)
	})
	return fold(most, VMAXPS)
}

// exponentials is y = exp(x−largest), and the sum of it.
func exponentials(y, x, n Register, largest VecVirtual) VecVirtual {
	sum := zero()
	eachOf("exp", expTurns, n, func(i Register, vectors int, mask Op) {
		away := loads(element(x, i), vectors, mask)
		for _, v := range away {
			VSUBPS(largest, v, v)
		}
		e := expOf(away)
		for _, v := range e {
			under(mask, v)
			VADDPS(v, sum, sum)
		}
		stores(e, element(y, i), mask)
	})
	return total([]VecVirtual{sum})
}

// scaleBy is y *= factor.
func scaleBy(y, n Register, factor VecVirtual) {
	each("scale", n, func(i Register, mask Op) {
		v := load(element(y, i), mask)
		VMULPS(factor, v, v)
		store(v, element(y, i), mask)
	})
}

// softmaxGrad writes the gradient of softmaxRows: ds = scale·p·(dp − Σ p·dp), in place of dp.
func softmaxGrad() {
	function("softmaxGradRows", "(dp, p *float32, rows, n int, scale float32)",
		"softmaxGradRows replaces dp by scale·p·(dp − Σ p·dp), row by row.")
	dp, p, n, rows, scale := param("dp"), param("p"), param("n"), param("rows"), broadcast("scale")
	Label("row")
	parts := zeros(1)
	each("dot", n, func(i Register, mask Op) {
		VFMADD231PS(load(element(p, i), mask), load(element(dp, i), mask), parts[0])
	})
	mean := total(parts)
	each("ds", n, func(i Register, mask Op) {
		d := load(element(dp, i), mask)
		VSUBPS(mean, d, d)
		VMULPS(load(element(p, i), mask), d, d)
		VMULPS(scale, d, d)
		store(d, element(dp, i), mask)
	})
	LEAQ(element(dp, n), dp)
	LEAQ(element(p, n), p)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
