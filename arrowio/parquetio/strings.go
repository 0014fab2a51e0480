// Columns of byte strings: lengths first, then the bytes, straight into Arrow buffers.

package parquetio

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go"
)

// isText says whether values of kind come as strings or binary values.
func isText(t arrow.DataType, kind parquet.Kind) bool {
	return kind == parquet.ByteArray && (t.ID() == arrow.STRING || t.ID() == arrow.BINARY)
}

// readStrings reads n rows of strings.
func readStrings(l *leaf, n int, m allocators) (arrow.Array, error) {
	offsets, bytes, validity := memory.NewResizableBuffer(m.numbers), memory.NewResizableBuffer(m.rest), newValidity(l, n, m.numbers)
	defer offsets.Release()
	defer bytes.Release()
	defer validity.release()
	offsets.Resize(4 * (n + 1))
	ends := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	ends[0] = 0
	for at := 0; at < n; {
		if err := l.ensure(); err != nil {
			return nil, err
		}
		taken := min(n-at, l.left())
		present := validity.take(l, at, taken)
		found, err := appendStrings(bytes, ends[at:at+taken+1], l.values, l.value, present)
		if err != nil {
			return nil, err
		}
		l.value += found
		l.level += taken
		at += taken
	}
	data := array.NewData(l.typ, n, []*memory.Buffer{validity.buffer, offsets, bytes}, nil, validity.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// appendStrings appends the next strings of a page, and sets where each ends; ends[0] is where the first begins. It
// returns how many of the page's values it took.
func appendStrings(bytes *memory.Buffer, ends []int32, v pageValues, from int, present []byte) (int, error) {
	data, offsets := v.data.ByteArray()
	taken, err := addLengths(ends, offsets, v.index, from, present)
	if err != nil {
		return 0, err
	}
	bytes.Resize(int(ends[len(ends)-1]))
	dst, at := bytes.Bytes(), from
	for i := range len(ends) - 1 {
		if present != nil && present[i] == 0 {
			continue
		}
		k := at
		if v.index != nil {
			k = int(v.index[at])
		}
		at++
		begin, to := int(offsets[k]), int(ends[i])
		if begin+short <= len(data) && to+short <= len(dst) && int(ends[i+1]) <= to+short {
			// What is written past the string's end is overwritten by the next ones.
			*(*[short]byte)(dst[to:]) = *(*[short]byte)(data[begin:])
			continue
		}
		copy(dst[to:ends[i+1]], data[begin:])
	}
	return taken, nil
}

// short is the length up to which a string is copied in one piece, whatever its own length: without a call.
const short = 16

// addLengths sets ends[i+1] to ends[i] plus the length of string i, and returns how many strings of the page there are.
func addLengths(ends []int32, offsets []uint32, index []int32, from int, present []byte) (int, error) {
	at, total := from, int64(ends[0])
	for i := range len(ends) - 1 {
		if present == nil || present[i] != 0 {
			k := at
			if index != nil {
				k = int(index[at])
			}
			at++
			total += int64(offsets[k+1] - offsets[k])
		}
		if total > math.MaxInt32 {
			return 0, fmt.Errorf("%w: more than 2 GiB of text in %d rows", ErrUnsupported, len(ends))
		}
		ends[i+1] = int32(total)
	}
	return at - from, nil
}
