// Loops over vectors, and what is done across the lanes of one.

package main

const lanes = 4 // floats of a register

// once and fourfold are the vectors of a turn of a loop, from the most on. Four are for sums, whose additions would wait
// for each other.
var (
	once     = []int{1}
	fourfold = []int{4, 1}
)

// part is what a turn of a loop works on: a whole vector, or one float of the last few. The instructions are the same,
// so that a float's bits don't depend on where it stands; of one float, the lanes past the first hold what is not used.
type part struct {
	*function
	size size
}

// each emits a loop over n floats. Body is called for each vector of a turn, counted by v; every pointer that it uses
// must have been moved on by its end. n is kept.
func (f *function) each(n general, turns []int, body func(v int, p part)) {
	f.scope(func() {
		left, end := f.general(), f.label("end")
		f.emit("MOVD %v, %v", n, left)
		f.inTurns(turns, lanes, left, func(turn int) {
			for v := range turn {
				f.scope(func() { body(v, part{f, quad}) })
			}
		})
		f.emit("CBZ %v, %s", left, end)
		f.countDown(left, func() { f.scope(func() { body(0, part{f, single}) }) })
		f.here(end)
	})
}

// inTurns emits loops that take turns of several units from left, then smaller ones, and leave what is less than the
// last turn.
func (f *function) inTurns(turns []int, unit int, left general, body func(turn int)) {
	for _, turn := range turns {
		again, done := f.label("turn"), f.label("turned")
		f.emit("SUBS $%d, %v, %v", turn*unit, left, left)
		f.emit("BLT %s", done)
		f.here(again)
		body(turn)
		f.emit("SUBS $%d, %v, %v", turn*unit, left, left)
		f.emit("BGE %s", again)
		f.here(done)
		f.emit("ADD $%d, %v, %v", turn*unit, left, left)
	}
}

// countDown repeats body until left, which isn't zero, is.
func (f *function) countDown(left general, body func()) {
	again := f.label("again")
	f.here(again)
	body()
	f.emit("SUBS $1, %v, %v", left, left)
	f.emit("BNE %s", again)
}

// next reads what the turn works on, and moves on.
func (p part) next(from general) vector {
	v := p.vector()
	p.loadNext(p.size, v, from)
	return v
}

// peek reads it, and stays.
func (p part) peek(from general) vector {
	v := p.vector()
	p.load(p.size, v, from)
	return v
}

// put writes it, and moves on.
func (p part) put(v vector, to general) { p.storeNext(p.size, v, to) }

// trim clears the lanes that are not used.
func (p part) trim(v vector) {
	if p.size == single {
		p.do(fmov, v, v)
	}
}

// fill copies the float to the lanes that are not used.
func (p part) fill(v vector) {
	if p.size == single {
		p.splat(v, v)
	}
}

// fold combines the lanes of v pairwise, into all of its lanes.
func (f *function) fold(pairwise instruction, v vector) {
	f.do(pairwise, v, v, v)
	f.do(pairwise, v, v, v)
}

// zeros is a number of registers of zeros.
func (f *function) zeros(n int) []vector {
	all := f.several(n)
	for _, v := range all {
		f.clear(v)
	}
	return all
}

// total adds up one register or four, lanes and all, into every lane of the first.
func (f *function) total(sums []vector) vector {
	for n := len(sums) / 2; n > 0; n /= 2 {
		for i := range n {
			f.do(fadd, sums[i], sums[i], sums[n+i])
		}
	}
	f.fold(faddp, sums[0])
	return sums[0]
}

// polynomial is c[0] + c[1]·z + …, by Horner's rule.
func (f *function) polynomial(z vector, c []vector) vector {
	sum, next := f.vector(), f.vector()
	f.move(sum, c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		f.move(next, c[i])
		f.do(fmla, next, sum, z)
		sum, next = next, sum
	}
	return sum
}

// copyOf is an address to move on, without losing where it began.
func (f *function) copyOf(p general) general {
	r := f.general()
	f.emit("MOVD %v, %v", p, r)
	return r
}
