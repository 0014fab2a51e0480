// One leaf column of a file that is being written: values become pages, pages a column chunk.

package parquetio

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A page ends after so many bytes or rows, at the end of a block.
const (
	pageBytes = 1 << 20
	pageRows  = 64 << 10
)

// leafWriter collects a page of a leaf column, and the pages of its chunk.
type leafWriter struct {
	field      int    // of the record's column
	member     int    // of a struct's; −1 elsewhere
	optional   []bool // whether the column, and then the struct's member, may be null: each has a definition level
	width      int    // elements of a fixed-size list; 0 elsewhere
	append     appendValues
	boolean    bool // values are bytes until the page ends
	compressor *zstd.Encoder
	rows       int    // of the page
	values     []byte // of the page, in Parquet's PLAIN encoding
	levels     []byte // of the page: definition levels, where there can be nulls
	nulls      int64  // of the page
	bounds     valueRange
	chunk      chunk
	compressed []byte // scratch
}

// chunk is the pages of a row group's leaf.
type chunk struct {
	pages        []byte
	uncompressed int64
	values       int64
	nulls        int64
	statistics   format.Statistics
}

// newLeafWriters prepares a leafWriter for every leaf, in the schema's order.
func newLeafWriters(schema *arrow.Schema, compressor *zstd.Encoder) ([]*leafWriter, error) {
	var leaves []*leafWriter
	add := func(l leafWriter, t arrow.DataType) error {
		values, err := valueAppender(t)
		if err != nil {
			return fmt.Errorf("column %q: %w", schema.Field(l.field).Name, err)
		}
		l.append, l.boolean, l.compressor, l.bounds = values, t.ID() == arrow.BOOL, compressor, newValueRange(t)
		leaves = append(leaves, &l)
		return nil
	}
	for i, f := range schema.Fields() {
		var err error
		switch t := f.Type.(type) {
		case *arrow.StructType:
			for j, member := range t.Fields() {
				if err == nil {
					err = add(leafWriter{field: i, member: j, optional: []bool{f.Nullable, member.Nullable}}, member.Type)
				}
			}
		case *arrow.FixedSizeListType:
			if f.Nullable || t.ElemField().Nullable {
				return nil, fmt.Errorf("column %q: %w: writing nulls in a fixed-size list", f.Name, ErrUnsupported)
			}
			err = add(leafWriter{field: i, member: -1, width: int(t.Len())}, t.Elem())
		default:
			err = add(leafWriter{field: i, member: -1, optional: []bool{f.Nullable}}, f.Type)
		}
		if err != nil {
			return nil, err
		}
	}
	return leaves, nil
}

// most is the definition level of a value that is there.
func (l *leafWriter) most() byte {
	level := byte(0)
	for _, optional := range l.optional {
		if optional {
			level++
		}
	}
	if l.width > 0 {
		level = 1
	}
	return level
}

// take adds rows [from, to) of a column to the page.
func (l *leafWriter) take(column arrow.Array, from, to int) {
	l.rows += to - from
	if list, ok := column.(*array.FixedSizeList); ok {
		from, to = from+list.Data().Offset(), to+list.Data().Offset()
		l.values = l.append(l.values, list.ListValues(), from*l.width, to*l.width, nil)
		return
	}
	outer, values := column, column
	if s, ok := column.(*array.Struct); ok {
		values = s.Field(l.member)
	}
	if l.most() == 0 {
		l.bounds.add(values, from, to, nil)
		l.values = l.append(l.values, values, from, to, nil)
		return
	}
	first := len(l.levels)
	l.addLevels(outer, values, from, to)
	levels, most := l.levels[first:], l.most()
	present := func(i int) bool { return levels[i-from] == most }
	if values.NullN() == 0 && outer.NullN() == 0 {
		present = nil
	}
	l.bounds.add(values, from, to, present)
	l.values = l.append(l.values, values, from, to, present)
}

// addLevels adds the definition level of each row: how many of the column and its member are there, among those that
// may be null.
func (l *leafWriter) addLevels(outer, values arrow.Array, from, to int) {
	most := l.most()
	for i := from; i < to; i++ {
		level := most
		switch {
		case l.member >= 0 && l.optional[0] && outer.IsNull(i):
			level = 0
		case values.IsNull(i):
			level = most - 1
		}
		if level < most {
			l.nulls++
		}
		l.levels = append(l.levels, level)
	}
}

// full says whether the page should end here.
func (l *leafWriter) full() bool { return len(l.values) >= pageBytes || l.rows >= pageRows }

