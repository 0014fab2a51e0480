package arrowio

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
)

// decoder decodes some of a reader's columns, span after span.
type decoder struct {
	dataset *Dataset
	options ReadOptions
	schema  *arrow.Schema // of the records
	columns []int         // its own: positions in options.Columns
	fetcher *fetcher
	arrays  chan []arrow.Array // of one span; whoever receives releases them
	err     error              // set before arrays is closed

	group RowGroup          // the one that is open
	rows  *parquetio.Reader // of the columns that the file has; nil when none is open
	found []int             // by own column: where rows has it, −1 where the file lacks it
}

// run decodes the spans in order.
func (c *decoder) run(ctx context.Context, spans []span) error {
	defer c.close()
	for _, s := range spans {
		if err := ctx.Err(); err != nil {
			return err
		}
		arrays, err := c.decode(s)
		if err != nil {
			return fmt.Errorf("input %s, row group %d: from row %d on: %w", c.dataset.Files[s.group.File].URI, s.group.Index, s.firstRow, err)
		}
		select {
		case c.arrays <- arrays:
		case <-ctx.Done():
			release(arrays)
			return ctx.Err()
		}
	}
	return nil
}

func (c *decoder) close() {
	if c.rows != nil {
		c.rows.Close()
		c.rows = nil
	}
}

// decode returns the own columns of one span.
func (c *decoder) decode(s span) (arrays []arrow.Array, err error) {
	if c.rows == nil || c.group != s.group {
		if err := c.open(s.group); err != nil {
			return nil, err
		}
	}
	rec, err := c.rows.Next()
	if err != nil {
		return nil, err
	}
	defer rec.Release()
	file := c.dataset.Files[s.group.File]
	for i, column := range c.columns {
		a, err := c.column(rec, file, c.schema.Field(column), c.found[i], int(s.rows))
		if err != nil {
			release(arrays)
			return nil, err
		}
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// column is one column of a span: the file's, as the dataset's type, or the partition's value, or nulls.
func (c *decoder) column(rec arrow.Record, file DataFile, field arrow.Field, at, rows int) (arrow.Array, error) {
	switch {
	case at >= 0:
		return widen(rec.Column(at), field.Type, c.memory())
	case file.hasPartition(field.Name):
		return partitionArray(file, field, rows, c.memory())
	}
	return array.MakeArrayOfNull(c.memory(), field.Type, rows), nil
}

// open turns to the next row group.
func (c *decoder) open(g RowGroup) (err error) {
	c.close()
	file := c.dataset.Files[g.File].file
	var own []string
	c.group, c.found = g, make([]int, len(c.columns))
	for i, column := range c.columns {
		c.found[i] = -1
		if name := c.options.Columns[column]; file.Schema().HasField(name) {
			c.found[i] = len(own)
			own = append(own, name)
		}
	}
	c.rows, err = file.Read(g.Index, own, parquetio.ReadOptions{BatchRows: c.options.BatchRows, Memory: c.options.Memory, Open: c.fetcher.opener(g)})
	return err
}

// memory is what columns that no file has are allocated from.
func (c *decoder) memory() memory.Allocator {
	if c.options.Memory == nil {
		return memory.DefaultAllocator
	}
	return c.options.Memory
}
