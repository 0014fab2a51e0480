// Batches: encoded rows with their masks, as devices ask for them.

package model

import (
	"sync"

	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/program"
)

func init() { tensor.DontUsePool() } // its pool and slices that are shared with Arrow don't mix

// Samples are encoded rows: what a kind makes of records, and all that training and applying work on.
type Samples struct {
	Values *tensor.Dense // [N, Width] float32
	Rows   []int64       // position of each row in its dataset
}

// Len is the number of rows.
func (s Samples) Len() int { return len(s.Rows) }

// batch implements program.Batch over chosen rows, each with a mask drawn for it.
type batch struct {
	network Autoencoder
	program *program.Program // one of the network's
	samples Samples
	pick    []int32 // which rows, nil for all
	mask    Mask
	// counted says whether the samples count in a loss, its mean over rows of the mean over hidden tokens.
	counted bool
	// collect reads the results of rows [from, to) of the batch; nil when nobody wants them.
	collect func(from, to int, f *program.Feed, samples []Sample)
	scratch sync.Pool // *sampleScratch
}

// sampleScratch is the memory that one Fill or Collect works in.
type sampleScratch struct {
	samples []Sample
	weights []float32
	order   []int32
}

func (b *batch) Rows() int {
	if b.pick != nil {
		return len(b.pick)
	}
	return b.samples.Len()
}

func (b *batch) Fill(from, to int, f *program.Feed) {
	s := b.scratchFor(to - from)
	defer b.scratch.Put(s)
	samples, weights := b.draw(from, to, s), s.weights[:to-from]
	for i, sample := range samples {
		weights[i] = 0
		if hidden := count(sample.States, Hidden); b.counted && hidden > 0 {
			weights[i] = 1 / (float32(b.Rows()) * float32(hidden))
		}
	}
	b.network.Fill(f, b.program, samples, weights)
}

func (b *batch) Collect(from, to int, f *program.Feed) {
	if b.collect == nil {
		return
	}
	s := b.scratchFor(to - from)
	defer b.scratch.Put(s)
	b.collect(from, to, f, b.draw(from, to, s))
}

// draw takes rows [from, to) of the batch and draws their masks.
func (b *batch) draw(from, to int, s *sampleScratch) []Sample {
	values, width := b.samples.Values.Data().([]float32), b.network.Width()
	samples := s.samples[:to-from]
	for i := range samples {
		row := from + i
		if b.pick != nil {
			row = int(b.pick[row])
		}
		samples[i].Values = values[row*width : (row+1)*width]
		b.network.Present(samples[i].Values, samples[i].States)
		b.mask(b.samples.Rows[row], samples[i].States, s.order)
	}
	return samples
}

// scratchFor returns scratch for n samples; the caller puts it back.
func (b *batch) scratchFor(n int) *sampleScratch {
	tokens := len(b.network.Tokens())
	s, ok := b.scratch.Get().(*sampleScratch)
	if !ok {
		s = &sampleScratch{order: make([]int32, tokens)}
	}
	for len(s.samples) < n {
		s.samples = append(s.samples, Sample{States: make([]State, tokens)})
		s.weights = append(s.weights, 0)
	}
	return s
}

func count(states []State, s State) int {
	n := 0
	for _, t := range states {
		if t == s {
			n++
		}
	}
	return n
}
