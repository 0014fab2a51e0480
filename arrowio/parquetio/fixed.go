// Columns whose values are Arrow's memory already: copied, or looked up in a dictionary, straight into Arrow buffers.

package parquetio

import (
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go"
)

// word is a value of 4 or 8 bytes; which number it stands for does not matter here.
type word interface{ uint32 | uint64 }

// sameWidth is the bytes of a value that Parquet and Arrow keep alike, 0 for types that are converted.
func sameWidth(t arrow.DataType, kind parquet.Kind) int {
	width := map[parquet.Kind]int{parquet.Int32: 4, parquet.Float: 4, parquet.Int64: 8, parquet.Double: 8}[kind]
	switch t.ID() {
	case arrow.INT32, arrow.UINT32, arrow.FLOAT32, arrow.DATE32, arrow.TIME32, arrow.INT64, arrow.UINT64, arrow.FLOAT64, arrow.TIME64, arrow.TIMESTAMP:
		if t.(arrow.FixedWidthDataType).Bytes() == width {
			return width
		}
	}
	return 0
}

// words are the values of a page, or of its dictionary.
func words[T word](v pageValues) []T {
	switch v.kind {
	case parquet.Int32:
		return cast[T](v.data.Int32())
	case parquet.Float:
		return cast[T](v.data.Float())
	case parquet.Int64:
		return cast[T](v.data.Int64())
	}
	return cast[T](v.data.Double())
}

// readFixed reads n rows of values that are words.
func readFixed[T word](l *leaf, n int, m allocators) (arrow.Array, error) {
	var zero T
	values, validity := memory.NewResizableBuffer(m.numbers), newValidity(l, n, m.numbers)
	defer values.Release()
	defer validity.release()
	values.Resize(n * int(unsafe.Sizeof(zero)))
	dst := cast[T](values.Bytes())[:n]
	for at := 0; at < n; {
		if err := l.ensure(); err != nil {
			return nil, err
		}
		taken := min(n-at, l.left())
		present := validity.take(l, at, taken)
		l.value += spread(dst[at:at+taken], words[T](l.values), l.values.index, l.value, present)
		l.level += taken
		at += taken
	}
	data := array.NewData(l.typ, n, []*memory.Buffer{validity.buffer, values}, nil, validity.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// spread writes values from the given one on to the places of dst that are present, and returns how many those are. A nil
// present stands for all.
func spread[T word](dst, values []T, index []int32, from int, present []byte) int {
	if present == nil {
		if index == nil {
			return copy(dst, values[from:from+len(dst)])
		}
		for i, k := range index[from : from+len(dst)] {
			dst[i] = values[k]
		}
		return len(dst)
	}
	at := from
	if index == nil {
		for i := range dst {
			dst[i] = 0
			if present[i] != 0 {
				dst[i] = values[at]
				at++
			}
		}
		return at - from
	}
	for i := range dst {
		dst[i] = 0
		if present[i] != 0 {
			dst[i] = values[index[at]]
			at++
		}
	}
	return at - from
}
