// GELU and softmax, forward and backward.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func activation() {
	function("geluVector", "(y, x *float32, n int)", "geluVector computes y = x·Φ(x).")
	x, y := param("x"), param("y")
	each("x", param("n"), func(i Register, mask Op) {
		store(geluOf(load(element(x, i), mask)), element(y, i), mask)
	})
	finish()

	function("geluGradVector", "(dx, dy, x *float32, n int)", "geluGradVector computes dx = dy·(Φ(x) + x·φ(x)).")
	dx, dy, x := param("dx"), param("dy"), param("x")
	each("x", param("n"), func(i Register, mask Op) {
		slope := slopeOf(load(element(x, i), mask))
		VMULPS(load(element(dy, i), mask), slope, slope)
		store(slope, element(dx, i), mask)
	})
	finish()

	softmax("softmaxVector", "softmaxVector computes y = softmax(x), and returns the largest x and Σexp(x−largest).", false)
	softmax("softmaxRows", "softmaxRows is softmaxVector of each row of a matrix, of stride ld, with room for 8·⌈n/8⌉ columns.", true)
	softmaxGrad()
}

// softmax writes a function for one vector of exact length, or for rows that may be written past n.
func softmax(name, doc string, padded bool) {
	signature := "(y, x *float32, n int) (largest, sum float32)"
	if padded {
		signature = "(y, x *float32, n, rows, ld int)"
	}
	function(name, signature, doc)
	x, y, n := param("x"), param("y"), param("n")
	if !padded {
		largest, sum := softmaxOnce(y, x, n, false)
		Store(largest.AsX(), Return("largest"))
		Store(sum.AsX(), Return("sum"))
		finish()
		return
	}
	rows, ld := param("rows"), param("ld")
	SHLQ(Imm(2), ld)
	Label("row")
	softmaxOnce(y, x, n, true)
	ADDQ(ld, x)
	ADDQ(ld, y)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}

// softmaxOnce emits the softmax of n floats, with the largest subtracted first so that no exponential overflows.
func softmaxOnce(y, x, n Register, padded bool) (largest, sum VecVirtual) {
	to := func(i Register, mask Op, v VecVirtual) {
		if padded {
			mask = nil
		}
		store(v, element(y, i), mask)
	}
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
	largest, parts := fold(most, VMAXPS), zeros(1)
	each("exp", n, func(i Register, mask Op) {
		v := load(element(x, i), mask)
		VSUBPS(largest, v, v)
		e := expOf(v)
		under(mask, e)
		VADDPS(e, parts[0], parts[0])
		to(i, mask, e)
	})
	sum = total(parts)
	inverse := splat(1)
	VDIVPS(sum, inverse, inverse)
	each("scale", n, func(i Register, mask Op) {
		v := load(element(y, i), mask)
		VMULPS(inverse, v, v)
		to(i, mask, v)
	})
	return largest, sum
}

// softmaxGrad writes the gradient of softmaxRows: ds = scale·p·(dp − Σ p·dp), in place of dp.
func softmaxGrad() {
	function("softmaxGradRows", "(dp, p *float32, n, rows, ld int, scale float32)",
		"softmaxGradRows replaces dp by scale·p·(dp − Σ p·dp), row by row, with room for 8·⌈n/8⌉ columns.")
	dp, p, n, rows, ld, scale := param("dp"), param("p"), param("n"), param("rows"), param("ld"), broadcast("scale")
	SHLQ(Imm(2), ld)
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
		store(d, element(dp, i), nil)
	})
	ADDQ(ld, dp)
	ADDQ(ld, p)
	DECQ(rows)
	JNZ(LabelRef("row"))
	finish()
}
