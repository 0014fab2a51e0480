// A tile of sums in registers: what the product and the outer product share.

package main

// tileRows are the rows of a tile, from the most on. With two vectors of columns, eight rows are sixteen sums: enough
// for four units with a latency of four cycles, which no arm64 processor exceeds.
var tileRows = []int{8, 4, 2, 1}

// tile is the sums of some rows, eight columns each.
type tile [][2]vector

func (f *function) tile(rows int) (t tile) {
	for range rows {
		t = append(t, [2]vector{f.vector(), f.vector()})
	}
	return t
}

// inTiles emits tiles of eight rows while there are as many, then smaller ones for the rest.
func (f *function) inTiles(left general, body func(rows int)) {
	for _, rows := range tileRows {
		again, done := f.label("tile"), f.label("tiled")
		f.here(again)
		f.emit("CMP $%d, %v", rows, left)
		f.emit("BLT %s", done)
		f.scope(func() { body(rows) })
		f.emit("SUB $%d, %v, %v", rows, left, left)
		f.emit("B %s", again)
		f.here(done)
	}
}

// accumulate adds the outer product of eight columns and the given lane of x to a row of sums.
func (f *function) accumulate(row, columns [2]vector, x vector, lane int) {
	f.lane(row[0], columns[0], x, lane)
	f.lane(row[1], columns[1], x, lane)
}

// add adds the rows at p, which moves on to the row after them.
func (f *function) add(t tile, p, ld general) {
	f.scope(func() {
		a, b := f.vector(), f.vector()
		for _, row := range t {
			f.loadPair(a, b, p)
			f.do(fadd, row[0], row[0], a)
			f.do(fadd, row[1], row[1], b)
			f.emit("ADD %v, %v, %v", ld, p, p)
		}
	})
}

// store writes the rows to p, which moves on to the row after them.
func (f *function) store(t tile, p, ld general) {
	for _, row := range t {
		f.storePair(row[0], row[1], p)
		f.emit("ADD %v, %v, %v", ld, p, p)
	}
}
