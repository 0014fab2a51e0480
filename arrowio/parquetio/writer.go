package parquetio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// WriterOptions say how a file is written.
type WriterOptions struct {
	Metadata     map[string]string // keys of the footer
	Version      string            // of Lacuna, for the footer's created_by
	RowGroupRows int64             // at most; default 1,048,576
}

const (
	defaultRowGroupRows = 1 << 20
	// blockRows is how many rows are taken before pages and row groups may end, so that the same rows give the same bytes
	// however they come in.
	blockRows = 1024
	// A row group ends after groupBytes, uncompressed: its compressed pages are held in memory.
	groupBytes = 64 << 20
)

// Writer writes records to a Parquet file, zstd-compressed, from Arrow's buffers. The same rows give the same bytes.
//
// Unlike parquet-go's writer, which takes every value in a box of its own, it makes pages from whole columns: an
// embedding of 64 floats is written at millions of rows a second. The schema and the formats of headers and footer are
// parquet-go's.
type Writer struct {
	out      io.Writer
	offset   int64 // bytes written
	schema   *arrow.Schema
	footer   format.FileMetaData
	leaves   []*leafWriter
	rows     int64 // of the row group that is being filled
	perGroup int64
}

// NewWriter starts a file on w.
//
// Errors: ErrUnsupported for a column of a type that can't be written.
func NewWriter(w io.Writer, schema *arrow.Schema, o WriterOptions) (*Writer, error) {
	footer, err := emptyFooter(schema, o)
	if err != nil {
		return nil, err
	}
	out := &Writer{out: w, schema: schema, footer: footer, perGroup: o.RowGroupRows}
	if out.perGroup <= 0 {
		out.perGroup = defaultRowGroupRows
	}
	compressor, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	if out.leaves, err = newLeafWriters(schema, compressor); err != nil {
		return nil, err
	}
	return out, out.write(magic)
}

// emptyFooter is the footer of a file of the schema without rows, as parquet-go writes it.
func emptyFooter(schema *arrow.Schema, o WriterOptions) (format.FileMetaData, error) {
	root, err := newGroup(schema.Fields())
	if err != nil {
		return format.FileMetaData{}, err
	}
	encoded, err := encodeSchema(schema)
	if err != nil {
		return format.FileMetaData{}, err
	}
	options := []parquet.WriterOption{parquet.NewSchema("schema", root), parquet.CreatedBy("lacuna", o.Version, ""), parquet.KeyValueMetadata(arrowSchemaKey, encoded)}
	for _, key := range sortedKeys(o.Metadata) {
		options = append(options, parquet.KeyValueMetadata(key, o.Metadata[key]))
	}
	var empty bytes.Buffer
	if err := parquet.NewGenericWriter[any](&empty, options...).Close(); err != nil {
		return format.FileMetaData{}, err
	}
	file, err := parquet.OpenFile(bytes.NewReader(empty.Bytes()), int64(empty.Len()))
	if err != nil {
		return format.FileMetaData{}, err
	}
	return *file.Metadata(), nil
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
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
		taken := min(rec.NumRows()-from, blockRows-w.rows%blockRows, w.perGroup-w.rows)
		for _, l := range w.leaves {
			l.take(rec.Column(l.field), int(from), int(from+taken))
		}
		from, w.rows = from+taken, w.rows+taken
		if err := w.endBlock(); err != nil {
			return err
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

// endBlock ends pages and the row group where they are full.
func (w *Writer) endBlock() error {
	if w.rows%blockRows != 0 && w.rows < w.perGroup {
		return nil
	}
	bytes := int64(0)
	for _, l := range w.leaves {
		if l.full() {
			if err := l.endPage(); err != nil {
				return err
			}
		}
		bytes += l.chunk.uncompressed + int64(len(l.values))
	}
	if w.rows == w.perGroup || bytes >= groupBytes {
		return w.endGroup()
	}
	return nil
}

// endGroup writes the row group.
func (w *Writer) endGroup() error {
	group := format.RowGroup{NumRows: w.rows, FileOffset: w.offset, Ordinal: int16(len(w.footer.RowGroups))}
	for i, l := range w.leaves {
		if err := l.endPage(); err != nil {
			return err
		}
		chunk := l.chunk.describe(w.footer.Schema, i, w.offset)
		group.Columns = append(group.Columns, chunk)
		group.TotalByteSize += chunk.MetaData.TotalUncompressedSize
		group.TotalCompressedSize += chunk.MetaData.TotalCompressedSize
		if err := w.write(l.chunk.pages); err != nil {
			return err
		}
		l.endChunk()
	}
	w.footer.RowGroups = append(w.footer.RowGroups, group)
	w.footer.NumRows += w.rows
	w.rows = 0
	return nil
}

// Close writes what is left, and the footer.
func (w *Writer) Close() error {
	if w.rows > 0 {
		if err := w.endGroup(); err != nil {
			return err
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &w.footer)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return w.write(append(footer, magic...))
}

func (w *Writer) write(data []byte) error {
	n, err := w.out.Write(data)
	w.offset += int64(n)
	return err
}
