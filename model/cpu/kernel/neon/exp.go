// The exponential of numbers that are not positive.

package main

// eˣ = 2ⁿ·eʳ with n = round(x/ln 2); eʳ is the polynomial of ../asm/exp.go, which says how it was fitted.
var expC = []float64{1, 1, 0.4999999403953552, 0.1666652113199234, 0.04166838899254799, 0.008368716575205326, 0.001381459878757596}

const (
	// From this n down, eˣ is set to zero: it is about to be smaller than the smallest normal number.
	expLowest = -126
	log2e     = 1.4426950408889634
	// ln 2 as float32, and what that leaves out.
	ln2High = 0.693147182464599609375
	ln2Low  = 0.6931471805599453 - ln2High
)

// exponential is its constants in registers.
type exponential struct {
	lowest, lowestN, log2e, high, low vector
	c                                 []vector
}

func (f *function) exponential() exponential {
	return exponential{f.constant(expLowest * ln2High), f.constant(expLowest), f.constant(log2e), f.constant(ln2High), f.constant(ln2Low), f.constants(expC)}
}

// of is eˣ for x ≤ 0. NaN stays NaN.
func (e exponential) of(f *function, x vector) vector {
	r, n, tiny := f.vector(), f.vector(), f.vector()
	f.do(fmax, r, x, e.lowest)
	f.do(fmul, n, r, e.log2e)
	f.do(frintn, n, n)
	f.do(fmls, r, n, e.high)
	f.do(fmls, r, n, e.low)
	y := f.polynomial(r, e.c)
	f.do(fcmge, tiny, e.lowestN, n)
	f.do(fcvtns, n, n)
	f.shiftLeft(n, n, 23)
	f.do(iadd, y, y, n)
	f.do(bic, y, y, tiny)
	return y
}
