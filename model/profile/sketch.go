// Summaries of bounded size: a uniform sample for quantiles, the smallest hashes for counting different values, and
// counts of categories.

package profile

import (
	"math"
	"math/bits"
	"slices"

	"github.com/lacuna-ml/lacuna/model/random"
)

// quantileCount is the number of quantiles kept: every hundredth, and both ends.
const quantileCount = 101

// sample keeps a uniform sample of a column's numbers: all of them up to its limit, then those of rows whose level, a
// geometric random number of the row, is high enough. It depends on rows and values alone, neither on batches nor on
// threads. Unlike a sketch with relative error (DDSketch), it is as good for timestamps and account numbers, whose
// differences are small against their size: the error is in ranks, about 1/√limit, 0.4 % for 65,536.
type sample struct {
	limit  int
	level  int
	values []sampled
}

type sampled struct {
	value float64
	level int
}

// rowLevel is 0 for half of all rows, 1 for a quarter, and so on.
func rowLevel(row int64) int {
	s := random.New(0, random.Sample, uint64(row))
	return bits.TrailingZeros64(s.Uint64())
}

func (s *sample) add(value float64, level int) {
	if level < s.level {
		return
	}
	s.values = append(s.values, sampled{value, level})
	for len(s.values) > s.limit {
		s.level++
		s.values = slices.DeleteFunc(s.values, func(v sampled) bool { return v.level < s.level })
	}
}

// quantiles returns quantileCount evenly spaced quantiles; the ends are the column's true least and greatest value.
func (s *sample) quantiles(least, greatest float64) []float64 {
	if len(s.values) == 0 {
		return nil
	}
	values := make([]float64, len(s.values))
	for i, v := range s.values {
		values[i] = v.value
	}
	slices.Sort(values)
	q := make([]float64, quantileCount)
	for i := range q {
		at := float64(i) / (quantileCount - 1) * float64(len(values)-1)
		below := int(at)
		above := min(below+1, len(values)-1)
		q[i] = values[below] + (at-float64(below))*(values[above]-values[below])
	}
	q[0], q[quantileCount-1] = least, greatest
	return q
}

// distinct counts different values by the k smallest of their hashes. Bar-Yossef et al., "Counting Distinct Elements in
// a Data Stream" (2002), algorithm 2.
type distinct struct {
	counts map[uint64]int64 // of hashes up to the threshold: how many cells have them
	upTo   uint64
}

// distinctHashes is k: counts are exact up to it, then within about 1/√k, 2 %.
const distinctHashes = 4096

func newDistinct() distinct { return distinct{counts: map[uint64]int64{}, upTo: math.MaxUint64} }

func (d *distinct) add(hash uint64) {
	if hash > d.upTo {
		return
	}
	d.counts[hash]++
	if len(d.counts) < 2*distinctHashes {
		return
	}
	hashes := make([]uint64, 0, len(d.counts))
	for h := range d.counts {
		hashes = append(hashes, h)
	}
	slices.Sort(hashes)
	d.upTo = hashes[distinctHashes-1]
	for _, h := range hashes[distinctHashes:] {
		delete(d.counts, h)
	}
}

func (d *distinct) estimate() int64 {
	if d.upTo == math.MaxUint64 {
		return int64(len(d.counts))
	}
	within := float64(d.upTo) / math.MaxUint64
	return int64(math.Round(float64(len(d.counts)) / within))
}

// unique says whether no value was seen twice, as far as the kept hashes tell: a column in which one value in a hundred
// is repeated passes for unique with a probability of e⁻⁴¹.
func (d *distinct) unique() bool {
	for _, n := range d.counts {
		if n > 1 {
			return false
		}
	}
	return true
}

// categories counts values exactly, up to a number of different ones; then it gives up and keeps none.
type categories struct {
	counts   map[string]int64
	overflow bool
}

// maxCandidates is the number of different values that a categorical column may have.
const maxCandidates = 10_000

func (c *categories) add(value string) {
	if c.overflow {
		return
	}
	c.counts[value]++
	if len(c.counts) > maxCandidates {
		c.counts, c.overflow = nil, true
	}
}

// top returns the most frequent values, by count and then by value, and the count of the rest.
func (c *categories) top(n int) (kept []Category, rest int64) {
	for v, count := range c.counts {
		kept = append(kept, Category{Value: v, Count: count})
	}
	slices.SortFunc(kept, func(a, b Category) int {
		switch {
		case a.Count != b.Count:
			return int(min(max(b.Count-a.Count, -1), 1))
		case a.Value < b.Value:
			return -1
		}
		return 1
	})
	for _, category := range kept[min(n, len(kept)):] {
		rest += category.Count
	}
	return kept[:min(n, len(kept))], rest
}
