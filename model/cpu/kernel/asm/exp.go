// The exponential of numbers that are not positive, on registers.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// eˣ = 2ⁿ·eʳ with n = round(x/ln 2), |r| ≤ ln(2)/2 and eʳ = 1 + r + r²·(c₀ + c₁·r + …), to within 3.1e-9 relative. The
// coefficients are our own fit: least squares at 2,000 Chebyshev points, weighted by r²/eʳ and reweighted by Lawson's
// method until the largest error was smallest; then rounded to float32.
var expC = []float64{0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.008368716575205326, 0.001381459878757596}

const (
	// Below, eˣ is set to zero: it is about to be smaller than the smallest normal number.
	expLowest = -87.33
	log2e     = 1.4426950408889634
	// ln 2 as float32, and what that leaves out.
	ln2High = 0.693147182464599609375
	ln2Low  = 0.6931471805599453 - ln2High
)

// expOf is eˣ for x ≤ 0. NaN stays NaN.
func expOf(x VecVirtual) VecVirtual {
	r, n, low, square := splat(expLowest), YMM(), YMM(), YMM()
	VCMPPS(Imm(1 /* less than */), r, x, low)
	VMAXPS(x, r, r)
	VMULPS(vector8(log2e), r, n)
	VROUNDPS(Imm(8 /* to nearest, quietly */), n, n)
	VFNMADD231PS(vector8(ln2High), n, r)
	VFNMADD231PS(vector8(ln2Low), n, r)
	e := polynomial(r, expC)
	VMULPS(r, r, square)
	VFMADD213PS(r, square, e)
	VADDPS(vector8(1), e, e)
	VCVTPS2DQ(n, n)
	VPSLLD(Imm(23), n, n)
	VPADDD(n, e, e)
	VANDNPS(e, low, e)
	return e
}
