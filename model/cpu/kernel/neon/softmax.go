// Softmax of rows, and its gradient.

package main

func softmax() []*function { return []*function{softmaxRows(), softmaxGradRows()} }

// softmaxRows subtracts the largest of a row first, so that no exponential overflows.
func softmaxRows() *function {
	f := declare("softmaxRows", "y, x []float32, rows, n, ld int", "largest, sum float32",
		"computes y = softmax(x) for rows of n floats, ld apart; there are rows of both. It returns the largest x and\nΣexp(x−largest) of the last row. y may be x.")
	y, x, rows, n, ld := f.slice("y"), f.slice("x"), f.integer("rows"), f.integer("n"), f.stride("ld")
	e, one := f.exponential(), f.constant(1)
	f.countDown(rows, func() {
		f.scope(func() {
			largest := f.largest(x, n)
			sum := f.exponentials(e, y, x, n, largest)
			f.give("largest", "FMOVS", largest)
			f.give("sum", "FMOVS", sum)
			f.do(fdiv, sum, one, sum)
			to := f.copyOf(y)
			f.each(n, once, func(_ int, p part) {
				v := p.peek(to)
				p.do(fmul, v, v, sum)
				p.put(v, to)
			})
		})
		f.emit("ADD %v, %v, %v", ld, x, x)
		f.emit("ADD %v, %v, %v", ld, y, y)
	})
	return f
}

// largest is the largest of n floats, in all lanes: NaN if one of them is.
func (f *function) largest(x, n general) vector {
	most, from := f.vector(), f.copyOf(x)
	f.load(single, most, from)
	f.splat(most, most)
	f.each(n, once, func(_ int, p part) {
		v := p.next(from)
		p.fill(v)
		p.do(fmax, most, most, v)
	})
	f.fold(fmaxp, most)
	return most
}

// exponentials is y = exp(x−largest), and the sum of it.
func (f *function) exponentials(e exponential, y, x, n general, largest vector) vector {
	sum, from, to := f.zeros(1), f.copyOf(x), f.copyOf(y)
	f.each(n, once, func(_ int, p part) {
		away := p.next(from)
		p.do(fsub, away, away, largest)
		v := e.of(f, away)
		p.trim(v)
		p.do(fadd, sum[0], sum[0], v)
		p.put(v, to)
	})
	return f.total(sum)
}

func softmaxGradRows() *function {
	f := declare("softmaxGradRows", "dp, p []float32, rows, n, ld int, scale float32", "",
		"replaces dp by scale·p·(dp − Σ p·dp), for rows of n floats, ld apart; there are rows of both.")
	dp, p, rows, n, ld, scale := f.slice("dp"), f.slice("p"), f.integer("rows"), f.integer("n"), f.stride("ld"), f.float("scale")
	f.countDown(rows, func() {
		f.scope(func() {
			sums, d, q := f.zeros(4), f.copyOf(dp), f.copyOf(p)
			f.each(n, fourfold, func(v int, p part) { p.do(fmla, sums[v], p.next(d), p.next(q)) })
			sum := f.total(sums)
			f.emit("MOVD %v, %v", dp, d)
			f.emit("MOVD %v, %v", p, q)
			f.each(n, once, func(_ int, p part) {
				v, weight := p.peek(d), p.next(q)
				p.do(fsub, v, v, sum)
				p.do(fmul, v, v, weight)
				p.do(fmul, v, v, scale)
				p.put(v, d)
			})
		})
		f.emit("ADD %v, %v, %v", ld, dp, dp)
		f.emit("ADD %v, %v, %v", ld, p, p)
	})
	return f
}
