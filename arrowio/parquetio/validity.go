package parquetio

import (
	"encoding/binary"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow/bitutil"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// validity collects which rows of a column have a value.
type validity struct {
	buffer  *memory.Buffer // a bit a row; nil for a required column
	nulls   int
	scratch []byte // by row of a run: 1 where there is a value
}

func newValidity(l *leaf, n int, m memory.Allocator) *validity {
	v := &validity{}
	if l.defined > 0 {
		v.buffer = memory.NewResizableBuffer(m)
		v.buffer.Resize(int(bitutil.BytesForBits(int64(n))))
		clear(v.buffer.Bytes())
	}
	return v
}

func (v *validity) release() {
	if v.buffer != nil {
		v.buffer.Release()
	}
}

// take notes the next rows of the leaf's page, which go to place at, and returns for each 1 if it has a value, else 0; nil
// if all do.
func (v *validity) take(l *leaf, at, rows int) []byte {
	if v.buffer == nil {
		return nil
	}
	if !l.nulls {
		bitutil.SetBitsTo(v.buffer.Bytes(), int64(at), int64(rows), true)
		return nil
	}
	present := v.present(l, rows)
	v.nulls += rows - v.pack(at, present)
	return present
}

// present turns levels into ones and zeros. Outside structs and lists they are that already.
func (v *validity) present(l *leaf, rows int) []byte {
	levels := l.page.DefinitionLevels()[l.level : l.level+rows]
	if l.defined == 1 {
		return levels
	}
	v.scratch = v.scratch[:0]
	for _, level := range levels {
		present := byte(0)
		if level == l.defined {
			present = 1
		}
		v.scratch = append(v.scratch, present)
	}
	return v.scratch
}

// pack writes ones and zeros as bits from place at on, and returns the number of ones.
func (v *validity) pack(at int, present []byte) (ones int) {
	dst := v.buffer.Bytes()
	one := func(p byte) {
		dst[at/8] |= p << (at % 8)
		ones += int(p)
		at++
	}
	for at%8 != 0 && len(present) > 0 {
		one(present[0])
		present = present[1:]
	}
	for ; len(present) >= 8; present = present[8:] {
		// Eight bytes of 0 or 1 become the bits of one: the product moves byte i's bit to bit 56+i.
		packed := byte(binary.LittleEndian.Uint64(present) * 0x0102040810204080 >> 56)
		dst[at/8] = packed
		ones += bits.OnesCount8(packed)
		at += 8
	}
	for _, p := range present {
		one(p)
	}
	return ones
}
