// Layer normalisation, forward and backward.

package main

func layerNorm() []*function { return []*function{layerNormForward(), layerNormBackward()} }

// count is a whole number as a float, in all lanes.
func (f *function) count(n general) vector {
	v := f.vector()
	f.emit("SCVTFS %v, F%d", n, v)
	f.splat(v, v)
	return v
}

func layerNormForward() *function {
	f := declare("layerNormRows", "y, stats, x, gamma, beta []float32, rows, width int, eps float32", "",
		"computes y = (x−mean)·inverse·gamma + beta; there are rows, and columns.")
	y, stats, x, gamma, beta := f.slice("y"), f.slice("stats"), f.slice("x"), f.slice("gamma"), f.slice("beta")
	rows, width, eps, one := f.integer("rows"), f.integer("width"), f.float("eps"), f.constant(1)
	columns := f.count(width)
	f.countDown(rows, func() {
		f.scope(func() {
			mean, inverse := f.moments(x, width, columns)
			f.do(fadd, inverse, inverse, eps)
			f.do(fsqrt, inverse, inverse)
			f.do(fdiv, inverse, one, inverse)
			f.storeNext(single, mean, stats)
			f.storeNext(single, inverse, stats)
			g, b := f.copyOf(gamma), f.copyOf(beta)
			f.each(width, once, func(_ int, p part) {
				normal, weight, bias := p.normal(x, mean, inverse), p.next(g), p.next(b)
				p.do(fmul, normal, normal, weight)
				p.do(fadd, normal, normal, bias)
				p.put(normal, y)
			})
		})
	})
	return f
}

// moments are the mean and the variance of a row.
func (f *function) moments(x, width general, columns vector) (mean, variance vector) {
	sums, squares := f.zeros(4), f.zeros(4)
	from := f.copyOf(x)
	f.each(width, fourfold, func(v int, p part) { p.do(fadd, sums[v], sums[v], p.next(from)) })
	mean = f.total(sums)
	f.do(fdiv, mean, mean, columns)
	f.emit("MOVD %v, %v", x, from)
	f.each(width, fourfold, func(v int, p part) {
		d := p.next(from)
		p.do(fsub, d, d, mean)
		p.trim(d)
		p.do(fmla, squares[v], d, d)
	})
	variance = f.total(squares)
	f.do(fdiv, variance, variance, columns)
	return mean, variance
}

// normal is (x−mean)·inverse.
func (p part) normal(x general, mean, inverse vector) vector {
	v := p.next(x)
	p.do(fsub, v, v, mean)
	p.do(fmul, v, v, inverse)
	return v
}

// layerNormBackward goes over a row once for the sums, and once more for dx.
func layerNormBackward() *function {
	f := declare("layerNormGradRows", "dx, dgamma, dbeta, dy, x, stats, gamma []float32, rows, width, accumulate int", "",
		"adds to dgamma and dbeta, and sets dx or adds to it, unless it is nil; there are rows, and columns.")
	b := backward{function: f, dx: f.slice("dx"), dgamma: f.slice("dgamma"), dbeta: f.slice("dbeta"), dy: f.slice("dy"),
		x: f.slice("x"), gamma: f.slice("gamma"), width: f.integer("width")}
	stats, rows, accumulate := f.slice("stats"), f.integer("rows"), f.integer("accumulate")
	columns := f.count(b.width)
	b.mean, b.inverse = f.vector(), f.vector()
	f.countDown(rows, func() {
		next, add, set := f.label("next"), f.label("add"), f.label("set")
		f.repeatNext(b.mean, stats)
		f.repeatNext(b.inverse, stats)
		f.scope(func() {
			x, dy := f.copyOf(b.x), f.copyOf(b.dy)
			b.sums()
			f.do(fdiv, b.sum, b.sum, columns)
			f.do(fdiv, b.along, b.along, columns)
			f.emit("CBZ %v, %s", b.dx, next)
			f.emit("MOVD %v, %v", x, b.x)
			f.emit("MOVD %v, %v", dy, b.dy)
			f.emit("CBNZ %v, %s", accumulate, add)
			b.inputGrad(false)
			f.emit("B %s", set)
			f.here(add)
			b.inputGrad(true)
			f.here(set)
		})
		f.here(next)
	})
	return f
}

// backward is the registers of layerNormBackward: dx, dy and x move on.
type backward struct {
	*function
	dx, dgamma, dbeta, dy, x, gamma, width general
	mean, inverse                          vector
	sum, along                             vector // Σ dy·gamma and Σ dy·gamma·x̂ of a row
}

// sums goes over a row for its share in the parameters' gradients.
func (b *backward) sums() {
	sum, along := b.zeros(1), b.zeros(1)
	gamma, dgamma, dbeta := b.copyOf(b.gamma), b.copyOf(b.dgamma), b.copyOf(b.dbeta)
	b.each(b.width, once, func(_ int, p part) {
		normal, d, a := p.normal(b.x, b.mean, b.inverse), p.next(b.dy), p.next(gamma)
		p.do(fmul, a, a, d)
		p.do(fadd, sum[0], sum[0], a)
		p.do(fmla, along[0], a, normal)
		g := p.peek(dgamma)
		p.do(fmla, g, d, normal)
		p.put(g, dgamma)
		g = p.peek(dbeta)
		p.do(fadd, g, g, d)
		p.put(g, dbeta)
	})
	b.sum, b.along = b.total(sum), b.total(along)
}

// inputGrad is inverse·(dy·gamma − mean(a) − x̂·mean(a·x̂)).
func (b *backward) inputGrad(accumulate bool) {
	gamma := b.copyOf(b.gamma)
	b.each(b.width, once, func(_ int, p part) {
		normal, d, g := p.normal(b.x, b.mean, b.inverse), p.next(b.dy), p.next(gamma)
		p.do(fmul, d, d, g)
		p.do(fsub, d, d, b.sum)
		p.do(fmls, d, normal, b.along)
		p.do(fmul, d, d, b.inverse)
		if accumulate {
			p.do(fadd, d, d, p.peek(b.dx))
		}
		p.put(d, b.dx)
	})
}
