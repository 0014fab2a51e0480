// The input: a dataset, and which of its columns are copied, learned from, or left out.

package jobs

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// input is an opened dataset with the job's view of its columns.
type input struct {
	*arrowio.Dataset
	ids     []string
	learned []string // candidates: everything but ids and ignored columns
}

// openInput reads the footers of the input and checks the columns that the job names.
func (r *Run) openInput(ctx context.Context) (*input, error) {
	dataset, err := arrowio.OpenDataset(ctx, r.store, r.job.Input.URI)
	if err != nil {
		return nil, err
	}
	if dataset.Rows == 0 {
		return nil, fmt.Errorf("input %s: %w: it has no rows", r.job.Input.URI[0], ErrInvalid)
	}
	named := map[string][]string{"input.id": r.job.Input.ID, "input.ignore": r.job.Input.Ignore}
	for _, path := range []string{"input.id", "input.ignore"} {
		if err := hasColumns(dataset, path, named[path]); err != nil {
			return nil, err
		}
	}
	in := &input{Dataset: dataset, ids: r.job.Input.ID}
	for _, name := range dataset.Names() {
		if !slices.Contains(r.job.Input.ID, name) && !slices.Contains(r.job.Input.Ignore, name) {
			in.learned = append(in.learned, name)
		}
	}
	if len(in.learned) == 0 {
		return nil, fmt.Errorf("input: %w: every column is an id or ignored", model.ErrNoColumns)
	}
	return in, nil
}

// hasColumns checks columns that the job names. An ignored column may be of any type; an id must be readable.
func hasColumns(d *arrowio.Dataset, path string, columns []string) error {
	for _, name := range columns {
		if path == "input.ignore" && d.Unsupported(name) != nil {
			continue
		}
		if err := d.Has(name); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// readings are the readings that the job sets.
func (r *Run) readings() map[string]profile.Reading {
	readings := map[string]profile.Reading{}
	for column, reading := range r.job.Input.Columns {
		readings[column] = profile.Reading(reading)
	}
	return readings
}

// profileInput learns what the columns hold, from the first rows or, with rows at 0, from all.
func (r *Run) profileInput(ctx context.Context, in *input, rows int64, count func(n int64)) (*profile.Profile, error) {
	reader, err := in.Read(ctx, arrowio.ReadOptions{Columns: in.learned})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	schema := in.Project(in.learned)
	b, err := profile.NewBuilder(schema, profile.Options{Columns: r.readings(), MaxCategories: r.job.Input.MaxCategories})
	if err != nil {
		return nil, fmt.Errorf("input.columns: %w: %w", ErrInvalid, err)
	}
	for seen := int64(0); rows == 0 || seen < rows; {
		batch, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		err = b.Add(batch.Record)
		seen += batch.NumRows()
		count(batch.NumRows())
		batch.Release()
		if err != nil {
			return nil, err
		}
	}
	return b.Finish(), nil
}

// source gives the rows of some columns to the model.
func (in *input) source(columns []string) model.Source {
	return func(ctx context.Context, yield func(arrow.Record, int64) error) error {
		return in.each(ctx, arrowio.ReadOptions{Columns: columns, BatchRows: batchRows(len(columns))}, func(b arrowio.Batch) error {
			return yield(b.Record, b.FirstRow)
		})
	}
}

// head reads the first rows, at most so many; the caller releases them.
func (in *input) head(ctx context.Context, columns []string, rows int) (arrow.Record, error) {
	reader, err := in.Read(ctx, arrowio.ReadOptions{Columns: columns, BatchRows: rows, Ahead: 1})
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	b, err := reader.Next()
	return b.Record, err
}

// each calls yield for every batch and releases it.
func (in *input) each(ctx context.Context, o arrowio.ReadOptions, yield func(arrowio.Batch) error) error {
	reader, err := in.Read(ctx, o)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		b, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		err = yield(b)
		b.Release()
		if err != nil {
			return err
		}
	}
}

// batchRows keeps the cells of a record within bounds, however wide the table.
func batchRows(columns int) int {
	const cells = 1 << 18
	return min(max(cells/max(columns, 1), 64), 8192)
}
