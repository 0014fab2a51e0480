// Sums over rows: the gradients of a weight and a bias.

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// strip is a number of neighbouring columns of the result. The last vector of a masked one is partial.
type strip struct {
	shape
	masked bool
}

func outer() {
	for name, s := range strips {
		function(name, "(dw, x, dy *float32, l, k, lddw, ldx, lddy, columns int)",
			fmt.Sprintf("%s adds xᵀ·dy to columns of dw, with x [l,k] and %s of dy.", name, s))
		s.write()
	}
	columnSums()
}

// strips yields the functions to write.
func strips(yield func(string, strip) bool) {
	_ = yield("outer16", strip{shape: wide}) && yield("outer16Partial", strip{shape: wide, masked: true}) &&
		yield("outer8", strip{shape: narrow, masked: true})
}

func (s strip) String() string {
	if !s.masked {
		return fmt.Sprintf("%d columns", s.width())
	}
	return fmt.Sprintf("%d to %d columns", s.width()-lanes+1, s.width())
}

// products is what one function keeps while it works: strides are in bytes, dw and x move on, k counts down.
type products struct {
	strip
	dw, x, dy, l, k, lddw, ldx, lddy Register
	mask                             Op // of the last vector, nil if all of it is there
}

func (s strip) write() {
	p := products{strip: s}
	if s.masked {
		last := param("columns")
		SUBQ(I32(s.width()-lanes), last)
		p.mask = maskOf(last)
	}
	p.dw, p.x, p.dy = param("dw"), param("x"), param("dy")
	p.l, p.k, p.lddw, p.ldx, p.lddy = param("l"), param("k"), param("lddw"), param("ldx"), param("lddy")
	for _, stride := range []Register{p.lddw, p.ldx, p.lddy} {
		SHLQ(Imm(2), stride)
	}
	Label("next")
	CMPQ(p.k, I32(s.rows))
	JL(LabelRef("rest"))
	p.tile(s.rows)
	JMP(LabelRef("next"))
	Label("rest")
	for r := s.rows - 1; r > 0; r-- {
		CMPQ(p.k, I32(r))
		JE(LabelRef(fmt.Sprintf("tile%d", r)))
	}
	Label("done")
	finish()
	for r := s.rows - 1; r > 0; r-- {
		Label(fmt.Sprintf("tile%d", r))
		p.tile(r)
		JMP(LabelRef("done"))
	}
}

// maskFor is the mask of vector v.
func (p *products) maskFor(v int) Op {
	if v == p.vectors-1 {
		return p.mask
	}
	return nil
}

// tile sums some rows of dw over all l rows of x and dy, in ascending order, and goes on to the next.
func (p *products) tile(rows int) {
	sums := make([][]VecVirtual, rows)
	for r := range sums {
		for range p.vectors {
			sums[r] = append(sums[r], zero())
		}
	}
	x, dy, left, label := GP64(), GP64(), GP64(), fmt.Sprintf("l%d", rows)
	MOVQ(p.x, x)
	MOVQ(p.dy, dy)
	MOVQ(p.l, left)
	p.prefetch(rows)
	Label(label)
	var columns []VecVirtual
	for v := range p.vectors {
		columns = append(columns, load(at(dy, v*bytes), p.maskFor(v)))
	}
	for r := range rows {
		b := YMM()
		VBROADCASTSS(at(x, 4*r), b)
		for v, c := range columns {
			VFMADD231PS(c, b, sums[r][v])
		}
	}
	ADDQ(p.ldx, x)
	ADDQ(p.lddy, dy)
	DECQ(left)
	JNZ(LabelRef(label))
	for r := range rows {
		for v, sum := range sums[r] {
			to := at(p.dw, v*bytes)
			VADDPS(load(to, p.maskFor(v)), sum, sum)
			store(sum, to, p.maskFor(v))
		}
		ADDQ(p.lddw, p.dw)
	}
	ADDQ(I32(4*rows), p.x)
	SUBQ(I32(rows), p.k)
}

// prefetch asks for the tile's lines of dw, which are far away, while the sums are made.
func (p *products) prefetch(rows int) {
	to := GP64()
	MOVQ(p.dw, to)
	for range rows {
		PREFETCHT0(at(to, 0))
		ADDQ(p.lddw, to)
	}
}

// columnSums goes down the rows for each run of columns, so that the sums stay in registers.
func columnSums() {
	function("columnSums", "(db, dy *float32, l, n int)", "columnSums adds the sums of the columns of dy [l,n] to db, for any l but zero.")
	db, dy, l, n := param("db"), param("dy"), param("l"), param("n")
	left, row, rows, ld := GP64(), GP64(), GP64(), GP64()
	MOVQ(n, left)
	MOVQ(n, ld)
	SHLQ(Imm(2), ld)
	run := func(label string, vectors int, mask Op) {
		sums := zeros(vectors)
		MOVQ(dy, row)
		MOVQ(l, rows)
		Label(label)
		for v, sum := range sums {
			VADDPS(load(at(row, v*bytes), mask), sum, sum)
		}
		ADDQ(ld, row)
		DECQ(rows)
		JNZ(LabelRef(label))
		for v, sum := range sums {
			VADDPS(load(at(db, v*bytes), mask), sum, sum)
			store(sum, at(db, v*bytes), mask)
		}
		ADDQ(I32(vectors*bytes), db)
		ADDQ(I32(vectors*bytes), dy)
	}
	Label("wide")
	CMPQ(left, Imm(4*lanes))
	JL(LabelRef("narrow"))
	run("wideRows", 4, nil)
	SUBQ(Imm(4*lanes), left)
	JMP(LabelRef("wide"))
	Label("narrow")
	CMPQ(left, Imm(lanes))
	JL(LabelRef("last"))
	run("narrowRows", 1, nil)
	SUBQ(Imm(lanes), left)
	JMP(LabelRef("narrow"))
	Label("last")
	TESTQ(left, left)
	JZ(LabelRef("done"))
	run("lastRows", 1, maskOf(left))
	Label("done")
	finish()
}
