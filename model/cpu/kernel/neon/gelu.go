// GELU and its slope.

package main

// The fits are those of ../asm/gelu.go, which says how they were made.
var (
	geluLimit = 5.5
	geluP     = []float64{0.398942232131958, 0.033835459500551224, 0.004676140379160643, 0.00016864009376149625,
		6.349892373691546e-06, 2.275729293899076e-08}
	geluQ = []float64{1, 0.2514788508415222, 0.02863585203886032, 0.001883409102447331, 7.358269795076922e-05, 1.197568280986161e-06}

	slopeLimit = 6.0
	slopeP     = []float64{0.7978845238685608, -0.022430570796132088, 0.013859675265848637, 0.00020163397130090743,
		3.409285636735149e-05, 9.193936989504436e-07, 1.7011432262847848e-08}
	slopeQ = []float64{1, 0.30522042512893677, 0.0441117100417614, 0.003968448843806982, 0.0002450401661917567,
		1.0294324056303594e-05, 3.3798272625062964e-07, 1.312945641096519e-09}
)

func gelu() []*function { return []*function{geluForward(), geluGrad()} }

// geluForward is zero from −5.5 down.
func geluForward() *function {
	f := declare("geluVector", "y, x []float32", "", "computes y = x·Φ(x).")
	y, x, cdf := f.slice("y"), f.slice("x"), f.quotient(geluLimit, geluP, geluQ)
	f.each(f.length("x"), once, func(_ int, p part) {
		in := p.next(x)
		out, low := cdf.of(f, in), p.vector()
		p.do(fmul, out, out, in)
		p.do(fcmgt, low, cdf.lowest, in)
		p.do(bic, out, out, low)
		p.put(out, y)
	})
	return f
}

func geluGrad() *function {
	f := declare("geluGradVector", "dx, dy, x []float32", "", "computes dx = dy·(Φ(x) + x·φ(x)).")
	dx, dy, x, slope := f.slice("dx"), f.slice("dy"), f.slice("x"), f.quotient(slopeLimit, slopeP, slopeQ)
	f.each(f.length("x"), once, func(_ int, p part) {
		out, d := slope.of(f, p.next(x)), p.next(dy)
		p.do(fmul, out, out, d)
		p.put(out, dx)
	})
	return f
}

// quotient is the function 1/2 + c·P(c²)/Q(c²) with c = x held within ±limit.
type quotient struct {
	lowest, highest, half vector
	p, q                  []vector
}

func (f *function) quotient(limit float64, p, q []float64) quotient {
	return quotient{f.constant(-limit), f.constant(limit), f.constant(0.5), f.constants(p), f.constants(q)}
}

// of computes it. NaN stays NaN.
func (q quotient) of(f *function, x vector) vector {
	c, z, out := f.vector(), f.vector(), f.vector()
	f.do(fmin, c, x, q.highest)
	f.do(fmax, c, c, q.lowest)
	f.do(fmul, z, c, c)
	above, below := f.polynomial(z, q.p), f.polynomial(z, q.q)
	f.do(fdiv, above, above, below)
	f.move(out, q.half)
	f.do(fmla, out, above, c)
	return out
}
