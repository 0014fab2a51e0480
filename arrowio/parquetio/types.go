// The mapping between Parquet's and Arrow's types. Parquet's logical types are tried first, then the older converted
// types, then the physical type.

package parquetio

import (
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// maxDecimalDigits is what an Arrow Decimal128 holds.
const maxDecimalDigits = 38

// leafType is the Arrow type of a leaf column.
func leafType(c *parquet.Column) (arrow.DataType, error) {
	if logical := c.Type().LogicalType(); logical != nil && logical.Value != nil {
		return logicalType(c, logical.Value)
	}
	if converted := c.Type().ConvertedType(); converted != nil {
		if t := convertedType(*converted); t != nil {
			return t, nil
		}
	}
	return physicalType(c)
}

func logicalType(c *parquet.Column, logical format.LogicalTypeValue) (arrow.DataType, error) {
	switch l := logical.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return arrow.BinaryTypes.String, nil
	case *format.DecimalType:
		if l.Precision > maxDecimalDigits {
			return nil, fmt.Errorf("%w: a decimal of %d digits; %d fit", ErrUnsupported, l.Precision, maxDecimalDigits)
		}
		return &arrow.Decimal128Type{Precision: l.Precision, Scale: l.Scale}, nil
	case *format.DateType:
		return arrow.FixedWidthTypes.Date32, nil
	case *format.TimeType:
		return timeType(l.Unit.Value.Duration()), nil
	case *format.TimestampType:
		zone := ""
		if l.IsAdjustedToUTC {
			zone = "UTC"
		}
		return &arrow.TimestampType{Unit: timeUnit(l.Unit.Value.Duration()), TimeZone: zone}, nil
	case *format.IntType:
		return integerType(int(l.BitWidth), l.IsSigned), nil
	case *format.Float16Type:
		return arrow.FixedWidthTypes.Float16, nil
	case *format.BsonType, *format.UUIDType, *format.NullType:
		return physicalType(c)
	}
	return nil, fmt.Errorf("%w: type %s", ErrUnsupported, logical)
}

func timeUnit(d time.Duration) arrow.TimeUnit {
	switch d {
	case time.Millisecond:
		return arrow.Millisecond
	case time.Microsecond:
		return arrow.Microsecond
	}
	return arrow.Nanosecond
}

// timeType is a time of day: Arrow keeps milliseconds in 32 bits and the rest in 64, as Parquet does.
func timeType(d time.Duration) arrow.DataType {
	if d == time.Millisecond {
		return arrow.FixedWidthTypes.Time32ms
	}
	return &arrow.Time64Type{Unit: timeUnit(d)}
}

func integerType(bits int, signed bool) arrow.DataType {
	types := map[int][2]arrow.DataType{
		8: {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Int8}, 16: {arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int16},
		32: {arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Int32}, 64: {arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64},
	}
	if signed {
		return types[bits][1]
	}
	return types[bits][0]
}

// convertedType is the type of an annotation from before logical types; nil for those that say nothing here.
func convertedType(c deprecated.ConvertedType) arrow.DataType {
	switch c {
	case deprecated.UTF8, deprecated.Enum, deprecated.Json:
		return arrow.BinaryTypes.String
	case deprecated.Date:
		return arrow.FixedWidthTypes.Date32
	case deprecated.TimeMillis:
		return arrow.FixedWidthTypes.Time32ms
	case deprecated.TimeMicros:
		return arrow.FixedWidthTypes.Time64us
	case deprecated.TimestampMillis:
		return arrow.FixedWidthTypes.Timestamp_ms
	case deprecated.TimestampMicros:
		return arrow.FixedWidthTypes.Timestamp_us
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return integerType(8<<(c-deprecated.Int8), true)
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return integerType(8<<(c-deprecated.Uint8), false)
	}
	return nil
}

func physicalType(c *parquet.Column) (arrow.DataType, error) {
	switch c.Type().Kind() {
	case parquet.Boolean:
		return arrow.FixedWidthTypes.Boolean, nil
	case parquet.Int32:
		return arrow.PrimitiveTypes.Int32, nil
	case parquet.Int64:
		return arrow.PrimitiveTypes.Int64, nil
	case parquet.Int96: // only ever used for timestamps
		return &arrow.TimestampType{Unit: arrow.Nanosecond}, nil
	case parquet.Float:
		return arrow.PrimitiveTypes.Float32, nil
	case parquet.Double:
		return arrow.PrimitiveTypes.Float64, nil
	case parquet.ByteArray:
		return arrow.BinaryTypes.Binary, nil
	case parquet.FixedLenByteArray:
		return &arrow.FixedSizeBinaryType{ByteWidth: c.Type().Length()}, nil
	}
	return nil, fmt.Errorf("%w: physical type %s", ErrUnsupported, c.Type())
}

// field is the Arrow field of a top-level column: a leaf, a list of leaves, or a struct of leaves.
func field(c *parquet.Column) (arrow.Field, error) {
	f := arrow.Field{Name: c.Name(), Nullable: c.Optional()}
	switch {
	case c.Repeated():
		return f, fmt.Errorf("column %q: %w: a repeated column outside a LIST", c.Name(), ErrUnsupported)
	case c.Leaf():
		t, err := leafType(c)
		if err != nil {
			return f, fmt.Errorf("column %q: %w", c.Name(), err)
		}
		f.Type = t
		return f, nil
	case isList(c):
		element := listElement(c)
		t, err := leafType(element)
		if err != nil {
			return f, fmt.Errorf("column %q: %w", c.Name(), err)
		}
		f.Type = arrow.ListOfField(arrow.Field{Name: "element", Type: t, Nullable: element.Optional()})
		return f, nil
	}
	return structField(f, c)
}

func structField(f arrow.Field, c *parquet.Column) (arrow.Field, error) {
	var members []arrow.Field
	for _, member := range c.Columns() {
		if !member.Leaf() || member.Repeated() {
			return f, fmt.Errorf("column %q: %w: nested type %s", c.Name(), ErrUnsupported, strings.ReplaceAll(c.String(), "\n", " "))
		}
		m, err := field(member)
		if err != nil {
			return f, fmt.Errorf("column %q: %w", c.Name(), err)
		}
		members = append(members, m)
	}
	f.Type = arrow.StructOf(members...)
	return f, nil
}

// isList recognises the three-level LIST: a group with one repeated group of one leaf.
func isList(c *parquet.Column) bool {
	if len(c.Columns()) != 1 || !c.Columns()[0].Repeated() {
		return false
	}
	repeated := c.Columns()[0]
	return repeated.Leaf() || len(repeated.Columns()) == 1 && repeated.Columns()[0].Leaf()
}

// listElement is the leaf of a LIST. In the oldest files the repeated column is itself the element.
func listElement(c *parquet.Column) *parquet.Column {
	if repeated := c.Columns()[0]; !repeated.Leaf() {
		return repeated.Columns()[0]
	}
	return c.Columns()[0]
}
