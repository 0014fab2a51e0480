package arrowio

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
)

// ReadOptions say what of a dataset to read.
type ReadOptions struct {
	Columns []string // in this order; nil for all
	// From and To are a range of row groups; both zero for all.
	From, To  int
	BatchRows int // rows of a record at most; default 8,192
	// Ahead is how many records are decoded before they are asked for; default 4.
	Ahead  int
	Memory memory.Allocator // default Arrow's
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

// RecordReader gives a dataset's records in order. A goroutine of its own decodes ahead; Close ends it and waits for it.
type RecordReader struct {
	batches chan Batch
	err     error // set before batches is closed
	cancel  context.CancelFunc
	wait    sync.WaitGroup
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
	if o.From == 0 && o.To == 0 {
		o.To = len(d.groups)
	}
	if o.BatchRows <= 0 {
		o.BatchRows = defaultBatchRows
	}
	if o.Ahead <= 0 {
		o.Ahead = defaultAhead
	}
	if o.Memory == nil {
		o.Memory = memory.DefaultAllocator
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &RecordReader{batches: make(chan Batch, o.Ahead), cancel: cancel}
	r.wait.Go(func() {
		defer close(r.batches)
		r.err = d.decode(ctx, o, r.batches)
	})
	return r, nil
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
	b, ok := <-r.batches
	if ok {
		return b, nil
	}
	if r.err != nil {
		return Batch{}, r.err
	}
	return Batch{}, io.EOF
}

// Close ends the reading and waits for its goroutine.
func (r *RecordReader) Close() {
	r.cancel()
	for b := range r.batches {
		b.Release()
	}
	r.wait.Wait()
}

// decode reads one row group after the other into batches.
func (d *Dataset) decode(ctx context.Context, o ReadOptions, batches chan<- Batch) error {
	schema := d.Project(o.Columns)
	for _, g := range d.groups[o.From:o.To] {
		if err := d.decodeGroup(ctx, o, schema, g, batches); err != nil {
			return fmt.Errorf("input %s, row group %d: %w", d.Files[g.File].URI, g.Index, err)
		}
	}
	return nil
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

func (d *Dataset) decodeGroup(ctx context.Context, o ReadOptions, schema *arrow.Schema, g RowGroup, batches chan<- Batch) error {
	f := d.Files[g.File]
	var own []string
	for _, name := range o.Columns {
		if f.file.Schema().HasField(name) {
			own = append(own, name)
		}
	}
	rows, err := f.file.Read(g.Index, own, o.BatchRows, o.Memory)
	if err != nil {
		return err
	}
	defer rows.Close()
	for first := g.FirstRow; first < g.FirstRow+g.Rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := d.next(rows, f, schema, min(int64(o.BatchRows), g.FirstRow+g.Rows-first), o.Memory)
		if err != nil {
			return fmt.Errorf("from row %d on: %w", first, err)
		}
		taken := rec.NumRows()
		select {
		case batches <- Batch{Record: rec, FirstRow: first}:
		case <-ctx.Done():
			rec.Release()
			return ctx.Err()
		}
		first += taken
	}
	return nil
}

// next reads a record of a file and puts partition columns among its own.
func (d *Dataset) next(rows *parquetio.Reader, f DataFile, schema *arrow.Schema, n int64, m memory.Allocator) (arrow.Record, error) {
	rec, err := rows.Next()
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	columns := make([]arrow.Array, 0, len(schema.Fields()))
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for _, field := range schema.Fields() {
		if at := rec.Schema().FieldIndices(field.Name); len(at) > 0 {
			rec.Column(at[0]).Retain()
			columns = append(columns, rec.Column(at[0]))
			continue
		}
		column, err := partitionArray(f, field, int(n), m)
		if err != nil {
			return nil, err
		}
		columns = append(columns, column)
	}
	return array.NewRecord(schema, columns, n), nil
}
