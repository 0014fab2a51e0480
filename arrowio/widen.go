// Columns whose type differs between files: numbers are widened to what holds both.

package arrowio

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// wider is the type that holds the values of both: the same type, the wider of two signed or two unsigned integers, or
// float64 for any other pair of numbers. False for anything else, and for pairs of a signed and an unsigned integer.
func wider(a, b arrow.DataType) (arrow.DataType, bool) {
	if arrow.TypeEqual(a, b) {
		return a, true
	}
	isFloat := func(t arrow.DataType) bool { return t.ID() == arrow.FLOAT32 || t.ID() == arrow.FLOAT64 }
	isNumber := func(t arrow.DataType) bool { return isFloat(t) || arrow.IsInteger(t.ID()) }
	switch {
	case !isNumber(a) || !isNumber(b):
		return nil, false
	case isFloat(a) || isFloat(b):
		return arrow.PrimitiveTypes.Float64, true
	case arrow.IsSignedInteger(a.ID()) != arrow.IsSignedInteger(b.ID()):
		return nil, false
	case a.(arrow.FixedWidthDataType).Bytes() > b.(arrow.FixedWidthDataType).Bytes():
		return a, true
	}
	return b, true
}

// widen returns the values as type t, which wider has chosen; the caller releases them. Integers beyond 2⁵³ lose their
// last bits in float64, as everywhere.
func widen(values arrow.Array, t arrow.DataType, m memory.Allocator) (arrow.Array, error) {
	if arrow.TypeEqual(values.DataType(), t) {
		values.Retain()
		return values, nil
	}
	switch t.ID() {
	case arrow.FLOAT64:
		return convert(values, array.NewFloat64Builder(m))
	case arrow.INT64:
		return convert(values, array.NewInt64Builder(m))
	case arrow.INT32:
		return convert(values, array.NewInt32Builder(m))
	case arrow.INT16:
		return convert(values, array.NewInt16Builder(m))
	case arrow.UINT64:
		return convert(values, array.NewUint64Builder(m))
	case arrow.UINT32:
		return convert(values, array.NewUint32Builder(m))
	case arrow.UINT16:
		return convert(values, array.NewUint16Builder(m))
	}
	return nil, fmt.Errorf("%w: %s as %s", ErrSchema, values.DataType(), t)
}

// number is what a builder of convert takes.
type number interface {
	int16 | int32 | int64 | uint16 | uint32 | uint64 | float64
}

// convert appends every value to b as its type, and releases b.
func convert[T number](values arrow.Array, b interface {
	Append(T)
	AppendNull()
	Reserve(int)
	NewArray() arrow.Array
	Release()
}) (arrow.Array, error) {
	defer b.Release()
	get, err := numbers[T](values)
	if err != nil {
		return nil, err
	}
	b.Reserve(values.Len())
	for i := range values.Len() {
		if values.IsNull(i) {
			b.AppendNull()
		} else {
			b.Append(get(i))
		}
	}
	return b.NewArray(), nil
}

// numbers gives the values of an array of numbers as T.
func numbers[T number](values arrow.Array) (func(i int) T, error) {
	switch a := values.(type) {
	case *array.Int8:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Int16:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Int32:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Int64:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Uint8:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Uint16:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Uint32:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Uint64:
		return func(i int) T { return T(a.Value(i)) }, nil
	case *array.Float32:
		return func(i int) T { return T(a.Value(i)) }, nil
	}
	return nil, fmt.Errorf("%w: %s holds no numbers", ErrSchema, values.DataType())
}