// endPage compresses the page and appends it to the chunk. Without rows it does nothing.
func (l *leafWriter) endPage() error {
	if l.rows == 0 {
		return nil
	}
	repetition, definition, err := l.encodeLevels()
	if err != nil {
		return err
	}
	if l.boolean {
		l.values = packed(l.values)
	}
	l.compressed = l.compressor.EncodeAll(l.values, l.compressed[:0])
	sum := crc32.ChecksumIEEE(repetition)
	sum = crc32.Update(sum, crc32.IEEETable, definition)
	sum = crc32.Update(sum, crc32.IEEETable, l.compressed)
	values, levels := l.rows*max(l.width, 1), len(repetition)+len(definition)
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &format.PageHeader{
		Type: format.DataPageV2, CRC: int32(sum),
		UncompressedPageSize: int32(levels + len(l.values)), CompressedPageSize: int32(levels + len(l.compressed)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(values), NumNulls: int32(l.nulls), NumRows: int32(l.rows), Encoding: format.Plain,
			RepetitionLevelsByteLength: int32(len(repetition)), DefinitionLevelsByteLength: int32(len(definition)), IsCompressed: thrift.New(true),
		}),
	})
	if err != nil {
		return err
	}
	for _, part := range [][]byte{header, repetition, definition, l.compressed} {
		l.chunk.pages = append(l.chunk.pages, part...)
	}
	l.chunk.uncompressed += int64(len(header) + levels + len(l.values))
	l.chunk.values += int64(values)
	l.chunk.nulls += l.nulls
	l.chunk.statistics = l.bounds.statistics(l.chunk.nulls)
	l.rows, l.nulls, l.values, l.levels = 0, 0, l.values[:0], l.levels[:0]
	return nil
}

// encodeLevels encodes the page's levels as runs. Those of a fixed-size list follow from its width: every width-th value
// begins a row, and all values are there.
func (l *leafWriter) encodeLevels() (repetition, definition []byte, err error) {
	if l.width > 0 {
		return beginnings(l.rows, l.width), allOnes(l.rows * l.width), nil
	}
	if l.most() == 0 {
		return nil, nil, nil
	}
	width := 1
	if l.most() > 1 {
		width = 2
	}
	definition, err = (&rle.Encoding{BitWidth: width}).EncodeLevels(nil, l.levels)
	return nil, definition, err
}

// beginnings is the repetition levels of rows lists as one bit-packed run: zero where a list begins, else one. (Parquet's
// hybrid of run lengths and bit packing.)
func beginnings(rows, width int) []byte {
	groups := (rows*width + 7) / 8
	run := binary.AppendUvarint(nil, uint64(groups)<<1|1)
	bits := make([]byte, groups)
	for i := range bits {
		bits[i] = 0xff
	}
	for row := range rows {
		at := row * width
		bits[at/8] &^= 1 << (at % 8)
	}
	return append(run, bits...)
}

// allOnes is n ones as one run.
func allOnes(n int) []byte { return append(binary.AppendUvarint(nil, uint64(n)<<1), 1) }

// describe is the chunk of the i-th leaf as the footer has it.
func (c *chunk) describe(schema []format.SchemaElement, leaf int, offset int64) format.ColumnChunk {
	element, path := schemaLeaf(schema, leaf)
	return format.ColumnChunk{FileOffset: offset, MetaData: format.ColumnMetaData{
		Type: element.Type.V, Encoding: []format.Encoding{format.Plain, format.RLE}, PathInSchema: path, Codec: format.Zstd,
		NumValues: c.values, TotalUncompressedSize: c.uncompressed, TotalCompressedSize: int64(len(c.pages)), DataPageOffset: offset,
		Statistics: c.statistics,
	}}
}

// endChunk begins another.
func (l *leafWriter) endChunk() {
	l.chunk = chunk{pages: l.chunk.pages[:0]}
	l.bounds.reset()
}

// schemaLeaf is the i-th leaf of a footer's schema, which lists groups before their members, and the names that lead to it.
func schemaLeaf(schema []format.SchemaElement, i int) (format.SchemaElement, []string) {
	type open struct {
		name string
		left int32
	}
	groups := []open{{left: schema[0].NumChildren.V}}
	for _, element := range schema[1:] {
		for groups[len(groups)-1].left == 0 {
			groups = groups[:len(groups)-1]
		}
		groups[len(groups)-1].left--
		if n := element.NumChildren.V; n > 0 {
			groups = append(groups, open{name: element.Name, left: n})
			continue
		}
		if i == 0 {
			var path []string
			for _, g := range groups[1:] {
				path = append(path, g.name)
			}
			return element, append(path, element.Name)
		}
		i--
	}
	panic("parquetio: a leaf beyond the schema's")
}
