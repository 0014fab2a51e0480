package jobs

import (
	"bytes"
	"context"
	"fmt"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/demo"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
)

const (
	demoRows = 10_000
	demoSeed = 17
)

// Demo writes a dataset and a job file into a folder, local or s3://, and runs the job. settings are as --set's.
func Demo(ctx context.Context, folder string, settings []string, p *progress.Progress) (Result, error) {
	text := demo.JobFile(folder)
	job, err := jobfile.Parse("the demo's job file", []byte(text), settings)
	if err != nil {
		return Result{}, err
	}
	r, err := NewRun(job, p)
	if err != nil {
		return Result{}, err
	}
	if err := r.writeDemo(ctx, folder, text); err != nil {
		return Result{}, err
	}
	return r.All(ctx)
}

// writeDemo writes the dataset unless it is there, so that a second demo finds its work done.
func (r *Run) writeDemo(ctx context.Context, folder, job string) error {
	uri := storage.Join(folder, "customers", "customers.parquet")
	if _, err := r.store.Stat(ctx, uri); err == nil {
		return nil
	}
	rec := demo.Generate(demoRows, demoSeed)
	defer rec.Release()
	var file bytes.Buffer
	w, err := parquetio.NewWriter(&file, demo.Schema, parquetio.WriterOptions{Version: Version, RowGroupRows: demoRows / 4})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := w.Write(rec); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := r.store.Write(ctx, uri, file.Bytes(), storage.Replace); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return r.store.Write(ctx, storage.Join(folder, "job.yaml"), []byte(job), storage.Replace)
}
