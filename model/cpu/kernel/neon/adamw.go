// The optimiser's step.

package main

func adamW() []*function {
	f := declare("adamWVector", "w, g, m, v, constants []float32", "",
		"takes a step; the constants are in the order of adamWNEON.")
	w, g, m, v, constants := f.slice("w"), f.slice("g"), f.slice("m"), f.slice("v"), f.slice("constants")
	c := f.several(9)
	for _, to := range c {
		f.repeatNext(to, constants)
	}
	scale, beta1, rest1, beta2, rest2, inverse2, epsilon, rate, shrinkage := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
	f.each(f.length("g"), once, func(_ int, p part) {
		gradient, first, second, weight := p.next(g), p.peek(m), p.peek(v), p.peek(w)
		p.do(fmul, gradient, gradient, scale)
		p.do(fmul, first, first, beta1)
		p.do(fmla, first, gradient, rest1)
		p.put(first, m)
		p.do(fmul, second, second, beta2)
		p.do(fmul, gradient, gradient, gradient)
		p.do(fmla, second, gradient, rest2)
		p.put(second, v)
		p.do(fmul, second, second, inverse2)
		p.do(fsqrt, second, second)
		p.do(fadd, second, second, epsilon)
		p.do(fmul, first, first, rate)
		p.do(fdiv, first, first, second)
		p.do(fmls, weight, weight, shrinkage)
		p.do(fsub, weight, weight, first)
		p.put(weight, w)
	})
	return []*function{f}
}
