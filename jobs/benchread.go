// Benchmark of reading a dataset on this machine.

package jobs

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/report"
)

// ReadFigures are what reading a dataset into Arrow record batches, all columns, took: the median of several passes, each
// with its footers.
type ReadFigures struct {
	URI                string  `json:"uri"`
	Files              int     `json:"files"`
	FileBytes          int64   `json:"file_bytes"`
	Rows               int64   `json:"rows"`
	Columns            int     `json:"columns"`
	Threads            int     `json:"threads"`
	Seconds            float64 `json:"seconds"`
	RowsPerSecond      float64 `json:"rows_per_second"`
	BytesPerSecond     float64 `json:"bytes_per_second"`      // of Arrow buffers
	FileBytesPerSecond float64 `json:"file_bytes_per_second"` // as they are stored
}

// BenchRead reads the dataset over and over for about so long, at least three times.
func BenchRead(ctx context.Context, store *storage.Store, uri string, threads int, long time.Duration) (ReadFigures, error) {
	figures := ReadFigures{URI: uri, Threads: threads}
	var times []float64
	arrowBytes := int64(0)
	for start := time.Now(); time.Since(start) < long || len(times) < 3; {
		began := time.Now()
		d, err := arrowio.OpenDataset(ctx, store, []string{uri})
		if err != nil {
			return figures, err
		}
		if arrowBytes, err = readAll(ctx, d, threads); err != nil {
			return figures, err
		}
		times = append(times, time.Since(began).Seconds())
		figures.Files, figures.Rows, figures.Columns, figures.FileBytes = len(d.Files), d.Rows, len(d.Names()), 0
		for _, f := range d.Files {
			figures.FileBytes += f.Size
		}
	}
	slices.Sort(times)
	figures.Seconds = times[len(times)/2]
	figures.RowsPerSecond = float64(figures.Rows) / figures.Seconds
	figures.BytesPerSecond, figures.FileBytesPerSecond = float64(arrowBytes)/figures.Seconds, float64(figures.FileBytes)/figures.Seconds
	return figures, nil
}

// readAll reads every batch, and returns the bytes of their buffers.
func readAll(ctx context.Context, d *arrowio.Dataset, threads int) (bytes int64, err error) {
	reader, err := d.Read(ctx, arrowio.ReadOptions{Threads: threads})
	if err != nil {
		return 0, err
	}
	defer reader.Close()
	for {
		b, err := reader.Next()
		if err == io.EOF {
			return bytes, nil
		}
		if err != nil {
			return bytes, err
		}
		for _, c := range b.Columns() {
			bytes += bufferBytes(c.Data())
		}
		b.Release()
	}
}

func bufferBytes(data arrow.ArrayData) (bytes int64) {
	for _, b := range data.Buffers() {
		if b != nil {
			bytes += int64(b.Len())
		}
	}
	for _, child := range data.Children() {
		bytes += bufferBytes(child)
	}
	return bytes
}

// Write prints the figures for people.
func (f ReadFigures) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "%s\t%s rows, %d columns, %d files of %s\n", f.URI, report.Count(f.Rows), f.Columns, f.Files, size(f.FileBytes))
	fmt.Fprintf(t, "a pass\t%.3f s on %d threads\n", f.Seconds, f.Threads)
	fmt.Fprintf(t, "rate\t%s rows/s, %s/s into Arrow, %s/s as stored\n", report.Count(int64(f.RowsPerSecond)), size(int64(f.BytesPerSecond)), size(int64(f.FileBytesPerSecond)))
	return t.Flush()
}
