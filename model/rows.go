// Training rows: where they come from, which are held out, and in which order an epoch takes them.

package model

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/random"
)

// Source gives all rows of a dataset, in the same order at every call: it calls yield with each record and the position
// of its first row, and stops at the first error. The record is released after yield returns.
type Source func(ctx context.Context, yield func(rec arrow.Record, firstRow int64) error) error

// maxValidation and maxValidationCells bound the held-out rows: more would cost time in every epoch and say nothing new,
// and those of a wide table would not fit.
const maxValidation, maxValidationCells = 20_000, 1 << 24

// holdout says which rows are held out: each by a draw of its own, so that more data moves no row across.
type holdout struct {
	seed    uint64
	purpose random.Purpose
	share   float64
}

func newHoldout(seed uint64, share float64, rows int64, width int) holdout {
	return holdout{seed: seed, purpose: random.Split, share: float64(ValidationRows(share, rows, width)) / float64(max(rows, 1))}
}

// ValidationRows is about how many of so many rows are held out, where a share is asked for.
func ValidationRows(share float64, rows int64, width int) int64 {
	return int64(min(share*float64(rows), maxValidation, maxValidationCells/float64(width)))
}

// newSample says which rows are learnt from, where that is not all of them.
func newSample(seed uint64, sample, rows int64) holdout {
	h := holdout{seed: seed, purpose: random.TrainRows, share: 1}
	if sample > 0 {
		h.share = min(float64(sample)/float64(max(rows, 1)), 1)
	}
	return h
}

func (h holdout) contains(row int64) bool {
	if h.share >= 1 {
		return true
	}
	stream := random.New(h.seed, h.purpose, uint64(row))
	return stream.Float64() < h.share
}

// window holds as many encoded training rows as memory allows: all of them, or a run at a time, shuffled within.
type window struct {
	values []float32
	rows   []int64
	width  int
	limit  int // rows
}

func (w *window) full() bool { return len(w.rows) >= w.limit }

func (w *window) reset() { w.values, w.rows = w.values[:0], w.rows[:0] }

func (w *window) add(values []float32, row int64) {
	w.values = append(w.values, values...)
	w.rows = append(w.rows, row)
}

// samples are the window's rows, sharing its memory.
func (w *window) samples() Samples { return newSamples(w.values, w.rows, w.width) }

func newSamples(values []float32, rows []int64, width int) Samples {
	return Samples{Values: tensor.New(tensor.WithShape(len(rows), width), tensor.WithBacking(values)), Rows: rows}
}

// order is the order in which an epoch takes the window's rows: a permutation drawn from the seed, the epoch and the
// window's first row.
func (w *window) order(seed uint64, epoch int) []int32 {
	order := make([]int32, len(w.rows))
	stream := random.New(seed, random.Shuffle, maskIndex(w.rows[0], epoch))
	stream.Perm(order)
	return order
}

// eachRow encodes all rows of a source and calls yield for each, in order.
func eachRow(ctx context.Context, n Network, source Source, yield func(values []float32, row int64) error) error {
	var values []float32
	return source(ctx, func(rec arrow.Record, firstRow int64) error {
		values = slices.Grow(values[:0], int(rec.NumRows())*n.Width())[:int(rec.NumRows())*n.Width()]
		if err := n.Encode(rec, values); err != nil {
			return err
		}
		for i := range int(rec.NumRows()) {
			if err := yield(values[i*n.Width():(i+1)*n.Width()], firstRow+int64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}
