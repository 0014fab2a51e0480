// Parquet schemas for Arrow ones. Columns keep their order, which parquet-go's own groups would sort by name.

package parquetio

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go"
)

// group is a parquet.Node whose fields keep their order.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g *group) Fields() []parquet.Field { return g.fields }

// groupField implements parquet.Field.
type groupField struct {
	parquet.Node
	name string
}

func (f *groupField) Name() string { return f.name }

// Value is for writing Go structs, which nothing here does.
func (f *groupField) Value(base reflect.Value) reflect.Value { return base }

func newGroup(fields []arrow.Field) (*group, error) {
	g := &group{Group: parquet.Group{}}
	for _, f := range fields {
		n, err := node(f)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		if _, taken := g.Group[f.Name]; taken {
			return nil, fmt.Errorf("column %q: the name is taken twice", f.Name)
		}
		g.Group[f.Name] = n
		g.fields = append(g.fields, &groupField{Node: n, name: f.Name})
	}
	return g, nil
}

// node is the Parquet node of a field.
func node(f arrow.Field) (parquet.Node, error) {
	var n parquet.Node
	var err error
	switch t := f.Type.(type) {
	case *arrow.FixedSizeListType:
		n, err = node(t.ElemField())
	case *arrow.ListType:
		n, err = node(t.ElemField())
	case *arrow.StructType:
		n, err = newGroup(t.Fields())
	default:
		n, err = leafNode(f.Type)
	}
	if err != nil {
		return nil, err
	}
	if isListType(f.Type) {
		n = parquet.List(n)
	}
	if f.Nullable {
		return parquet.Optional(n), nil
	}
	return parquet.Required(n), nil
}

func isListType(t arrow.DataType) bool {
	return t.ID() == arrow.FIXED_SIZE_LIST || t.ID() == arrow.LIST
}

func leafNode(t arrow.DataType) (parquet.Node, error) {
	switch t := t.(type) {
	case *arrow.BooleanType:
		return parquet.Leaf(parquet.BooleanType), nil
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type:
		return parquet.Int(t.(arrow.FixedWidthDataType).BitWidth()), nil
	case *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return parquet.Uint(t.(arrow.FixedWidthDataType).BitWidth()), nil
	case *arrow.Float32Type:
		return parquet.Leaf(parquet.FloatType), nil
	case *arrow.Float64Type:
		return parquet.Leaf(parquet.DoubleType), nil
	case *arrow.StringType:
		return parquet.String(), nil
	case *arrow.BinaryType:
		return parquet.Leaf(parquet.ByteArrayType), nil
	case *arrow.FixedSizeBinaryType:
		return parquet.Leaf(parquet.FixedLenByteArrayType(t.ByteWidth)), nil
	case *arrow.Decimal128Type:
		return parquet.Decimal(int(t.Scale), int(t.Precision), parquet.FixedLenByteArrayType(16)), nil
	}
	return timeNode(t)
}

func timeNode(t arrow.DataType) (parquet.Node, error) {
	switch t := t.(type) {
	case *arrow.Date32Type:
		return parquet.Date(), nil
	case *arrow.Time32Type:
		if t.Unit == arrow.Millisecond {
			return parquet.TimeAdjusted(parquet.Millisecond, false), nil
		}
	case *arrow.Time64Type:
		return parquet.TimeAdjusted(unitOf(t.Unit), false), nil
	case *arrow.TimestampType:
		if t.Unit != arrow.Second {
			return parquet.TimestampAdjusted(unitOf(t.Unit), t.TimeZone != ""), nil
		}
	}
	return nil, fmt.Errorf("%w: writing type %s", ErrUnsupported, t)
}

func unitOf(u arrow.TimeUnit) parquet.TimeUnit {
	switch u {
	case arrow.Millisecond:
		return parquet.Millisecond
	case arrow.Microsecond:
		return parquet.Microsecond
	}
	return parquet.Nanosecond
}

// arrowSchemaKey is the footer's key under which Arrow implementations keep the exact Arrow schema: the IPC schema
// message in base64. It is what tells a fixed-size list from a list.
const arrowSchemaKey = "ARROW:schema"

func encodeSchema(schema *arrow.Schema) (string, error) {
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(schema), ipc.WithAllocator(memory.DefaultAllocator))
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("schema message: %w", err)
	}
	return base64.StdEncoding.EncodeToString(bytes.TrimSuffix(stream.Bytes(), endOfStream)), nil
}

// endOfStream closes an IPC stream: a continuation marker and a length of zero.
var endOfStream = []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}
