// probe asks what embeddings are worth: it trains a model on a dataset without its label, and compares logistic regression
// on the frozen embeddings with logistic regression on the raw columns, one-hot and standardised, on rows held out.
//
//	go run ./scripts/eval/probe -train DATA/adult/train.parquet -test DATA/adult/test.parquet -id row_id -label income
//
// It prints one table. Both regressions are the same: L2 penalty of 1, features standardised on the training rows.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// settingList is a repeatable flag.
type settingList []string

func (s *settingList) String() string     { return strings.Join(*s, " ") }
func (s *settingList) Set(v string) error { *s = append(*s, v); return nil }

// evaluation is what is compared, and on what.
type evaluation struct {
	train, test, id, label string
	settings               settingList
	store                  *storage.Store
}

func main() {
	e := &evaluation{store: storage.New(storage.Options{})}
	flag.StringVar(&e.train, "train", "", "Parquet of the training rows")
	flag.StringVar(&e.test, "test", "", "Parquet of the rows to judge on")
	flag.StringVar(&e.id, "id", "", "id column")
	flag.StringVar(&e.label, "label", "", "label column, kept out of training")
	flag.Var(&e.settings, "set", "a field of the job: path=value (repeatable)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := e.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

func (e *evaluation) run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "lacuna-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	trained, err := e.embed(ctx, folder, "train", e.train)
	if err != nil {
		return err
	}
	if _, err := e.embed(ctx, folder, "test", e.test); err != nil {
		return err
	}
	labels, err := e.labels(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d epochs (best %d), held-out loss %.4f, %.0f s\n\n", trained.Epochs, trained.BestEpoch, trained.Loss, trained.Seconds)
	fmt.Printf("%-42s %10s %10s\n", "logistic regression on", "features", "accuracy")
	for _, features := range []struct {
		name string
		load func(ctx context.Context, part string) ([][]float64, error)
	}{
		{"raw columns, one-hot and standardised", e.raw},
		{"frozen embeddings", func(ctx context.Context, part string) ([][]float64, error) {
			return e.embeddings(ctx, filepath.Join(folder, part))
		}},
	} {
		train, err := features.load(ctx, "train")
		if err != nil {
			return err
		}
		test, err := features.load(ctx, "test")
		if err != nil {
			return err
		}
		standardise(train, test)
		weights, err := fit(train, labels["train"])
		if err != nil {
			return err
		}
		fmt.Printf("%-42s %10d %10.4f\n", features.name, len(train[0]), accuracy(weights, test, labels["test"]))
	}
	return nil
}

// embed runs the job over one of the files; the second finds the model of the first.
func (e *evaluation) embed(ctx context.Context, folder, part, uri string) (jobs.Result, error) {
	settings := append([]string{"input.uri=" + uri, "input.id=[" + e.id + "]", "input.ignore=[" + e.label + "]",
		"model.uri=" + filepath.Join(folder, "model"), "output.uri=" + filepath.Join(folder, part), "apply.outputs=[embedding]"}, e.settings...)
	job, err := jobfile.Parse("the probe's job", []byte("name: probe\n"), settings)
	if err != nil {
		return jobs.Result{}, err
	}
	shown := progress.New(os.Stderr, progress.Options{})
	defer shown.Close()
	r, err := jobs.NewRun(job, shown)
	if err != nil {
		return jobs.Result{}, err
	}
	return r.All(ctx)
}

// each reads columns of a dataset, batch by batch; nil for all.
func (e *evaluation) each(ctx context.Context, uri string, columns []string, take func(rec arrow.Record) error) error {
	d, err := arrowio.OpenDataset(ctx, e.store, []string{uri})
	if err != nil {
		return err
	}
	reader, err := d.Read(ctx, arrowio.ReadOptions{Columns: columns})
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
		err = take(b.Record)
		b.Release()
		if err != nil {
			return err
		}
	}
}

// labels are 1 for the value of the first training row's label, 0 for others, by part.
func (e *evaluation) labels(ctx context.Context) (map[string][]float64, error) {
	positive, labels := "", map[string][]float64{}
	for _, part := range []struct{ name, uri string }{{"train", e.train}, {"test", e.test}} {
		err := e.each(ctx, part.uri, []string{e.label}, func(rec arrow.Record) error {
			text, err := profile.Text(rec.Column(0))
			if err != nil {
				return err
			}
			for i := range int(rec.NumRows()) {
				v, _ := text(i)
				// Some test files end labels with a full stop.
				v = strings.TrimSuffix(v, ".")
				if positive == "" {
					positive = v
				}
				label := 0.0
				if v == positive {
					label = 1
				}
				labels[part.name] = append(labels[part.name], label)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return labels, nil
}

func (e *evaluation) embeddings(ctx context.Context, uri string) (rows [][]float64, err error) {
	err = e.each(ctx, uri, []string{model.EmbeddingColumn}, func(rec arrow.Record) error {
		lists := rec.Column(0).(*array.List)
		values := lists.ListValues().(*array.Float32).Float32Values()
		for i := range int(rec.NumRows()) {
			from, to := lists.ValueOffsets(i)
			var row []float64
			for _, v := range values[from:to] {
				row = append(row, float64(v))
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

// raw are a part's columns as features: numbers as they are, with a mean for missing ones, and a one for each category
// of the training rows.
func (e *evaluation) raw(ctx context.Context, part string) ([][]float64, error) {
	uri := map[string]string{"train": e.train, "test": e.test}[part]
	p, err := e.profile(ctx)
	if err != nil {
		return nil, err
	}
	var rows [][]float64
	err = e.each(ctx, uri, nil, func(rec arrow.Record) error {
		first := len(rows)
		for range rec.NumRows() {
			rows = append(rows, nil)
		}
		for j, field := range rec.Schema().Fields() {
			c, _ := p.Find(field.Name)
			if field.Name == e.id || field.Name == e.label || !model.Usable(c.Reading) {
				continue
			}
			if err := expand(rows[first:], rec.Column(j), c); err != nil {
				return err
			}
		}
		return nil
	})
	return rows, err
}

// expand appends a column's features to every row.
func expand(rows [][]float64, values arrow.Array, c *profile.Column) error {
	if len(c.Categories) == 0 {
		number, err := profile.Number(values)
		if err != nil {
			return err
		}
		for i := range rows {
			v, ok := number(i)
			if !ok {
				v = c.Mean
			}
			rows[i] = append(rows[i], v)
		}
		return nil
	}
	text, err := profile.Text(values)
	if err != nil {
		return err
	}
	for i := range rows {
		v, _ := text(i)
		for _, category := range c.Categories {
			one := 0.0
			if category.Value == v {
				one = 1
			}
			rows[i] = append(rows[i], one)
		}
	}
	return nil
}

// profile is what the training rows say of the columns.
func (e *evaluation) profile(ctx context.Context) (*profile.Profile, error) {
	var b *profile.Builder
	err := e.each(ctx, e.train, nil, func(rec arrow.Record) (err error) {
		if b == nil {
			if b, err = profile.NewBuilder(rec.Schema(), profile.Options{}); err != nil {
				return err
			}
		}
		return b.Add(rec)
	})
	if err != nil {
		return nil, err
	}
	return b.Finish(), nil
}
