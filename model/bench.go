// Benchmarks: rows per second of training, embedding and scoring, on random rows of an architecture's shape.

package model

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
	"github.com/lacuna-ml/lacuna/model/random"
)

// Rate is how fast one kind of work goes.
type Rate struct {
	RowsPerSecond float64
	FLOPPerRow    float64 // two for each multiply-add of matrix products and attention
}

// GFLOPS is billions of floating-point operations a second.
func (r Rate) GFLOPS() float64 { return r.RowsPerSecond * r.FLOPPerRow / 1e9 }

// benchSeed is that of random rows, weights and masks.
const benchSeed = 1

// BenchResult holds the three rates of a model.
type BenchResult struct {
	Parameters          int
	EmbeddingWidth      int
	Train, Embed, Score Rate // Score is one masked forward pass with its loss for each row
}

// BenchAutoencoder makes the autoencoder that c describes, for a table of so many numeric columns where it is of one.
func BenchAutoencoder(c Config, columns int) (Autoencoder, error) {
	if c.Kind == "vision" {
		return newVisionAutoencoder(*c.Vision, c.Architecture)
	}
	p := &profile.Profile{}
	for i := range columns {
		p.Columns = append(p.Columns, profile.Column{Name: fmt.Sprintf("c%d", i), Reading: profile.Numeric, StdDev: 1, Min: -10, Max: 10})
	}
	return NewNetwork(c, p)
}

// Bench measures an autoencoder on a batch of rows, for about so long each.
func Bench(ctx context.Context, network Autoencoder, maskRatio float64, device program.Device, samples Samples, each time.Duration) (BenchResult, error) {
	programs, rows := network.Programs(), samples.Len()
	result := BenchResult{Parameters: programs.Training.Layout.Size(), EmbeddingWidth: programs.EmbeddingWidth()}
	weights := InitialParameters(programs.Training.Layout, benchSeed)
	hidden := RandomMask(benchSeed, maskRatio, 0)
	for _, work := range []struct {
		rate    *Rate
		program *program.Program
		mask    Mask
		train   bool
	}{
		{&result.Train, programs.Training, hidden, true},
		{&result.Embed, programs.Embedding, NoMask, false},
		{&result.Score, programs.Reconstruction, hidden, false},
	} {
		b := &batch{network: network, program: work.program, samples: samples, mask: work.mask, counted: work.train}
		session := device.Compile(work.program)
		session.Load(weights)
		seconds, err := repeat(each, func(i int) error {
			if !work.train {
				return session.Forward(ctx, b)
			}
			_, err := session.Gradient(ctx, b)
			session.Update(program.AdamW{Step: i + 1, LearningRate: 1e-4, Beta1: beta1, Beta2: beta2, Epsilon: adamEpsilon, WeightDecay: 0.05})
			return err
		})
		if err != nil {
			return result, err
		}
		*work.rate = Rate{RowsPerSecond: float64(rows) / seconds, FLOPPerRow: flopPerRow(b, work.train)}
	}
	return result, nil
}

// RandomRows are so many rows of standard normal numbers.
func RandomRows(n Autoencoder, rows int) Samples {
	width := n.Width()
	values, positions := make([]float32, rows*width), make([]int64, rows)
	for i := range positions {
		positions[i] = int64(i)
		s := random.New(benchSeed, random.Demo, uint64(i))
		for j := range width {
			values[i*width+j] = float32(s.Normal())
		}
	}
	return newSamples(values, positions, width)
}

// RecordRows are the rows of a record.
func RecordRows(n Network, rec arrow.Record) (Samples, error) { return encodeRecord(n, rec, 0) }

// repeat calls step for about so long after one call to warm up, and returns the median seconds of a call.
func repeat(long time.Duration, step func(i int) error) (float64, error) {
	if err := step(0); err != nil {
		return 0, err
	}
	var times []float64
	for start := time.Now(); time.Since(start) < long || len(times) < 3; {
		before := time.Now()
		if err := step(len(times) + 1); err != nil {
			return 0, err
		}
		times = append(times, time.Since(before).Seconds())
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// flopPerRow counts the work of a whole batch, as the axis sizes of its masks make it.
func flopPerRow(b *batch, backward bool) float64 {
	f := program.NewFeed(b.program, b.Rows())
	f.Resize(program.Rows, b.Rows())
	b.Fill(0, b.Rows(), f)
	return 2 * float64(b.program.MultiplyAdds(f.Sizes, backward)) / float64(b.Rows())
}
