// Values of Arrow arrays as Parquet's.

package parquetio

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go"
)

// valueAppender returns a function that adds rows [from, to) of an array of type t to a leaf.
func valueAppender(t arrow.DataType) (func(l *leafWriter, a arrow.Array, from, to int), error) {
	value, err := valueOf(t)
	if err != nil {
		return nil, err
	}
	return func(l *leafWriter, a arrow.Array, from, to int) {
		get := value(a)
		for i := from; i < to; i++ {
			if a.IsNull(i) {
				l.null()
			} else {
				l.value(get(i))
			}
		}
	}, nil
}

// valueOf returns a function that, for an array of type t, returns a function that gives its values.
func valueOf(t arrow.DataType) (func(a arrow.Array) func(i int) parquet.Value, error) {
	switch t.ID() {
	case arrow.BOOL:
		return of(func(a *array.Boolean, i int) parquet.Value { return parquet.BooleanValue(a.Value(i)) }), nil
	case arrow.INT8:
		return of(func(a *array.Int8, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.INT16:
		return of(func(a *array.Int16, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.INT32:
		return of(func(a *array.Int32, i int) parquet.Value { return parquet.Int32Value(a.Value(i)) }), nil
	case arrow.INT64:
		return of(func(a *array.Int64, i int) parquet.Value { return parquet.Int64Value(a.Value(i)) }), nil
	case arrow.UINT8:
		return of(func(a *array.Uint8, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.UINT16:
		return of(func(a *array.Uint16, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.UINT32:
		return of(func(a *array.Uint32, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.UINT64:
		return of(func(a *array.Uint64, i int) parquet.Value { return parquet.Int64Value(int64(a.Value(i))) }), nil
	case arrow.FLOAT32:
		return of(func(a *array.Float32, i int) parquet.Value { return parquet.FloatValue(a.Value(i)) }), nil
	case arrow.FLOAT64:
		return of(func(a *array.Float64, i int) parquet.Value { return parquet.DoubleValue(a.Value(i)) }), nil
	case arrow.STRING:
		return of(func(a *array.String, i int) parquet.Value { return parquet.ByteArrayValue([]byte(a.Value(i))) }), nil
	case arrow.BINARY:
		return of(func(a *array.Binary, i int) parquet.Value { return parquet.ByteArrayValue(a.Value(i)) }), nil
	case arrow.FIXED_SIZE_BINARY:
		return of(func(a *array.FixedSizeBinary, i int) parquet.Value { return parquet.FixedLenByteArrayValue(a.Value(i)) }), nil
	case arrow.DECIMAL128:
		return of(decimalValue), nil
	}
	return timeValueOf(t)
}

func timeValueOf(t arrow.DataType) (func(a arrow.Array) func(i int) parquet.Value, error) {
	switch t.ID() {
	case arrow.DATE32:
		return of(func(a *array.Date32, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.TIME32:
		return of(func(a *array.Time32, i int) parquet.Value { return parquet.Int32Value(int32(a.Value(i))) }), nil
	case arrow.TIME64:
		return of(func(a *array.Time64, i int) parquet.Value { return parquet.Int64Value(int64(a.Value(i))) }), nil
	case arrow.TIMESTAMP:
		return of(func(a *array.Timestamp, i int) parquet.Value { return parquet.Int64Value(int64(a.Value(i))) }), nil
	}
	return nil, fmt.Errorf("%w: writing type %s", ErrUnsupported, t)
}

// of fixes the array's type once for a run of values.
func of[A arrow.Array](value func(a A, i int) parquet.Value) func(arrow.Array) func(int) parquet.Value {
	return func(a arrow.Array) func(int) parquet.Value {
		typed := a.(A)
		return func(i int) parquet.Value { return value(typed, i) }
	}
}

// decimalValue writes a decimal as 16 big-endian bytes.
func decimalValue(a *array.Decimal128, i int) parquet.Value {
	n, bytes := a.Value(i), make([]byte, 16)
	high, low := uint64(n.HighBits()), n.LowBits()
	for k := range 8 {
		bytes[7-k], bytes[15-k] = byte(high>>(8*k)), byte(low>>(8*k))
	}
	return parquet.FixedLenByteArrayValue(bytes)
}
