// The product of a few rows with one packed panel, and its epilogue.

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// shape is a tile of the product: it fills the registers with sums and leaves the panel's vectors and one broadcast.
type shape struct{ rows, vectors int }

var (
	wide   = shape{rows: 6, vectors: 2}  // 12 sums: the usual one
	narrow = shape{rows: 12, vectors: 1} // for what is left of up to eight columns
)

func (s shape) width() int { return s.vectors * lanes }

func multiply() {
	for _, s := range []shape{wide, narrow} {
		function(fmt.Sprintf("multiplyPanel%d", s.width()),
			"(y, x, panel *float32, rows, k, ldy, ldx, columns int, bias, pre, slope, residual *float32, gelu int)",
			fmt.Sprintf("multiplyPanel%d multiplies x [rows,k] by a panel [k,%d] into %d or fewer columns of y.", s.width(), s.width(), s.width()))
		newTiles(s).write()
	}
}

// tiles is what one function keeps while it works: its registers, and what has no room there, in its frame.
type tiles struct {
	shape
	y, x, panel, rows, k, ldy, ldx Register // strides in bytes; y and x move on, rows counts down
	special, partial, gelu         Mem      // not 0 where tiles are spilled; where columns are missing; where GELU is wanted
	pre, slope, residual           Mem      // the epilogue's matrices, at the row that comes next, or nil
	left                           Register // rows of a spilled tile that are still to be finished
	sums, masks, start             Mem      // a tile; a mask for each vector; the bias that sums start from
}

func newTiles(s shape) *tiles {
	row := s.vectors * bytes
	t := &tiles{shape: s, left: GP64(), sums: AllocLocal(s.rows * row), masks: AllocLocal(row), start: AllocLocal(row)}
	for _, word := range []*Mem{&t.special, &t.partial, &t.gelu, &t.pre, &t.slope, &t.residual} {
		*word = AllocLocal(8)
	}
	t.epilogue()
	t.columns()
	t.y, t.x, t.panel = param("y"), param("x"), param("panel")
	t.rows, t.k, t.ldy, t.ldx = param("rows"), param("k"), param("ldy"), param("ldx")
	SHLQ(Imm(2), t.ldy)
	SHLQ(Imm(2), t.ldx)
	return t
}

// epilogue saves what is to be done to sums.
func (t *tiles) epilogue() {
	more := param("gelu")
	MOVQ(more, t.gelu)
	for name, to := range t.matrices {
		p := param(name)
		MOVQ(p, to)
		if name != "residual" { // which is added without a spill
			ORQ(p, more)
		}
	}
	MOVQ(more, t.special)
}

// matrices yields the epilogue's matrices, all of the shape of y.
func (t *tiles) matrices(yield func(string, Mem) bool) {
	_ = yield("pre", t.pre) && yield("slope", t.slope) && yield("residual", t.residual)
}

// columns saves the masks of the columns, and the bias, or zeros, that sums start from.
func (t *tiles) columns() {
	count, missing, most, bias := param("columns"), GP64(), GP64(), param("bias")
	MOVQ(I32(t.width()), missing)
	SUBQ(count, missing)
	MOVQ(missing, t.partial)
	ORQ(missing, t.special)
	MOVQ(I32(lanes), most)
	for v := range t.vectors {
		here := GP64()
		MOVQ(count, here)
		CMPQ(here, most)
		CMOVQGT(most, here)
		SUBQ(here, count)
		mask, start, label := maskOf(here), zero(), fmt.Sprintf("unbiased%d", v)
		VMOVUPS(mask, t.masks.Offset(v*bytes))
		TESTQ(bias, bias)
		JZ(LabelRef(label))
		VMASKMOVPS(at(bias, v*bytes), mask, start)
		Label(label)
		VMOVUPS(start, t.start.Offset(v*bytes))
	}
}

// write emits full tiles while there are rows for them, and then one of the rows that are left.
func (t *tiles) write() {
	Label("next")
	CMPQ(t.rows, I32(t.shape.rows))
	JL(LabelRef("rest"))
	t.tile(t.shape.rows)
	Label("rest")
	for r := t.shape.rows - 1; r > 0; r-- {
		CMPQ(t.rows, I32(r))
		JE(LabelRef(fmt.Sprintf("tile%d", r)))
	}
	finish()
	for r := t.shape.rows - 1; r > 0; r-- {
		Label(fmt.Sprintf("tile%d", r))
		t.tile(r)
	}
	t.finishTile()
}

