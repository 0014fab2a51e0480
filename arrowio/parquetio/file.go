package parquetio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go"
)

// File is an open Parquet file: its footer is read, its data is not.
type File struct {
	file        *parquet.File
	source      *sourceReader
	columns     []*parquet.Column // top level, those that can be read
	schema      *arrow.Schema
	unsupported map[string]error // by column
}

// readBuffer is what an open column keeps of its chunk, for page headers; pages are read past it.
const readBuffer = 16 << 10

// magic is how a Parquet file begins and ends.
var magic = []byte("PAR1")

// Open reads the footer of a file of the given size. The reader is used until the last Reader is closed.
//
// Errors: ErrNotParquet, ErrCorrupt, and the source's own.
func Open(source io.ReaderAt, size int64) (f *File, err error) {
	s := &sourceReader{ReaderAt: source, size: size}
	defer guard(s, &err)
	if err := checkMagic(s, size); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(s, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.OptimisticRead(true),
		parquet.ReadBufferSize(readBuffer))
	if err != nil {
		return nil, fmt.Errorf("%w: footer: %w", ErrCorrupt, err)
	}
	f = &File{file: file, source: s, unsupported: map[string]error{}}
	var fields []arrow.Field
	for _, c := range file.Root().Columns() {
		described, err := field(c)
		if errors.Is(err, ErrUnsupported) {
			f.unsupported[c.Name()] = err
			continue
		}
		if err != nil {
			return nil, err
		}
		fields, f.columns = append(fields, described), append(f.columns, c)
	}
	f.schema = arrow.NewSchema(fields, nil)
	return f, nil
}

// checkMagic tells a file of another kind, and one that was cut short, from a damaged one.
func checkMagic(s *sourceReader, size int64) error {
	if size == 0 {
		return fmt.Errorf("%w: it is empty", ErrNotParquet)
	}
	head, tail := make([]byte, min(size, 4)), make([]byte, 8)
	if _, err := s.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	if !bytes.Equal(head, magic) {
		return fmt.Errorf("%w: it begins with %q", ErrNotParquet, head)
	}
	if _, err := s.ReadAt(tail, max(size-8, 0)); err != nil && err != io.EOF {
		return err
	}
	if size < 12 || !bytes.Equal(tail[4:], magic) {
		return fmt.Errorf("%w: it ends without a footer; was it cut short, or is it still being written?", ErrCorrupt)
	}
	if footer := int64(binary.LittleEndian.Uint32(tail)); footer > size-12 {
		return fmt.Errorf("%w: a footer of %d bytes in a file of %d", ErrCorrupt, footer, size)
	}
	return nil
}

// Schema has the columns that can be read, in the file's order.
func (f *File) Schema() *arrow.Schema { return f.schema }

// Unsupported says why a column can't be read; nil for one that can, or isn't there.
func (f *File) Unsupported(column string) error { return f.unsupported[column] }

// UnsupportedColumns names the columns that can't be read.
func (f *File) UnsupportedColumns() []string { return slices.Sorted(maps.Keys(f.unsupported)) }

// Rows is the number of rows of the file.
func (f *File) Rows() int64 { return f.file.NumRows() }

// RowGroups is the number of rows of each row group.
func (f *File) RowGroups() []int64 {
	var rows []int64
	for _, g := range f.file.RowGroups() {
		rows = append(rows, g.NumRows())
	}
	return rows
}

// Metadata looks up a key of the footer.
func (f *File) Metadata(key string) (string, bool) { return f.file.Lookup(key) }
