package parquetio

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/parquet-go/parquet-go"
)

// Reader gives the records of one row group.
type Reader struct {
	file    *File
	schema  *arrow.Schema
	columns []columnReader
	left    int64 // rows
	batch   int64
	memory  allocators
}

// columnReader reads a top-level column in step with the others.
type columnReader interface {
	// read returns the next n rows; the caller releases them.
	read(n int, m allocators) (arrow.Array, error)
	close()
}

// ReadOptions say how a row group is read.
type ReadOptions struct {
	BatchRows int              // rows of a record at most
	Memory    memory.Allocator // default Arrow's, and for numbers one that uses memory again
	// Open, unless nil, gives the reader of a column chunk's bytes, by their offsets in the file. Where it gives nil, the
	// file's own is used.
	Open func(Chunk) io.ReaderAt
}

// Read opens a row group for reading the named columns, in that order.
//
// Errors: ErrUnsupported for a column of a type that can't be read, and an error for one that isn't there.
func (f *File) Read(rowGroup int, columns []string, o ReadOptions) (r *Reader, err error) {
	defer guard(f.source, &err)
	group := f.file.RowGroups()[rowGroup]
	r = &Reader{file: f, left: group.NumRows(), batch: int64(o.BatchRows), memory: newAllocators(o.Memory)}
	chunks := group.ColumnChunks()
	open := f.pages(rowGroup, o.Open)
	var fields []arrow.Field
	for _, name := range columns {
		indices := f.schema.FieldIndices(name)
		if len(indices) == 0 {
			if reason := f.unsupported[name]; reason != nil {
				return nil, reason
			}
			return nil, fmt.Errorf("there is no column %q", name)
		}
		described := f.schema.Field(indices[0])
		if err := checkValues(f.columns[indices[0]], chunks, group.NumRows()); err != nil {
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		fields = append(fields, described)
		r.columns = append(r.columns, newColumnReader(f.columns[indices[0]], described.Type, open))
	}
	r.schema = arrow.NewSchema(fields, nil)
	return r, nil
}

// checkValues compares what the footer says of a column with what it says of its row group: a leaf outside lists has a
// value, or a null, for every row.
func checkValues(c *parquet.Column, chunks []parquet.ColumnChunk, rows int64) error {
	for _, member := range c.Columns() {
		if err := checkValues(member, chunks, rows); err != nil {
			return err
		}
	}
	if !c.Leaf() {
		return nil
	}
	values := chunks[c.Index()].NumValues()
	if c.MaxRepetitionLevel() == 0 && values != rows || values < 0 {
		return fmt.Errorf("%w: %d values in a row group of %d rows", ErrCorrupt, values, rows)
	}
	return nil
}

func newColumnReader(c *parquet.Column, t arrow.DataType, open func(*parquet.Column) parquet.Pages) columnReader {
	switch t := t.(type) {
	case *arrow.ListType:
		element := listElement(c)
		return &listReader{leaf: newLeaf(element, t.Elem(), open(element)), typ: t, optional: c.Optional()}
	case *arrow.StructType:
		s := &structReader{typ: t}
		for i, member := range c.Columns() {
			s.members = append(s.members, newLeaf(member, t.Field(i).Type, open(member)))
		}
		return s
	}
	return newLeaf(c, t, open(c))
}

// Next returns the next record, which the caller releases, or io.EOF when there is none.
//
// Errors name the column: ErrCorrupt, and the source's own.
func (r *Reader) Next() (rec arrow.Record, err error) {
	defer guard(r.file.source, &err)
	if r.left == 0 {
		return nil, io.EOF
	}
	n := min(r.left, r.batch)
	arrays := make([]arrow.Array, 0, len(r.columns))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i, c := range r.columns {
		a, err := c.read(int(n), r.memory)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", r.schema.Field(i).Name, err)
		}
		arrays = append(arrays, a)
	}
	r.left -= n
	return array.NewRecord(r.schema, arrays, n), nil
}

// Close ends the reading; records that were returned stay valid.
func (r *Reader) Close() {
	for _, c := range r.columns {
		c.close()
	}
}

// structReader reads a struct of leaves. A null struct comes as one whose members are null.
type structReader struct {
	typ     *arrow.StructType
	members []*leaf
}

func (s *structReader) read(n int, m allocators) (arrow.Array, error) {
	data := make([]arrow.ArrayData, 0, len(s.members))
	arrays := make([]arrow.Array, 0, len(s.members))
	defer func() {
		for _, a := range arrays {
			a.Release()
		}
	}()
	for i, member := range s.members {
		a, err := member.read(n, m)
		if err != nil {
			return nil, fmt.Errorf("member %q: %w", s.typ.Field(i).Name, err)
		}
		arrays, data = append(arrays, a), append(data, a.Data())
	}
	d := array.NewData(s.typ, n, []*memory.Buffer{nil}, data, 0, 0)
	defer d.Release()
	return array.NewStructData(d), nil
}

func (s *structReader) close() {
	for _, m := range s.members {
		m.close()
	}
}
