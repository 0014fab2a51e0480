// Remote column chunks, fetched ahead of the decoder: a request to S3 takes tens of milliseconds before its first byte,
// so that many must be under way at once.

package arrowio

import (
	"context"
	"io"
	"sync"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

const (
	// fetchAhead bounds the bytes that all streams of a reader hold at a time.
	fetchAhead = 64 << 20
	// A request asks for between leastBlock and mostBlock bytes; streamBlocks of them are under way for each column.
	leastBlock, mostBlock = 256 << 10, 4 << 20
	streamBlocks          = 4
)

// fetcher fetches the column chunks of one decoder's columns. It does nothing for local files, which are read directly.
type fetcher struct {
	ctx     context.Context
	store   *storage.Store
	streams map[chunkPlace]chunkStream
	tasks   sync.WaitGroup
}

// chunkPlace is where a column chunk begins.
type chunkPlace struct {
	file   int
	offset int64
}

// chunkStream is a column's stream with the number of a chunk's first block.
type chunkStream struct {
	*stream
	first int
}

// stream is the blocks of one leaf column, row group after row group. Its decoder alone uses it.
type stream struct {
	fetcher *fetcher
	blocks  []*block
	started int // blocks that have been asked for
}

// block is a part of a column chunk. data and err are set before done is closed.
type block struct {
	object       storage.Object
	offset, size int64
	done         chan struct{}
	data         []byte
	err          error
}

// newFetcher plans the streams of some columns.
func newFetcher(ctx context.Context, d *Dataset, o ReadOptions, columns []int) *fetcher {
	f := &fetcher{ctx: ctx, store: d.store, streams: map[chunkPlace]chunkStream{}}
	size := int64(min(max(fetchAhead/streamBlocks/max(len(o.Columns), 1), leastBlock), mostBlock))
	for _, column := range columns {
		leaves := map[int]*stream{} // by the leaf's number within the column
		for _, g := range d.groups[o.From:o.To] {
			file := d.Files[g.File]
			if !storage.IsRemote(file.URI) {
				continue
			}
			for leaf, chunk := range file.file.Chunks(g.Index, o.Columns[column]) {
				if chunk.Offset < 0 || chunk.Size < 0 || chunk.Size > file.Size-chunk.Offset {
					continue // a damaged footer; the decoder will say so
				}
				if leaves[leaf] == nil {
					leaves[leaf] = &stream{fetcher: f}
				}
				f.streams[chunkPlace{g.File, chunk.Offset}] = chunkStream{stream: leaves[leaf], first: len(leaves[leaf].blocks)}
				leaves[leaf].plan(file.Object, chunk, size)
			}
		}
	}
	return f
}

// plan adds the blocks of a chunk.
func (s *stream) plan(o storage.Object, c parquetio.Chunk, size int64) {
	for offset := c.Offset; offset < c.Offset+c.Size; offset += size {
		s.blocks = append(s.blocks, &block{object: o, offset: offset, size: min(size, c.Offset+c.Size-offset), done: make(chan struct{})})
	}
}

// opener gives the reader of a row group's chunks; nil where files are read directly.
func (f *fetcher) opener(g RowGroup) func(parquetio.Chunk) io.ReaderAt {
	if len(f.streams) == 0 {
		return nil
	}
	return func(c parquetio.Chunk) io.ReaderAt {
		s, ok := f.streams[chunkPlace{g.File, c.Offset}]
		if !ok {
			return nil
		}
		return &chunkReader{stream: s.stream, first: s.first, chunk: c}
	}
}

// wait waits for the requests that are under way, which end with the reader's context.
func (f *fetcher) wait() { f.tasks.Wait() }

// ask starts the requests for blocks up to streamBlocks after the i-th.
func (s *stream) ask(i int) {
	for ; s.started < min(i+streamBlocks, len(s.blocks)); s.started++ {
		b := s.blocks[s.started]
		s.fetcher.tasks.Go(func() {
			defer close(b.done)
			data := make([]byte, b.size)
			b.err = s.fetcher.store.ReadAt(s.fetcher.ctx, b.object, data, b.offset)
			b.data = data
		})
	}
}

// block waits for the i-th block, and lets go of those before it.
func (s *stream) block(i int) (*block, error) {
	s.ask(i)
	for k := i - 1; k >= 0 && s.blocks[k].data != nil; k-- {
		s.blocks[k].data = nil
	}
	<-s.blocks[i].done
	return s.blocks[i], s.blocks[i].err
}

// chunkReader reads one column chunk from its stream. It implements io.ReaderAt for reading forwards; what lies before
// is asked for again.
type chunkReader struct {
	stream *stream
	first  int
	chunk  parquetio.Chunk
}

func (r *chunkReader) ReadAt(p []byte, offset int64) (int, error) {
	size, read := r.stream.blocks[r.first].size, 0
	for read < len(p) {
		at := offset + int64(read) - r.chunk.Offset
		if at < 0 || at >= r.chunk.Size {
			return read, io.EOF
		}
		b, err := r.stream.block(r.first + int(at/size))
		if err != nil {
			return read, err
		}
		if b.data == nil { // let go of; only a dictionary that is read twice gets here
			rest := p[read:min(len(p), read+int(b.size-at%size))]
			if err := r.stream.fetcher.store.ReadAt(r.stream.fetcher.ctx, b.object, rest, b.offset+at%size); err != nil {
				return read, err
			}
			read += len(rest)
			continue
		}
		read += copy(p[read:], b.data[at%size:])
	}
	return read, nil
}
