// Laying matrices out in panels.

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func pack() {
	for _, vectors := range []int{2, 1} {
		packRows(vectors)
	}
	packTransposed()
}

// packRows copies rows of up to 8 or 16 columns, and fills up with zeros.
func packRows(vectors int) {
	width := vectors * lanes
	function(fmt.Sprintf("packRows%d", width), "(dst, src *float32, k, ld, columns int)",
		fmt.Sprintf("packRows%d copies src [k,columns], of stride ld, to dst [k,%d], with zeros past the columns.", width, width))
	last := param("columns")
	SUBQ(I32(width-lanes), last)
	mask := maskOf(last)
	dst, src, k, ld := param("dst"), param("src"), param("k"), param("ld")
	SHLQ(Imm(2), ld)
	Label("row")
	for v := range vectors {
		var partial Op
		if v == vectors-1 {
			partial = mask
		}
		VMOVUPS(load(at(src, v*bytes), partial), at(dst, v*bytes))
	}
	ADDQ(ld, src)
	ADDQ(I32(width*4), dst)
	DECQ(k)
	JNZ(LabelRef("row"))
	finish()
}

// packTransposed transposes blocks of 8×8 in registers.
func packTransposed() {
	function("packTransposed8", "(dst, src *float32, k, ldsrc, lddst, columns int, scale float32)",
		"packTransposed8 writes scale·srcᵀ, with src [columns,k], to dst [k,8], with zeros past the columns.")
	factor := AllocLocal(bytes)
	VMOVUPS(broadcast("scale"), factor)
	columns, dst, k, ld, lddst := param("columns"), param("dst"), param("k"), param("ldsrc"), param("lddst")
	SHLQ(Imm(2), ld)
	SHLQ(Imm(2), lddst)
	src := rowPointers(param("src"), ld, lanes)
	Label("block")
	here, most := GP64(), GP64()
	MOVQ(I32(lanes), most)
	MOVQ(k, here)
	CMPQ(here, most)
	CMOVQGT(most, here)
	mask := maskOf(here)
	rows := make([]VecVirtual, lanes)
	for r := range rows {
		missing := fmt.Sprintf("missing%d", r)
		rows[r] = zero()
		CMPQ(columns, I32(r))
		JLE(LabelRef(missing))
		VMASKMOVPS(inRow(src, ld, r, 0), mask, rows[r])
		VMULPS(factor, rows[r], rows[r])
		Label(missing)
	}
	for r, v := range transpose(rows) {
		CMPQ(here, I32(r))
		JLE(LabelRef("stored"))
		VMOVUPS(v, at(dst, 0))
		ADDQ(lddst, dst)
	}
	Label("stored")
	for _, p := range src {
		ADDQ(I32(bytes), p)
	}
	SUBQ(I32(lanes), k)
	JG(LabelRef("block"))
	finish()
}

// transpose turns eight rows into eight columns: pairs, then fours, then halves.
func transpose(r []VecVirtual) []VecVirtual {
	pairs, fours, out := make([]VecVirtual, lanes), make([]VecVirtual, lanes), make([]VecVirtual, lanes)
	for i := 0; i < lanes; i += 2 {
		pairs[i], pairs[i+1] = YMM(), YMM()
		VUNPCKLPS(r[i+1], r[i], pairs[i])
		VUNPCKHPS(r[i+1], r[i], pairs[i+1])
	}
	for i := range lanes {
		fours[i] = YMM()
		low := i/4*4 + i%4/2 // the pair with rows 0 and 1 of the four; the one with 2 and 3 comes two later
		VSHUFPS(Imm(uint64(0x44+i%2*0xaa)), pairs[low+2], pairs[low], fours[i])
	}
	for i := range lanes {
		out[i] = YMM()
		VPERM2F128(Imm(uint64(0x20+i/4*0x11)), fours[i%4+4], fours[i%4], out[i])
	}
	return out
}
