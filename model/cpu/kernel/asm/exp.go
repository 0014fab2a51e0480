// The exponential of numbers that are not positive, on registers.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// eˣ = 2ⁿ·eʳ with n = round(x/ln 2), |r| ≤ ln(2)/2 and eʳ = 1 + r + r²·(c₀ + c₁·r + …) to within 3.1e-9 relative. The
// coefficients are our own fit: least squares at 2,000 Chebyshev points, weighted by r²/eʳ and reweighted by Lawson's
// method until the largest error was smallest; then rounded to float32.
var expC = []float64{0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.008368716575205326, 0.001381459878757596}

const (
	// From this n down, eˣ is set to zero: it is about to be smaller than the smallest normal number.
	expLowest = -126
	log2e     = 1.4426950408889634
	// ln 2 as float32, and what that leaves out.
	ln2High = 0.693147182464599609375
	ln2Low  = 0.6931471805599453 - ln2High
)

// expOf is eˣ for x ≤ 0. NaN stays NaN.
func expOf(x []VecVirtual) []VecVirtual {
	r, n := splats(len(x), expLowest*ln2High), registers(len(x))
	for v := range x {
		VMAXPS(x[v], r[v], r[v])
		VMULPS(vector8(log2e), r[v], n[v])
		VROUNDPS(Imm(8 /* to nearest, quietly */), n[v], n[v])
	}
	for _, part := range []float64{ln2High, ln2Low} {
		for v := range x {
			VFNMADD231PS(vector8(part), n[v], r[v])
		}
	}
	e := polynomial(r, append([]float64{1, 1}, expC...))
	for v := range x {
		low := r[v] // no longer needed
		VCMPPS(Imm(2 /* less than or equal */), vector8(expLowest), n[v], low)
		VCVTPS2DQ(n[v], n[v])
		VPSLLD(Imm(23), n[v], n[v])
		VPADDD(n[v], e[v], e[v])
		VANDNPS(e[v], low, e[v])
	}
	return e
}
