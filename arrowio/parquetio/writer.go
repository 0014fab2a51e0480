package parquetio

import (
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// WriterOptions say how a file is written.
type WriterOptions struct {
	Metadata     map[string]string // keys of the footer
	Version      string            // of Lacuna, for the footer's created_by
	RowGroupRows int64             // default 1,048,576
}

const (
	defaultRowGroupRows = 1 << 20
	// blockRows is how many rows of a column are handed over at a time. Pages are cut between blocks, so that the same
	// rows give the same bytes however they come in.
	blockRows = 1024
)

// Writer writes records to a Parquet file, zstd-compressed. The same rows give the same bytes.
type Writer struct {
	writer   *parquet.GenericWriter[any]
	schema   *arrow.Schema
	leaves   []*leafWriter
	block    int64 // rows of the block that is being filled
	group    int64 // rows of the row group that is being filled
	perGroup int64
}

// leafWriter collects a block of a leaf column.
type leafWriter struct {
	column *parquet.ColumnWriter
	values []parquet.Value
	append func(w *leafWriter, a arrow.Array, from, to int)
	field  int // of the record's column
	member int // of a struct's; −1 elsewhere
	index  int // of the leaf among all
	levels levels
}

// levels are the definition and repetition levels of a leaf.
type levels struct {
	defined  int // of a value that is there
	repeated int // of a list's second and later elements; 0 outside lists
}

// NewWriter starts a file on w.
//
// Errors: ErrUnsupported for a column of a type that can't be written.
func NewWriter(w io.Writer, schema *arrow.Schema, o WriterOptions) (*Writer, error) {
	root, err := newGroup(schema.Fields())
	if err != nil {
		return nil, err
	}
	encoded, err := encodeSchema(schema)
	if err != nil {
		return nil, err
	}
	options := []parquet.WriterOption{
		parquet.NewSchema("schema", root), parquet.Compression(&zstd.Codec{Level: zstd.DefaultLevel}),
		parquet.CreatedBy("lacuna", o.Version, ""), parquet.KeyValueMetadata(arrowSchemaKey, encoded),
	}
	for _, key := range sortedKeys(o.Metadata) {
		options = append(options, parquet.KeyValueMetadata(key, o.Metadata[key]))
	}
	out := &Writer{writer: parquet.NewGenericWriter[any](w, options...), schema: schema, perGroup: o.RowGroupRows}
	if out.perGroup <= 0 {
		out.perGroup = defaultRowGroupRows
	}
	return out, out.addLeaves()
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// addLeaves prepares a leafWriter for every leaf, in the schema's order.
func (w *Writer) addLeaves() error {
	columns := w.writer.ColumnWriters()
	add := func(t arrow.DataType, field, member int, l levels) error {
		values, err := valueAppender(t)
		if err != nil {
			return fmt.Errorf("column %q: %w", w.schema.Field(field).Name, err)
		}
		index := len(w.leaves)
		w.leaves = append(w.leaves, &leafWriter{column: columns[index], append: values, field: field, member: member, index: index, levels: l})
		return nil
	}
	for i, f := range w.schema.Fields() {
		outer := 0
		if f.Nullable {
			outer = 1
		}
		switch t := f.Type.(type) {
		case *arrow.StructType:
			for j, member := range t.Fields() {
				defined := outer
				if member.Nullable {
					defined++
				}
				if err := add(member.Type, i, j, levels{defined: defined}); err != nil {
					return err
				}
			}
			continue
		case *arrow.FixedSizeListType:
			if f.Nullable || t.ElemField().Nullable {
				return fmt.Errorf("column %q: %w: writing nulls in a fixed-size list", f.Name, ErrUnsupported)
			}
			if err := add(t.Elem(), i, -1, levels{defined: 1, repeated: 1}); err != nil {
				return err
			}
			continue
		}
		if err := add(f.Type, i, -1, levels{defined: outer}); err != nil {
			return err
		}
	}
	return nil
}

// Write appends a record of the writer's schema.
func (w *Writer) Write(rec arrow.Record) error {
	if !rec.Schema().Equal(w.schema) {
		return fmt.Errorf("a record of schema %s does not fit a file of schema %s", rec.Schema(), w.schema)
	}
	for i, f := range w.schema.Fields() {
		if err := checkNulls(f, rec.Column(i)); err != nil {
			return fmt.Errorf("column %q: %w", f.Name, err)
		}
	}
	for from := int64(0); from < rec.NumRows(); {
		taken := min(rec.NumRows()-from, blockRows-w.block, w.perGroup-w.group)
		for _, l := range w.leaves {
			l.take(rec.Column(l.field), int(from), int(from+taken))
		}
		from, w.block, w.group = from+taken, w.block+taken, w.group+taken
		if w.block == blockRows || w.group == w.perGroup {
			if err := w.flushBlock(); err != nil {
				return err
			}
		}
		if w.group == w.perGroup {
			if err := w.writer.Flush(); err != nil {
				return err
			}
			w.group = 0
		}
	}
	return nil
}

// checkNulls refuses nulls where the schema has none: Parquet has no place for them, and they would be written as zeros.
func checkNulls(f arrow.Field, a arrow.Array) error {
	if !f.Nullable && a.NullN() > 0 {
		return fmt.Errorf("%d nulls in a column that the schema says has none", a.NullN())
	}
	switch a := a.(type) {
	case *array.Struct:
		for i, member := range a.DataType().(*arrow.StructType).Fields() {
			if err := checkNulls(member, a.Field(i)); err != nil {
				return fmt.Errorf("member %q: %w", member.Name, err)
			}
		}
	case *array.FixedSizeList:
		return checkNulls(a.DataType().(*arrow.FixedSizeListType).ElemField(), a.ListValues())
	}
	return nil
}

func (w *Writer) flushBlock() error {
	for _, l := range w.leaves {
		if _, err := l.column.WriteRowValues(l.values); err != nil {
			return fmt.Errorf("column %q: %w", w.schema.Field(l.field).Name, err)
		}
		l.values = l.values[:0]
	}
	w.block = 0
	return nil
}

// Close writes what is left, and the footer.
func (w *Writer) Close() error {
	if w.block > 0 {
		if err := w.flushBlock(); err != nil {
			return err
		}
	}
	return w.writer.Close()
}

// take collects rows [from, to) of a column.
func (l *leafWriter) take(column arrow.Array, from, to int) {
	switch a := column.(type) {
	case *array.Struct:
		column = a.Field(l.member)
	case *array.FixedSizeList:
		width := int(a.DataType().(*arrow.FixedSizeListType).Len())
		first := len(l.values)
		offset := a.Data().Offset()
		l.append(l, a.ListValues(), (offset+from)*width, (offset+to)*width)
		for i := first; i < len(l.values); i++ {
			repetition := l.levels.repeated
			if (i-first)%width == 0 {
				repetition = 0
			}
			l.values[i] = l.values[i].Level(repetition, l.levels.defined, l.index)
		}
		return
	}
	l.append(l, column, from, to)
}

// value adds a value that is there.
func (l *leafWriter) value(v parquet.Value) {
	l.values = append(l.values, v.Level(0, l.levels.defined, l.index))
}

// null adds one that isn't.
func (l *leafWriter) null() {
	l.values = append(l.values, parquet.NullValue().Level(0, max(l.levels.defined-1, 0), l.index))
}