// tile multiplies some rows, and goes on to the next.
func (t *tiles) tile(rows int) {
	sums := make([][]VecVirtual, rows)
	for r := range sums {
		for v := range t.vectors {
			sums[r] = append(sums[r], load(t.start.Offset(v*bytes), nil))
		}
	}
	t.sumOverK(rows, sums)
	SUBQ(I32(rows), t.rows)
	CMPQ(t.special, Imm(0))
	JNE(LabelRef(fmt.Sprintf("spill%d", rows)))
	t.with(fmt.Sprintf("residual%d", rows), t.residual, func(p Register) {
		for r := range sums {
			for v, sum := range sums[r] {
				VADDPS(at(p, v*bytes), sum, sum)
			}
			ADDQ(t.ldy, p)
		}
		MOVQ(p, t.residual)
	})
	for r := range sums {
		for v, sum := range sums[r] {
			VMOVUPS(sum, at(t.y, v*bytes))
		}
		ADDQ(t.ldy, t.y)
	}
	JMP(LabelRef("next"))
	Label(fmt.Sprintf("spill%d", rows))
	for r := range sums {
		for v, sum := range sums[r] {
			VMOVUPS(sum, t.sums.Offset((r*t.vectors+v)*bytes))
		}
	}
	MOVQ(I32(rows), t.left)
	JMP(LabelRef("finishTile"))
}

// sumOverK is the loop that everything else exists for. Each sum takes its products in ascending order of k.
func (t *tiles) sumOverK(rows int, sums [][]VecVirtual) {
	pointers := rowPointers(t.x, t.ldx, rows)
	panel, left := GP64(), GP64()
	MOVQ(t.panel, panel)
	MOVQ(t.k, left)
	step := func(k int) {
		var columns []VecVirtual
		for v := range t.vectors {
			columns = append(columns, load(at(panel, (k*t.vectors+v)*bytes), nil))
		}
		for r := range rows {
			x := YMM()
			VBROADCASTSS(inRow(pointers, t.ldx, r, 4*k), x)
			for v, c := range columns {
				VFMADD231PS(c, x, sums[r][v])
			}
		}
	}
	inTurns(fmt.Sprintf("k%d", rows), []int{4, 1}, 1, left, func(turn int) {
		for k := range turn {
			step(k)
		}
		for _, p := range pointers {
			ADDQ(I32(4*turn), p)
		}
		ADDQ(I32(turn*t.vectors*bytes), panel)
	})
	// x is now at the row after the tile's.
	for range rows {
		ADDQ(t.ldx, t.x)
	}
}

// finishTile applies the epilogue to the spilled tile, a row at a time, and goes on to the next.
func (t *tiles) finishTile() {
	Label("finishTile")
	sums := GP64()
	LEAQ(t.sums, sums)
	Label("row")
	t.finishRow(sums)
	ADDQ(I32(t.vectors*bytes), sums)
	ADDQ(t.ldy, t.y)
	for name, m := range t.matrices {
		t.with(name+"Row", m, func(Register) { ADDQ(t.ldy, m) })
	}
	DECQ(t.left)
	JNZ(LabelRef("row"))
	JMP(LabelRef("next"))
}

// finishRow applies the epilogue to one row of sums.
func (t *tiles) finishRow(sums Register) {
	v, masks := loads(at(sums, 0), t.vectors, nil), loads(t.masks, t.vectors, nil)
	in := func(p Register) []VecVirtual {
		var all []VecVirtual
		for i, mask := range masks {
			all = append(all, load(at(p, i*bytes), mask))
		}
		return all
	}
	t.with("pre", t.pre, func(p Register) { t.keep("pre", v, p, masks) })
	t.with("gelu", t.gelu, func(Register) {
		for i, y := range geluOf(v) {
			VMOVAPS(y, v[i])
		}
	})
	t.with("slope", t.slope, func(p Register) {
		for i, slope := range slopeOf(in(p)) {
			VMULPS(slope, v[i], v[i])
		}
	})
	t.with("residual", t.residual, func(p Register) {
		for i, r := range in(p) {
			VADDPS(r, v[i], v[i])
		}
	})
	t.keep("y", v, t.y, masks)
}

// with emits what is done only if the word in m, a pointer or a choice, is not zero.
func (t *tiles) with(label string, m Mem, do func(p Register)) {
	p := GP64()
	MOVQ(m, p)
	TESTQ(p, p)
	JZ(LabelRef(label + "Skip"))
	do(p)
	Label(label + "Skip")
}

// keep stores the columns that there are. Full stores have a branch of their own, since masked ones are slow.
func (t *tiles) keep(label string, values []VecVirtual, p Register, masks []VecVirtual) {
	CMPQ(t.partial, Imm(0))
	JNE(LabelRef(label + "Partial"))
	stores(values, at(p, 0), nil)
	JMP(LabelRef(label + "Stored"))
	Label(label + "Partial")
	for i, mask := range masks {
		store(values[i], at(p, i*bytes), mask)
	}
	Label(label + "Stored")
}
