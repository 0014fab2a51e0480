// The least and greatest value of a column chunk, by which readers skip row groups.

package parquetio

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go/format"
)

// valueRange follows the values of a chunk. Its functions are nil for types without an order that readers agree on.
type valueRange struct {
	see   func(a arrow.Array, from, to int, present func(i int) bool)
	ends  func() (least, most []byte)
	clear func()
}

// longestEnd is the longest string that is worth to be kept.
const longestEnd = 64

func newValueRange(t arrow.DataType) valueRange {
	switch t.ID() {
	case arrow.INT8:
		return ordered(func(a *array.Int8, i int) int8 { return a.Value(i) }, func(v int8) []byte { return bytes32(uint32(int32(v))) })
	case arrow.INT16:
		return ordered(func(a *array.Int16, i int) int16 { return a.Value(i) }, func(v int16) []byte { return bytes32(uint32(int32(v))) })
	case arrow.INT32:
		return ordered(func(a *array.Int32, i int) int32 { return a.Value(i) }, func(v int32) []byte { return bytes32(uint32(v)) })
	case arrow.INT64:
		return ordered(func(a *array.Int64, i int) int64 { return a.Value(i) }, func(v int64) []byte { return bytes64(uint64(v)) })
	case arrow.DATE32:
		return ordered(func(a *array.Date32, i int) arrow.Date32 { return a.Value(i) }, func(v arrow.Date32) []byte { return bytes32(uint32(v)) })
	case arrow.TIMESTAMP:
		return ordered(func(a *array.Timestamp, i int) arrow.Timestamp { return a.Value(i) }, func(v arrow.Timestamp) []byte { return bytes64(uint64(v)) })
	case arrow.FLOAT32:
		return ordered(func(a *array.Float32, i int) float32 { return a.Value(i) }, func(v float32) []byte { return bytes32(math.Float32bits(v)) })
	case arrow.FLOAT64:
		return ordered(func(a *array.Float64, i int) float64 { return a.Value(i) }, func(v float64) []byte { return bytes64(math.Float64bits(v)) })
	case arrow.STRING:
		return ordered(func(a *array.String, i int) string { return a.Value(i) }, func(v string) []byte { return []byte(v) })
	}
	return valueRange{}
}

func bytes32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func bytes64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// ordered follows values of an ordered type. NaN has no place in an order and is left out. Zeros have two signs, which
// readers may or may not tell apart, so that a float's ends are never written as a zero of one sign alone: a range that
// ends in zero is left out.
func ordered[A arrow.Array, T cmp.Ordered](value func(a A, i int) T, encode func(T) []byte) valueRange {
	var least, most, zero T
	seen := false
	_, isText := any(zero).(string)
	return valueRange{
		see: func(a arrow.Array, from, to int, present func(i int) bool) {
			typed := a.(A)
			for i := from; i < to; i++ {
				v := value(typed, i)
				if present != nil && !present(i) || v != v {
					continue
				}
				if !seen || v < least {
					least = v
				}
				if !seen || v > most {
					most = v
				}
				seen = true
			}
			if isText && seen { // a view of the array's memory must not outlive it
				least, most = copyOf(least), copyOf(most)
			}
		},
		ends: func() ([]byte, []byte) {
			low, high := encode(least), encode(most)
			isFloat := any(zero) == any(float32(0)) || any(zero) == any(float64(0))
			if !seen || isFloat && (least == zero || most == zero) || len(low) > longestEnd || len(high) > longestEnd {
				return nil, nil
			}
			return low, high
		},
		clear: func() { seen = false },
	}
}

// copyOf copies a string; other values are their own copies.
func copyOf[T cmp.Ordered](v T) T {
	if text, ok := any(v).(string); ok {
		return any(string([]byte(text))).(T)
	}
	return v
}

func (r valueRange) add(a arrow.Array, from, to int, present func(i int) bool) {
	if r.see != nil {
		r.see(a, from, to, present)
	}
}

// statistics are what the footer says of the chunk so far.
func (r valueRange) statistics(nulls int64) format.Statistics {
	s := format.Statistics{NullCount: nulls}
	if r.ends != nil {
		s.MinValue, s.MaxValue = r.ends()
	}
	return s
}

// reset begins another chunk.
func (r valueRange) reset() {
	if r.clear != nil {
		r.clear()
	}
}
