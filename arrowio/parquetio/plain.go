// Values of Arrow arrays in Parquet's PLAIN encoding.

package parquetio

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// appendValues appends rows [from, to) of an array, without those that are not present, and returns the longer slice. A
// nil present stands for all.
type appendValues func(dst []byte, a arrow.Array, from, to int, present func(i int) bool) []byte

// valueAppender is appendValues for a type.
func valueAppender(t arrow.DataType) (appendValues, error) {
	switch t := t.(type) {
	case *arrow.Int32Type, *arrow.Uint32Type, *arrow.Float32Type, *arrow.Date32Type, *arrow.Time32Type, *arrow.Int64Type, *arrow.Uint64Type,
		*arrow.Float64Type, *arrow.Time64Type, *arrow.TimestampType:
		return copied(t.(arrow.FixedWidthDataType).Bytes()), nil
	case *arrow.FixedSizeBinaryType:
		return copied(t.ByteWidth), nil
	case *arrow.Int8Type:
		return small(func(a *array.Int8, i int) uint32 { return uint32(int32(a.Value(i))) }), nil
	case *arrow.Int16Type:
		return small(func(a *array.Int16, i int) uint32 { return uint32(int32(a.Value(i))) }), nil
	case *arrow.Uint8Type:
		return small(func(a *array.Uint8, i int) uint32 { return uint32(a.Value(i)) }), nil
	case *arrow.Uint16Type:
		return small(func(a *array.Uint16, i int) uint32 { return uint32(a.Value(i)) }), nil
	case *arrow.BooleanType:
		return appended(func(dst []byte, a *array.Boolean, i int) []byte {
			if a.Value(i) {
				return append(dst, 1)
			}
			return append(dst, 0)
		}), nil
	case *arrow.StringType:
		return appended(func(dst []byte, a *array.String, i int) []byte {
			return append(length(dst, len(a.Value(i))), a.Value(i)...)
		}), nil
	case *arrow.BinaryType:
		return appended(func(dst []byte, a *array.Binary, i int) []byte {
			return append(length(dst, a.ValueLen(i)), a.Value(i)...)
		}), nil
	case *arrow.Decimal128Type:
		return appended(func(dst []byte, a *array.Decimal128, i int) []byte {
			n := a.Value(i)
			return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, uint64(n.HighBits())), n.LowBits())
		}), nil
	}
	return nil, fmt.Errorf("%w: writing type %s", ErrUnsupported, t)
}

func length(dst []byte, n int) []byte { return binary.LittleEndian.AppendUint32(dst, uint32(n)) }

// copied is for types whose memory is Parquet's: little-endian numbers, and bytes of a fixed size.
func copied(size int) appendValues {
	return func(dst []byte, a arrow.Array, from, to int, present func(i int) bool) []byte {
		data, offset := a.Data().Buffers()[1].Bytes(), a.Data().Offset()
		at := func(i int) []byte { return data[(offset+i)*size : (offset+i+1)*size] }
		if present == nil {
			return append(dst, data[(offset+from)*size:(offset+to)*size]...)
		}
		for i := from; i < to; i++ {
			if present(i) {
				dst = append(dst, at(i)...)
			}
		}
		return dst
	}
}

// appended is for types whose values are appended one by one.
func appended[A arrow.Array](one func(dst []byte, a A, i int) []byte) appendValues {
	return func(dst []byte, a arrow.Array, from, to int, present func(i int) bool) []byte {
		typed := a.(A)
		for i := from; i < to; i++ {
			if present == nil || present(i) {
				dst = one(dst, typed, i)
			}
		}
		return dst
	}
}

// small is for integers of fewer than 32 bits, which Parquet keeps in 32.
func small[A arrow.Array](value func(a A, i int) uint32) appendValues {
	return appended(func(dst []byte, a A, i int) []byte { return binary.LittleEndian.AppendUint32(dst, value(a, i)) })
}

// packed packs bytes of zero or one into bits, as PLAIN booleans are. It happens a page at a time: a page's first value
// stands in its first bit.
func packed(values []byte) []byte {
	bits := make([]byte, (len(values)+7)/8)
	for i, v := range values {
		bits[i/8] |= v << (i % 8)
	}
	return bits
}
