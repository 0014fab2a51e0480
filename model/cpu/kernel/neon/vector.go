// Plain arithmetic on vectors.

package main

func vectors() []*function { return []*function{add(), addScaled(), scale(), dot(), sumSquares()} }

func add() *function {
	f := declare("addVector", "dst, src []float32", "", "computes dst += src.")
	dst, src := f.slice("dst"), f.slice("src")
	f.each(f.length("src"), fourfold, func(_ int, p part) {
		sum, x := p.peek(dst), p.next(src)
		p.do(fadd, sum, sum, x)
		p.put(sum, dst)
	})
	return f
}

func addScaled() *function {
	f := declare("addScaledVector", "dst, src []float32, s float32", "", "computes dst += s·src.")
	dst, src, s := f.slice("dst"), f.slice("src"), f.float("s")
	f.each(f.length("src"), fourfold, func(_ int, p part) {
		sum, x := p.peek(dst), p.next(src)
		p.do(fmla, sum, x, s)
		p.put(sum, dst)
	})
	return f
}

func scale() *function {
	f := declare("scaleVector", "x []float32, s float32", "", "computes x *= s.")
	x, s := f.slice("x"), f.float("s")
	f.each(f.length("x"), fourfold, func(_ int, p part) {
		v := p.peek(x)
		p.do(fmul, v, v, s)
		p.put(v, x)
	})
	return f
}

func dot() *function {
	f := declare("dotVector", "a, b []float32", "float32", "is Σ a·b.")
	a, b, sums := f.slice("a"), f.slice("b"), f.zeros(4)
	f.each(f.length("a"), fourfold, func(v int, p part) {
		p.do(fmla, sums[v], p.next(a), p.next(b))
	})
	f.give("ret", "FMOVS", f.total(sums))
	return f
}

// sumSquares adds up in float64, whose 53 bits leave no rounding to speak of.
func sumSquares() *function {
	f := declare("sumSquaresVector", "x []float32", "float64", "is Σ x².")
	x, sums := f.slice("x"), f.zeros(8)
	f.each(f.length("x"), fourfold, func(v int, p part) {
		in, low, high := p.next(x), p.vector(), p.vector()
		p.do(fcvtl, low, in)
		p.do(fcvtl2, high, in)
		p.do(fmla64, sums[2*v], low, low)
		p.do(fmla64, sums[2*v+1], high, high)
	})
	for n := 4; n > 0; n /= 2 {
		for i := range n {
			f.do(fadd64, sums[i], sums[i], sums[n+i])
		}
	}
	f.do(faddp64, sums[0], sums[0])
	f.give("ret", "FMOVD", sums[0])
	return f
}
