// The instructions on vectors that Go's assembler lacks, in the encodings of the Arm Architecture Reference Manual,
// section C7.2.

package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// instruction is one whose operands are vector registers only: the first in the lowest bits of the word, the second from
// bit 5, the third from bit 16. Lanes says how each is read: "4s" is four floats, "s" is one, in the first lane.
type instruction struct {
	name, lanes string
	word        uint32
}

var (
	fadd   = instruction{"fadd", "4s 4s 4s", 0x4e20d400}
	fsub   = instruction{"fsub", "4s 4s 4s", 0x4ea0d400}
	fmul   = instruction{"fmul", "4s 4s 4s", 0x6e20dc00}
	fdiv   = instruction{"fdiv", "4s 4s 4s", 0x6e20fc00}
	fmla   = instruction{"fmla", "4s 4s 4s", 0x4e20cc00} // first += second·third, rounded once
	fmls   = instruction{"fmls", "4s 4s 4s", 0x4ea0cc00} // first −= second·third, rounded once
	fmin   = instruction{"fmin", "4s 4s 4s", 0x4ea0f400} // NaN if either is
	fmax   = instruction{"fmax", "4s 4s 4s", 0x4e20f400} // NaN if either is
	faddp  = instruction{"faddp", "4s 4s 4s", 0x6e20d400}
	fmaxp  = instruction{"fmaxp", "4s 4s 4s", 0x6e20f400}
	fsqrt  = instruction{"fsqrt", "4s 4s", 0x6ea1f800}
	fcmgt  = instruction{"fcmgt", "4s 4s 4s", 0x6ea0e400} // all ones where second > third
	fcmge  = instruction{"fcmge", "4s 4s 4s", 0x6e20e400} // all ones where second ≥ third
	frintn = instruction{"frintn", "4s 4s", 0x4e218800}   // to the nearest whole number
	fcvtns = instruction{"fcvtns", "4s 4s", 0x4e21a800}   // likewise, as an integer
	iadd   = instruction{"add", "4s 4s 4s", 0x4ea08400}   // of integers
	bic    = instruction{"bic", "16b 16b 16b", 0x4e601c00}
	orr    = instruction{"orr", "16b 16b 16b", 0x4ea01c00}

	fcvtl   = instruction{"fcvtl", "2d 2s", 0x0e617800}  // the lower two floats in float64
	fcvtl2  = instruction{"fcvtl2", "2d 4s", 0x4e617800} // the upper two
	fadd64  = instruction{"fadd", "2d 2d 2d", 0x4e60d400}
	fmla64  = instruction{"fmla", "2d 2d 2d", 0x4e60cc00}
	faddp64 = instruction{"faddp", "d 2d", 0x7e70d800}

	fmov = instruction{"fmov", "s s", 0x1e204000} // clears the other lanes
)

// do writes an instruction.
func (f *function) do(i instruction, registers ...vector) {
	word, operands := i.word, []string{}
	for at, lanes := range strings.Fields(i.lanes) {
		word |= uint32(registers[at]) << [...]int{0, 5, 16}[at]
		operands = append(operands, written(registers[at], lanes))
	}
	f.word(word, "%s %s", i.name, strings.Join(operands, ", "))
}

// written is a register as assembly reads it.
func written(v vector, lanes string) string {
	if _, err := strconv.Atoi(lanes[:1]); err != nil {
		return fmt.Sprintf("%s%d", lanes, int(v))
	}
	return fmt.Sprintf("v%d.%s", int(v), lanes)
}

// word writes an encoded instruction, with what it is beside it.
func (f *function) word(word uint32, format string, a ...any) {
	f.emit("WORD $0x%08x // "+format, append([]any{word}, a...)...)
}

// move copies a register.
func (f *function) move(to, from vector) { f.do(orr, to, from, from) }

// clear sets a register to zeros.
func (f *function) clear(v vector) { f.word(0x6f00e400|uint32(v), "movi v%d.2d, #0", v) }

// splat copies the first lane of from to all lanes.
func (f *function) splat(to, from vector) {
	f.word(0x4e040400|uint32(from)<<5|uint32(to), "dup v%d.4s, v%d.s[0]", to, from)
}

// lane adds x[lane]·c to sum, rounded once.
func (f *function) lane(sum, c, x vector, lane int) {
	word := 0x4f801000 | uint32(lane&1)<<21 | uint32(lane>>1)<<11 | uint32(x)<<16 | uint32(c)<<5 | uint32(sum)
	f.word(word, "fmla v%d.4s, v%d.4s, v%d.s[%d]", sum, c, x, lane)
}

// shiftLeft shifts integers.
func (f *function) shiftLeft(to, from vector, bits int) {
	f.word(0x4f205400|uint32(bits)<<16|uint32(from)<<5|uint32(to), "shl v%d.4s, v%d.4s, #%d", to, from, bits)
}

// constant is a number in all lanes.
func (f *function) constant(x float64) vector {
	v := f.vector()
	f.scope(func() {
		r := f.general()
		f.emit("MOVD $0x%08x, %v // %v", math.Float32bits(float32(x)), r, float32(x))
		f.word(0x4e040c00|uint32(r)<<5|uint32(v), "dup v%d.4s, w%d", v, int(r))
	})
	return v
}

func (f *function) constants(numbers []float64) (all []vector) {
	for _, x := range numbers {
		all = append(all, f.constant(x))
	}
	return all
}

// size is how much of a register is read or written; what is read clears the rest.
type size struct {
	letter string
	bytes  int
	word   uint32 // of the store; a load has bit 22 besides
}

var (
	quad   = size{"q", 16, 0x3c800000}
	double = size{"d", 8, 0xfc000000}
	single = size{"s", 4, 0xbc000000}
)

const loads = 1 << 22

// access reads or writes memory at the address in p, and moves p on if step isn't zero.
func (f *function) access(name string, s size, kind uint32, v vector, p general, step int) {
	word := s.word | kind | uint32(p)<<5 | uint32(v)
	if step == 0 {
		f.word(word|1<<24, "%s %s%d, [x%d]", name, s.letter, v, int(p))
	} else {
		f.word(word|uint32(step)<<12|1<<10, "%s %s%d, [x%d], #%d", name, s.letter, v, int(p), step)
	}
}

func (f *function) load(s size, v vector, p general)     { f.access("ldr", s, loads, v, p, 0) }
func (f *function) loadNext(s size, v vector, p general) { f.access("ldr", s, loads, v, p, s.bytes) }
func (f *function) storeNext(s size, v vector, p general) {
	f.access("str", s, 0, v, p, s.bytes)
}

// loadPair reads eight floats, and storePair writes them.
func (f *function) loadPair(v, w vector, p general) {
	f.word(0xad400000|uint32(w)<<10|uint32(p)<<5|uint32(v), "ldp q%d, q%d, [x%d]", v, w, int(p))
}

func (f *function) loadPairNext(v, w vector, p general) {
	f.word(0xacc00000|2<<15|uint32(w)<<10|uint32(p)<<5|uint32(v), "ldp q%d, q%d, [x%d], #32", v, w, int(p))
}

func (f *function) storePair(v, w vector, p general) {
	f.word(0xad000000|uint32(w)<<10|uint32(p)<<5|uint32(v), "stp q%d, q%d, [x%d]", v, w, int(p))
}

// repeatNext reads one float into all lanes, and moves p on.
func (f *function) repeatNext(v vector, p general) {
	f.word(0x4ddfc800|uint32(p)<<5|uint32(v), "ld1r {v%d.4s}, [x%d], #4", v, int(p))
}
