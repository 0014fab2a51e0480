// What all families share: vectors of eight floats, masks for fewer, constants, loops.

package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	lanes = 8         // floats of a YMM register
	bytes = 4 * lanes // bytes of one
)

// function opens an assembly function that Go declares with the given parameters and results.
func function(name, signature, doc string) {
	TEXT(name, attrNoSplit, "func"+signature)
	Doc(doc)
	Pragma("noescape")
}

// finish closes it.
func finish() {
	VZEROUPPER()
	RET()
}

// param loads a parameter into a general register.
func param(name string) Register { return Load(Param(name), GP64()) }

// at is the memory offset bytes past the address in r.
func at(r Register, offset int) Mem { return Mem{Base: r, Disp: offset} }

var pool = map[string]Mem{}

// vector8 is eight times a constant, in memory.
func vector8(v float64) Mem {
	return words(fmt.Sprintf("x%08x", math.Float32bits(float32(v))), math.Float32bits(float32(v)))
}

// words is eight times a 32-bit word, in memory, under a name.
func words(name string, v uint32) Mem {
	if m, ok := pool[name]; ok {
		return m
	}
	m := GLOBL(name, attrConstant)
	for i := range lanes {
		DATA(4*i, U32(v))
	}
	pool[name] = m
	return m
}

// table is eight words of ones and eight of zeros, to load masks from.
func table() Mem {
	if m, ok := pool["mask"]; ok {
		return m
	}
	m := GLOBL("mask", attrConstant)
	for i := range 2 * lanes {
		DATA(4*i, U32(uint32(0xffffffff*(1-i/lanes))))
	}
	pool["mask"] = m
	return m
}

// maskOf makes a mask of the first count lanes; count is from 0 to 8, and is left alone.
func maskOf(count Register) VecVirtual {
	base, back, m := GP64(), GP64(), YMM()
	LEAQ(table(), base)
	MOVQ(count, back)
	NEGQ(back)
	VMOVUPS(Mem{Base: base, Disp: bytes, Index: back, Scale: 4}, m)
	return m
}

// splat is a constant in a register.
func splat(v float64) VecVirtual {
	r := YMM()
	VMOVUPS(vector8(v), r)
	return r
}

// zero is a register of zeros.
func zero() VecVirtual {
	r := YMM()
	VXORPS(r, r, r)
	return r
}

// horner adds a step of Horner's rule to each sum: sum·z + c. Several share one load of c: the processor can start two
// multiply-adds a cycle, but no more than two loads.
func horner(sums, z []VecVirtual, c float64) {
	var constant Op = vector8(c)
	if len(sums) > 1 {
		constant = splat(c)
	}
	for v := range sums {
		VFMADD213PS(constant, z[v], sums[v])
	}
}

// polynomial is c[0] + c[1]·z + …, for several z at once.
func polynomial(z []VecVirtual, c []float64) []VecVirtual {
	sums := splats(len(z), c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		horner(sums, z, c[i])
	}
	return sums
}

// splats is a constant in several registers.
func splats(n int, v float64) []VecVirtual {
	var all []VecVirtual
	for range n {
		all = append(all, splat(v))
	}
	return all
}

// registers is several registers, not yet set.
func registers(n int) []VecVirtual {
	var all []VecVirtual
	for range n {
		all = append(all, YMM())
	}
	return all
}

// load is eight floats, or those under the mask and zeros, in a register.
func load(m Mem, mask Op) VecVirtual {
	r := YMM()
	if mask == nil {
		VMOVUPS(m, r)
	} else {
		VMASKMOVPS(m, mask, r)
	}
	return r
}

// store writes eight floats, or those under the mask.
func store(v Op, m Mem, mask Op) {
	if mask == nil {
		VMOVUPS(v, m)
	} else {
		VMASKMOVPS(v, mask, m)
	}
}

// each emits a loop over n elements in vectors: body gets the index of the first element and a mask, nil but for the
// last few. Both run the same instructions, so that an element's bits don't depend on where it stands. n is kept.
func each(label string, n Register, body func(i Register, mask Op)) {
	eachOf(label, []int{1}, n, func(i Register, _ int, mask Op) { body(i, mask) })
}

