// The product of rows with a packed panel.

package main

func multiply() []*function {
	f := declare("multiplyRows", "y, x, panel, start, residual []float32, rows, k, ldy, ldx int", "",
		"computes eight columns of y = start + x·panel + residual, with y and residual [rows,8] of stride ldy, x [rows,k] of\nstride ldx, panel [k,8] and start [8]. A nil residual is left out. residual may be y.")
	m := product{function: f, y: f.slice("y"), x: f.slice("x"), panel: f.slice("panel"), start: f.slice("start"), residual: f.slice("residual"),
		k: f.integer("k"), ldy: f.stride("ldy"), ldx: f.stride("ldx")}
	f.inTiles(f.integer("rows"), m.tile)
	return []*function{f}
}

// product is what multiplyRows keeps: strides are in bytes; y, x and residual move on.
type product struct {
	*function
	y, x, panel, start, residual, k, ldy, ldx general
}

func (m *product) tile(rows int) {
	sums, skip := m.function.tile(rows), m.label("skip")
	for _, row := range sums {
		m.loadPair(row[0], row[1], m.start)
	}
	m.scope(func() { m.sum(sums) })
	m.emit("CBZ %v, %s", m.residual, skip)
	m.add(sums, m.residual, m.ldy)
	m.here(skip)
	m.store(sums, m.y, m.ldy)
}

// sum is the loop that everything else exists for: four floats of each row a turn. Each sum takes its products in
// ascending order of k.
func (m *product) sum(sums tile) {
	var rows []general
	for range sums {
		rows = append(rows, m.copyOf(m.x))
		m.emit("ADD %v, %v, %v", m.ldx, m.x, m.x)
	}
	panel, left, done := m.copyOf(m.panel), m.copyOf(m.k), m.label("summed")
	x := m.several(len(sums))
	step := func(s size) {
		for r := range sums {
			m.loadNext(s, x[r], rows[r])
		}
		for lane := range s.bytes / 4 {
			m.scope(func() {
				columns := [2]vector{m.vector(), m.vector()}
				m.loadPairNext(columns[0], columns[1], panel)
				for r, row := range sums {
					m.accumulate(row, columns, x[r], lane)
				}
			})
		}
	}
	m.inTurns(once, lanes, left, func(int) { step(quad) })
	m.emit("CBZ %v, %s", left, done)
	m.countDown(left, func() { step(single) })
	m.here(done)
}
