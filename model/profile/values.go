// Cells of any Arrow type as numbers or text.

package profile

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Number returns a function that gives row i of values as a number; false where it is null, NaN or infinite. Dates count
// days and timestamps seconds since 1970, times of day seconds since midnight, booleans 0 and 1.
func Number(values arrow.Array) (func(i int) (float64, bool), error) {
	number, err := rawNumber(values)
	if err != nil {
		return nil, err
	}
	return func(i int) (float64, bool) {
		if values.IsNull(i) {
			return 0, false
		}
		v := number(i)
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	}, nil
}

// rawNumber reads cells that are not null.
func rawNumber(values arrow.Array) (func(i int) float64, error) {
	switch a := values.(type) {
	case *array.Int8:
		return of(a.Int8Values()), nil
	case *array.Int16:
		return of(a.Int16Values()), nil
	case *array.Int32:
		return of(a.Int32Values()), nil
	case *array.Int64:
		return of(a.Int64Values()), nil
	case *array.Uint8:
		return of(a.Uint8Values()), nil
	case *array.Uint16:
		return of(a.Uint16Values()), nil
	case *array.Uint32:
		return of(a.Uint32Values()), nil
	case *array.Uint64:
		return of(a.Uint64Values()), nil
	case *array.Float32:
		return of(a.Float32Values()), nil
	case *array.Float64:
		return of(a.Float64Values()), nil
	case *array.Float16:
		return func(i int) float64 { return float64(a.Value(i).Float32()) }, nil
	case *array.Boolean:
		return func(i int) float64 {
			if a.Value(i) {
				return 1
			}
			return 0
		}, nil
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) float64 { return a.Value(i).ToFloat64(scale) }, nil
	}
	return rawTime(values)
}

// of reads a slice of numbers.
func of[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64](x []T) func(i int) float64 {
	return func(i int) float64 { return float64(x[i]) }
}

func rawTime(values arrow.Array) (func(i int) float64, error) {
	switch a := values.(type) {
	case *array.Date32:
		return func(i int) float64 { return float64(a.Value(i)) }, nil
	case *array.Date64:
		return func(i int) float64 { return float64(a.Value(i)) / 86_400_000 }, nil
	case *array.Timestamp:
		unit := seconds(a.DataType().(*arrow.TimestampType).Unit)
		return func(i int) float64 { return float64(a.Value(i)) * unit }, nil
	case *array.Time32:
		unit := seconds(a.DataType().(*arrow.Time32Type).Unit)
		return func(i int) float64 { return float64(a.Value(i)) * unit }, nil
	case *array.Time64:
		unit := seconds(a.DataType().(*arrow.Time64Type).Unit)
		return func(i int) float64 { return float64(a.Value(i)) * unit }, nil
	}
	return nil, fmt.Errorf("type %s is not a number", values.DataType())
}

func seconds(unit arrow.TimeUnit) float64 { return unit.Multiplier().Seconds() }

// FormatNumber writes a number of Number's unit as text that an array builder of type t reads back.
func FormatNumber(v float64, t arrow.DataType) string {
	switch t := t.(type) {
	case *arrow.Float16Type, *arrow.Float32Type, *arrow.Float64Type:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *arrow.Decimal128Type:
		return strconv.FormatFloat(v, 'f', int(t.Scale), 64)
	case *arrow.BooleanType:
		return strconv.FormatBool(v >= 0.5)
	case *arrow.Date32Type, *arrow.Date64Type:
		return time.Unix(int64(math.Round(v))*86_400, 0).UTC().Format("2006-01-02")
	case *arrow.TimestampType:
		return fromSeconds(v, t.Unit).Format("2006-01-02T15:04:05.999999999Z")
	case *arrow.Time32Type:
		return fromSeconds(v, t.Unit).Format("15:04:05.999999999")
	case *arrow.Time64Type:
		return fromSeconds(v, t.Unit).Format("15:04:05.999999999")
	}
	text, _ := big.NewFloat(math.Round(v)).Int(nil)
	return text.String()
}

// fromSeconds is a point in time, rounded to the unit. Microseconds bound what a float64 keeps of today's timestamps.
func fromSeconds(v float64, unit arrow.TimeUnit) time.Time {
	return time.UnixMicro(int64(math.Round(v * 1e6))).UTC().Round(max(unit.Multiplier(), time.Microsecond))
}

// Text returns a function that gives row i of values as text; false where it is null, NaN or infinite. A value has the
// same text whether its array is a dictionary or not.
func Text(values arrow.Array) (func(i int) (string, bool), error) {
	switch a := values.(type) {
	case *array.String:
		return func(i int) (string, bool) { return a.Value(i), a.IsValid(i) }, nil
	case *array.LargeString:
		return func(i int) (string, bool) { return a.Value(i), a.IsValid(i) }, nil
	case *array.Dictionary:
		text, err := Text(a.Dictionary())
		if err != nil {
			return nil, err
		}
		return func(i int) (string, bool) {
			if a.IsNull(i) {
				return "", false
			}
			return text(a.GetValueIndex(i))
		}, nil
	}
	number, err := Number(values)
	if err != nil {
		return nil, fmt.Errorf("type %s has no categories", values.DataType())
	}
	return func(i int) (string, bool) {
		if _, ok := number(i); !ok {
			return "", false
		}
		return values.ValueStr(i), true
	}, nil
}
