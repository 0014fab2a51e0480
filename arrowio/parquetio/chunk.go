package parquetio

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

// Chunk is where a leaf column of a row group lies in its file, in bytes, as the footer says. A damaged footer may say
// anything.
type Chunk struct{ Offset, Size int64 }

// Chunks are the column chunks of a column's leaves, in their order; none where the file lacks the column.
func (f *File) Chunks(rowGroup int, column string) []Chunk {
	var chunks []Chunk
	for _, leaf := range f.leaves(column) {
		chunks = append(chunks, f.chunk(rowGroup, leaf))
	}
	return chunks
}

// DecodedBytes is how many bytes a column's pages of a row group hold when they are decompressed.
func (f *File) DecodedBytes(rowGroup int, column string) int64 {
	total := int64(0)
	for _, leaf := range f.leaves(column) {
		total += max(f.file.Metadata().RowGroups[rowGroup].Columns[leaf].MetaData.TotalUncompressedSize, 0)
	}
	return total
}

// leaves are the numbers of a column's leaves.
func (f *File) leaves(column string) []int {
	var leaves []int
	var visit func(c *parquet.Column)
	visit = func(c *parquet.Column) {
		if c.Leaf() {
			leaves = append(leaves, c.Index())
		}
		for _, member := range c.Columns() {
			visit(member)
		}
	}
	if at := f.schema.FieldIndices(column); len(at) > 0 {
		visit(f.columns[at[0]])
	}
	return leaves
}

func (f *File) chunk(rowGroup, leaf int) Chunk {
	m := f.file.Metadata().RowGroups[rowGroup].Columns[leaf].MetaData
	offset := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		offset = m.DictionaryPageOffset
	}
	return Chunk{Offset: offset, Size: m.TotalCompressedSize}
}

// chunkPages are the pages of a leaf, with their headers to be checked ahead of them.
type chunkPages struct {
	parquet.Pages
	headers pageHeaders
}

// ReadPage checks the next page's header before it reads the page.
func (p *chunkPages) ReadPage() (parquet.Page, error) {
	if err := p.headers.next(); err != nil {
		return nil, err
	}
	return p.Pages.ReadPage()
}

// pages gives a function that opens the pages of a leaf, through open where that has a reader for them.
func (f *File) pages(rowGroup int, open func(Chunk) io.ReaderAt) func(*parquet.Column) parquet.Pages {
	chunks := f.file.RowGroups()[rowGroup].ColumnChunks()
	return func(c *parquet.Column) parquet.Pages {
		reader, chunk := io.ReaderAt(f.source), f.chunk(rowGroup, c.Index())
		if open != nil {
			if remote := open(chunk); remote != nil {
				reader = f.source.through(remote)
			}
		}
		pages := chunks[c.Index()].(*parquet.FileColumnChunk).PagesFrom(reader)
		return &chunkPages{Pages: pages, headers: pageHeaders{reader: reader, at: chunk.Offset, end: min(chunk.Offset+chunk.Size, f.source.size)}}
	}
}
