// What makes a segment different: medians of numbers and shares of categories, against all sampled rows.

package jobs

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// segmentValues holds the sampled rows' values by column and segment.
type segmentValues struct {
	columns []segmentColumn
}

type segmentColumn struct {
	*profile.Column
	numbers map[int][]float64      // by segment
	texts   map[int]map[string]int // by segment: counts
}

func newSegmentValues(p *profile.Profile, names []string) *segmentValues {
	v := &segmentValues{}
	for _, name := range names {
		c, _ := p.Find(name)
		v.columns = append(v.columns, segmentColumn{Column: c, numbers: map[int][]float64{}, texts: map[int]map[string]int{}})
	}
	return v
}

// add takes the sampled rows of a batch, whose columns stand in the order of the names.
func (v *segmentValues) add(b arrowio.Batch, segments map[int64]int) error {
	for j := range v.columns {
		c := &v.columns[j]
		take, err := c.taker(b.Column(j))
		if err != nil {
			return err
		}
		for i := range int(b.NumRows()) {
			if s, ok := segments[b.FirstRow+int64(i)]; ok {
				take(i, s)
			}
		}
	}
	return nil
}

// taker returns a function that notes the value of row i for a segment.
func (c *segmentColumn) taker(values arrow.Array) (func(i, segment int), error) {
	if c.Reading == profile.Numeric {
		number, err := profile.Number(values)
		return func(i, segment int) {
			if v, ok := number(i); ok {
				c.numbers[segment] = append(c.numbers[segment], v)
			}
		}, err
	}
	text, err := profile.Text(values)
	return func(i, segment int) {
		if v, ok := text(i); ok {
			c.count(segment, v)
		}
	}, err
}

func (c *segmentColumn) count(segment int, value string) {
	if c.texts[segment] == nil {
		c.texts[segment] = map[string]int{}
	}
	c.texts[segment][value]++
}

// difference is one thing that a segment differs in, and how much: standard deviations, or the difference of shares.
type difference struct {
	size float64
	text string
}

// shownDifferences bounds what is said of a segment.
const shownDifferences = 4

// differences says what a segment differs in most.
func (v *segmentValues) differences(segment int) (texts []string) {
	var all []difference
	for j := range v.columns {
		c := &v.columns[j]
		if d, ok := c.numberDifference(segment); ok {
			all = append(all, d)
		}
		if d, ok := c.textDifference(segment); ok {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b difference) int { return cmp.Compare(b.size, a.size) })
	for _, d := range all[:min(len(all), shownDifferences)] {
		texts = append(texts, d.text)
	}
	return texts
}

func (c *segmentColumn) numberDifference(segment int) (difference, bool) {
	var everyone []float64
	for _, s := range slices.Sorted(maps.Keys(c.numbers)) {
		everyone = append(everyone, c.numbers[s]...)
	}
	if len(c.numbers[segment]) == 0 || c.StdDev == 0 {
		return difference{}, false
	}
	own, all := median(c.numbers[segment]), median(everyone)
	spread := (c.Quantiles[75] - c.Quantiles[25]) / 1.35 // of a normal distribution, its standard deviation
	if spread == 0 {
		spread = c.StdDev
	}
	size := math.Abs(own-all) / spread
	return difference{size: size, text: fmt.Sprintf("%s: median %s, of all rows %s", c.Name, readable(own), readable(all))}, size > 0.3
}

// textDifference finds the category whose share differs most.
func (c *segmentColumn) textDifference(segment int) (best difference, ok bool) {
	everyone, total, own := map[string]int{}, 0, 0
	for s, counts := range c.texts {
		for value, n := range counts {
			everyone[value] += n
			total += n
			if s == segment {
				own += n
			}
		}
	}
	if own == 0 {
		return best, false
	}
	for _, value := range slices.Sorted(maps.Keys(everyone)) {
		share, all := float64(c.texts[segment][value])/float64(own), float64(everyone[value])/float64(total)
		if size := 2 * math.Abs(share-all); size > best.size {
			best = difference{size: size, text: fmt.Sprintf("%s: %s in %.0f %%, of all rows in %.0f %%", c.Name, value, 100*share, 100*all)}
		}
	}
	return best, best.size > 0.2
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// readable writes a number with about four digits, large ones whole and in groups.
func readable(v float64) string {
	if math.Abs(v) >= 1000 && math.Abs(v) < 1e15 {
		return report.Count(int64(math.Round(v)))
	}
	return fmt.Sprintf("%.4g", v)
}
