package arrowio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// ReadOptions say what of a dataset to read.
type ReadOptions struct {
	Columns []string // in this order; nil for all
	// From and To are a range of row groups; both zero for all.
	From, To  int
	BatchRows int // rows of a record at most; default 8,192
	// Ahead is how many records are decoded before they are asked for; default 4.
	Ahead int
	// Threads is how many goroutines decode, each some of the columns; default GOMAXPROCS.
	Threads int
	// Memory is what records are allocated from; default Arrow's, and for numbers one that uses memory again.
	Memory memory.Allocator
}

const (
	defaultBatchRows = 8192
	defaultAhead     = 4
)

// Batch is a record and the position of its first row in the dataset. Whoever gets it releases it.
type Batch struct {
	arrow.Record
	FirstRow int64
}

// RecordReader gives a dataset's records in order. Goroutines of its own decode ahead, each some of the columns; Close
// ends them and waits for them.
type RecordReader struct {
	dataset  *Dataset
	options  ReadOptions
	schema   *arrow.Schema
	spans    []span
	next     int // of spans
	decoders []*decoder
	cancel   context.CancelFunc
	ctx      context.Context
	wait     sync.WaitGroup
}

// span is the rows of one record. It never crosses a row group.
type span struct {
	group          RowGroup
	firstRow, rows int64
}

// Read starts reading. Records never cross a row group.
//
// Errors: ErrColumn, naming those that there are; parquetio.ErrUnsupported.
func (d *Dataset) Read(ctx context.Context, o ReadOptions) (*RecordReader, error) {
	if o.Columns == nil {
		o.Columns = d.Names()
	}
	if err := d.Has(o.Columns...); err != nil {
		return nil, err
	}
	o.complete(len(d.groups))
	ctx, cancel := context.WithCancel(ctx)
	r := &RecordReader{dataset: d, options: o, schema: d.Project(o.Columns), cancel: cancel, ctx: ctx, spans: d.spans(o)}
	for _, columns := range d.share(o) {
		c := &decoder{dataset: d, options: o, columns: columns, schema: r.schema, arrays: make(chan []arrow.Array, o.Ahead)}
		c.fetcher = newFetcher(ctx, d, o, columns)
		r.decoders = append(r.decoders, c)
		r.wait.Go(func() {
			defer close(c.arrays)
			c.err = c.run(ctx, r.spans)
			c.fetcher.wait()
		})
	}
	return r, nil
}

// complete puts defaults in place of zeros.
func (o *ReadOptions) complete(groups int) {
	if o.From == 0 && o.To == 0 {
		o.To = groups
	}
	if o.BatchRows <= 0 {
		o.BatchRows = defaultBatchRows
	}
	if o.Ahead <= 0 {
		o.Ahead = defaultAhead
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
}

// spans cuts the row groups into records.
func (d *Dataset) spans(o ReadOptions) []span {
	var spans []span
	for _, g := range d.groups[o.From:o.To] {
		for first := g.FirstRow; first < g.FirstRow+g.Rows; first += int64(o.BatchRows) {
			spans = append(spans, span{group: g, firstRow: first, rows: min(int64(o.BatchRows), g.FirstRow+g.Rows-first)})
		}
	}
	return spans
}

// share deals the columns out to as many decoders as there are threads, so that each has about the same number of bytes
// to decode. It gives positions in o.Columns, ascending.
func (d *Dataset) share(o ReadOptions) [][]int {
	size, order := make([]int64, len(o.Columns)), make([]int, len(o.Columns))
	for i, name := range o.Columns {
		order[i] = i
		for _, g := range d.groups[o.From:o.To] {
			size[i] += d.Files[g.File].file.DecodedBytes(g.Index, name)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
	shares, loads := make([][]int, min(o.Threads, len(order))), make([]int64, min(o.Threads, len(order)))
	for _, i := range order {
		least := slices.Index(loads, slices.Min(loads))
		shares[least], loads[least] = append(shares[least], i), loads[least]+size[i]+1
	}
	for _, s := range shares {
		slices.Sort(s)
	}
	return shares
}

// Has says whether the dataset has all of these columns, readable.
func (d *Dataset) Has(columns ...string) error {
	for _, name := range columns {
		if reason := d.Unsupported(name); reason != nil {
			return reason
		}
		if !d.Schema.HasField(name) {
			return fmt.Errorf("%w %q; there are %q", ErrColumn, name, d.Names())
		}
	}
	return nil
}

// Next returns the next batch, or io.EOF when there is none. Errors name the file, the row group and the column.
func (r *RecordReader) Next() (Batch, error) {
	if r.next == len(r.spans) {
		return Batch{}, io.EOF
	}
	at := r.spans[r.next]
	columns := make([]arrow.Array, len(r.schema.Fields()))
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for _, d := range r.decoders {
		arrays, ok := <-d.arrays
		if !ok {
			return Batch{}, cmp.Or(d.err, r.ctx.Err(), errClosed)
		}
		for i, a := range arrays {
			columns[d.columns[i]] = a
		}
	}
	r.next++
	return Batch{Record: array.NewRecord(r.schema, columns, at.rows), FirstRow: at.firstRow}, nil
}

// errClosed is what a reader gives after Close.
var errClosed = errors.New("the reader is closed")

// Close ends the reading and waits for its goroutines.
func (r *RecordReader) Close() {
	r.cancel()
	for _, d := range r.decoders {
		for arrays := range d.arrays {
			release(arrays)
		}
	}
	r.wait.Wait()
}

func release(arrays []arrow.Array) {
	for _, a := range arrays {
		a.Release()
	}
}

// Project is the schema of some columns, which must be there.
func (d *Dataset) Project(columns []string) *arrow.Schema {
	var fields []arrow.Field
	for _, name := range columns {
		f, _ := d.Schema.FieldsByName(name)
		fields = append(fields, f[0])
	}
	return arrow.NewSchema(fields, nil)
}
