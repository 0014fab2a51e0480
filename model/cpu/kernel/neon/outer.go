// Sums of outer products over rows: the gradient of a weight.

package main

func outer() []*function {
	f := declare("outerRows", "dw, x, dy []float32, l, k, lddw, ldx int", "",
		"adds xᵀ·dy to eight columns of dw, with dw [k,8] of stride lddw, x [l,k] of stride ldx and dy [l,8]; there are rows\nof x.")
	o := outerProduct{function: f, dw: f.slice("dw"), x: f.slice("x"), dy: f.slice("dy"), l: f.integer("l"),
		lddw: f.stride("lddw"), ldx: f.stride("ldx")}
	f.inTiles(f.integer("k"), o.tile)
	return []*function{f}
}

// outerProduct is what outerRows keeps: strides are in bytes; dw and x move on.
type outerProduct struct {
	*function
	dw, x, dy, l, lddw, ldx general
}

// tile sums some rows of dw over all rows of x and dy, in ascending order, and adds them.
func (o *outerProduct) tile(rows int) {
	sums := o.function.tile(rows)
	for _, row := range sums {
		o.clear(row[0])
		o.clear(row[1])
	}
	o.scope(func() {
		x, dy, left := o.copyOf(o.x), o.copyOf(o.dy), o.copyOf(o.l)
		o.countDown(left, func() {
			o.scope(func() {
				columns := [2]vector{o.vector(), o.vector()}
				o.loadPairNext(columns[0], columns[1], dy)
				entries := o.entries(x, rows)
				o.emit("ADD %v, %v, %v", o.ldx, x, x)
				for r, row := range sums {
					o.accumulate(row, columns, entries[r/lanes], r%lanes)
				}
			})
		})
	})
	o.emit("ADD $%d, %v, %v", 4*rows, o.x, o.x)
	o.scope(func() {
		to := o.copyOf(o.dw)
		o.add(sums, to, o.lddw)
	})
	o.store(sums, o.dw, o.lddw)
}

// entries reads eight floats of a row of x, or as few as there are.
func (o *outerProduct) entries(x general, n int) []vector {
	v := o.vector()
	switch n {
	case 8:
		w := o.vector()
		o.loadPair(v, w, x)
		return []vector{v, w}
	case 4:
		o.load(quad, v, x)
	case 2:
		o.load(double, v, x)
	case 1:
		o.load(single, v, x)
	}
	return []vector{v}
}