// eachOf is each with several vectors a turn: body gets their number. It goes on with the next smaller turn, of which
// the last must be 1, for what is left.
//
// Turns of several are for bodies that are long chains: the processor's scheduler holds no more than about three
// chains like that of GELU, so the instructions of independent ones must stand next to each other.
func eachOf(label string, turns []int, n Register, body func(i Register, vectors int, mask Op)) {
	i, left := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, left)
	inTurns(label, turns, lanes, left, func(vectors int) {
		body(i, vectors, nil)
		ADDQ(I32(vectors*lanes), i)
	})
	JZ(LabelRef(label + "Done"))
	body(i, 1, maskOf(left))
	Label(label + "Done")
}

// inTurns emits loops that take turns of several units from left, then smaller ones. They leave in left, and in the
// zero flag, what is less than the last turn.
func inTurns(label string, turns []int, unit int, left Register, body func(units int)) {
	for _, v := range turns {
		turn := fmt.Sprintf("%sBy%d", label, v)
		SUBQ(I32(v*unit), left)
		JL(LabelRef(turn + "Done"))
		Label(turn)
		body(v)
		SUBQ(I32(v*unit), left)
		JGE(LabelRef(turn))
		Label(turn + "Done")
		ADDQ(I32(v*unit), left)
	}
}

// loads is several vectors from m on.
func loads(m Mem, vectors int, mask Op) []VecVirtual {
	var all []VecVirtual
	for v := range vectors {
		all = append(all, load(m.Offset(v*bytes), mask))
	}
	return all
}

// stores writes several vectors from m on.
func stores(values []VecVirtual, m Mem, mask Op) {
	for v, value := range values {
		store(value, m.Offset(v*bytes), mask)
	}
}

// fold reduces the lanes of v by op, pairwise, into all lanes of the result.
func fold(v VecVirtual, op func(ops ...Op)) VecVirtual {
	x, y := YMM(), YMM()
	VPERM2F128(Imm(1), v, v, x)
	op(x, v, x)
	VPERMILPS(Imm(0b01_00_11_10), x, y)
	op(y, x, x)
	VPERMILPS(Imm(0b10_11_00_01), x, y)
	op(y, x, x)
	return x
}

// total adds up the lanes of several sums.
func total(sums []VecVirtual) VecVirtual {
	for len(sums) > 1 {
		half := len(sums) / 2
		for i := range half {
			VADDPS(sums[half+i], sums[i], sums[i])
		}
		sums = sums[:half]
	}
	return fold(sums[0], VADDPS)
}

// zeros is several registers of zeros.
func zeros(n int) []VecVirtual {
	var all []VecVirtual
	for range n {
		all = append(all, zero())
	}
	return all
}

// under clears the lanes outside the mask.
func under(mask Op, v VecVirtual) {
	if mask != nil {
		VANDPS(mask, v, v)
	}
}

// element is the address of element i of the floats at p.
func element(p, i Register) Mem { return Mem{Base: p, Index: i, Scale: 4} }

// broadcast is a parameter in all lanes.
func broadcast(name string) VecVirtual {
	v := YMM()
	VBROADCASTSS(paramAddress(name), v)
	return v
}

// rowPointers are addresses of the rows 0, 3, 6, … from base on, whose stride is ld bytes. Three rows share a pointer,
// because p, p+ld and p+2·ld are addresses that an instruction can name.
func rowPointers(base, ld Register, rows int) []Register {
	pointers := []Register{GP64()}
	MOVQ(base, pointers[0])
	for r := 3; r < rows; r += 3 {
		p, last := GP64(), pointers[len(pointers)-1]
		LEAQ(Mem{Base: last, Index: ld, Scale: 2}, p)
		ADDQ(ld, p)
		pointers = append(pointers, p)
	}
	return pointers
}

// inRow is the memory offset bytes into row r.
func inRow(pointers []Register, ld Register, r, offset int) Mem {
	m := at(pointers[r/3], offset)
	if r%3 > 0 {
		m.Index, m.Scale = ld, uint8(r%3)
	}
	return m
}

// paramAddress is where a parameter lies, for instructions that broadcast from memory.
func paramAddress(name string) Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}
