// GELU and its slope.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Φ(x) = 1/2 + x·P(x²)/Q(x²). The quotient approximates erf(x/√2)/(2x) for |x| ≤ 5.5, where Φ is within 7.3e-9 of it. The
// coefficients are our own fit: a linearised rational least-squares fit at 3,000 Chebyshev points in x², weighted by x+0.02 and
// reweighted by Lawson's method until the largest error was smallest; then rounded to float32. All are positive, so
// that nothing cancels.
var (
	geluLimit = 5.5
	geluP     = []float64{0.398942232131958, 0.033835459500551224, 0.004676140379160643, 0.00016864009376149625,
		6.349892373691546e-06, 2.275729293899076e-08}
	geluQ = []float64{1, 0.2514788508415222, 0.02863585203886032, 0.001883409102447331, 7.358269795076922e-05, 1.197568280986161e-06}
)

// Φ(x) + x·φ(x) = 1/2 + x·P(x²)/Q(x²) for |x| ≤ 6, fitted likewise, to within 3.9e-9. It is an odd function but for the
// half, so that it needs no exponential.
var (
	slopeLimit = 6.0
	slopeP     = []float64{0.7978845238685608, -0.022430570796132088, 0.013859675265848637, 0.00020163397130090743,
		3.409285636735149e-05, 9.193936989504436e-07, 1.7011432262847848e-08}
	slopeQ = []float64{1, 0.30522042512893677, 0.0441117100417614, 0.003968448843806982, 0.0002450401661917567,
		1.0294324056303594e-05, 3.3798272625062964e-07, 1.312945641096519e-09}
)

// geluTurns are the vectors that take turns: as many as the registers hold.
var geluTurns = []int{3, 1}

func gelu() {
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
}

// halfAndOdd is 1/2 + c·P(c²)/Q(c²) with c = x held within ±limit. NaN stays NaN, because MINPS and MAXPS return their
// second source when either is.
func halfAndOdd(x []VecVirtual, limit float64, p, q []float64) []VecVirtual {
	c, z, low := splats(len(x), limit), registers(len(x)), splat(-limit)
	for v := range x {
		VMINPS(x[v], c[v], c[v])
		VMAXPS(c[v], low, c[v])
		VMULPS(c[v], c[v], z[v])
	}
	above, below := quotient(z, p, q)
	for v := range x {
		VDIVPS(below[v], above[v], above[v])
		VFMADD213PS(vector8(0.5), above[v], c[v])
	}
	return c
}

// quotient evaluates both polynomials, in turns.
func quotient(z []VecVirtual, p, q []float64) (above, below []VecVirtual) {
	above, below = splats(len(z), p[len(p)-1]), splats(len(z), q[len(q)-1])
	for i := max(len(p), len(q)) - 2; i >= 0; i-- {
		if i < len(p)-1 {
			horner(above, z, p[i])
		}
		if i < len(q)-1 {
			horner(below, z, q[i])
		}
	}
	return above, below
}

// geluOf is x·Φ(x), and zero from −5.5 down.
func geluOf(x []VecVirtual) []VecVirtual {
	y := halfAndOdd(x, geluLimit, geluP, geluQ)
	for v := range x {
		low := YMM()
		VMULPS(x[v], y[v], y[v])
		VCMPPS(Imm(1 /* less than */), vector8(-geluLimit), x[v], low)
		VANDNPS(y[v], low, y[v])
	}
	return y
}

// slopeOf is Φ(x) + x·φ(x).
func slopeOf(x []VecVirtual) []VecVirtual { return halfAndOdd(x, slopeLimit, slopeP, slopeQ) }
