// Charts as shapes for the page's inline SVG: only numbers and paths are made here, every text goes through the template.

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// palette is Okabe and Ito's, which colour-blind readers can tell apart, ordered for contrast on white and on black.
var palette = []string{"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8a7f00", "#7a5ea8"}

// tick is a mark on an axis.
type tick struct {
	At   float64 // pixels
	Text string
}

// axis maps values to pixels.
type axis struct {
	low, high float64 // values
	from, to  float64 // pixels
}

func (a axis) at(v float64) float64 {
	if a.high == a.low {
		return (a.from + a.to) / 2
	}
	return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from)
}

// ticks are about n round values.
func (a axis) ticks(n int) (list []tick) {
	if a.high <= a.low {
		return []tick{{At: a.at(a.low), Text: number(a.low)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((a.high-a.low)/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if (a.high-a.low)/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	for v := math.Ceil(a.low/step) * step; v <= a.high+step/1e6; v += step {
		list = append(list, tick{At: a.at(v), Text: strings.TrimSuffix(fmt.Sprintf("%.4g", v+0), ".0")})
	}
	return list
}

// LossChart is the training's curves.
type LossChart struct {
	X, Y                   []tick
	Train, Validation      string // polyline points
	BestX, BestY, Baseline float64
	HasBaseline            bool
	Dots                   []dot
}

// dot is a point with a text that shows when it is pointed at.
type dot struct {
	X, Y  float64
	Color string
	Text  string
}

// The plot area of the loss chart and the histogram, in pixels.
const (
	plotLeft, plotRight, plotTop, plotBottom = 52, 700, 14, 250
)

func lossChart(d Data) *LossChart {
	if len(d.Epochs) == 0 {
		return nil
	}
	low, high := math.Inf(1), math.Inf(-1)
	include := func(v float64) { low, high = min(low, v), max(high, v) }
	for _, e := range d.Epochs {
		include(e.Train)
		if e.Validation != nil {
			include(*e.Validation)
		}
	}
	c := &LossChart{HasBaseline: d.Baseline > 0}
	if c.HasBaseline {
		include(d.Baseline)
	}
	pad := (high - low) * 0.06
	x := axis{1, float64(max(d.Epochs[len(d.Epochs)-1].Number, 2)), plotLeft, plotRight}
	y := axis{max(low-pad, 0), high + pad, plotBottom, plotTop}
	c.X, c.Y, c.Baseline = x.ticks(10), y.ticks(5), y.at(d.Baseline)
	var train, validation []string
	for _, e := range d.Epochs {
		px := x.at(float64(e.Number))
		train = append(train, fmt.Sprintf("%.1f,%.1f", px, y.at(e.Train)))
		at, text := e.Train, fmt.Sprintf("epoch %d: training %s", e.Number, number(e.Train))
		if e.Validation != nil {
			validation = append(validation, fmt.Sprintf("%.1f,%.1f", px, y.at(*e.Validation)))
			at = *e.Validation
			text += ", held-out " + number(at)
		}
		c.Dots = append(c.Dots, dot{X: px, Y: y.at(at), Text: text})
		if e.Number == d.Best {
			c.BestX, c.BestY = px, y.at(at)
		}
	}
	c.Train, c.Validation = strings.Join(train, " "), strings.Join(validation, " ")
	return c
}

// Histogram is the distribution of scores, up to the 99.5th percentile, with the rest in the last bar.
type Histogram struct {
	X     []tick
	Bars  []bar
	Marks []tick
}

type bar struct {
	X, Y, Width, Height float64
	Text                string
}

func histogram(scores []float64) *Histogram {
	sorted := slices.DeleteFunc(slices.Clone(scores), math.IsNaN)
	if len(sorted) == 0 {
		return nil
	}
	slices.Sort(sorted)
	const bins = 60
	low, high := sorted[0], quantile(sorted, 0.995)
	if high == low {
		high = low + 1
	}
	x := axis{low, high, plotLeft, plotRight}
	counts := make([]float64, bins)
	for _, s := range sorted {
		counts[min(int((s-low)/(high-low)*bins), bins-1)]++
	}
	h := &Histogram{X: x.ticks(9)}
	most := slices.Max(counts)
	for i, n := range counts {
		height := n / most * (plotBottom - plotTop - 16)
		from, to := low+(high-low)*float64(i)/bins, low+(high-low)*float64(i+1)/bins
		text := fmt.Sprintf("%s to %s: %s rows", number(from), number(to), Count(int(n)))
		if i == bins-1 {
			text = fmt.Sprintf("from %s on: %s rows", number(from), Count(int(n)))
		}
		h.Bars = append(h.Bars, bar{X: x.at(from) + 0.5, Y: plotBottom - height, Width: x.at(to) - x.at(from) - 1, Height: height, Text: text})
	}
	for _, q := range []struct {
		p    float64
		name string
	}{{0.5, "half"}, {0.9, "90 %"}, {0.99, "99 %"}} {
		h.Marks = append(h.Marks, tick{At: x.at(quantile(sorted, q.p)), Text: q.name})
	}
	return h
}

// quantile of a sorted slice.
func quantile(sorted []float64, p float64) float64 {
	return sorted[int(math.Round(p*float64(len(sorted)-1)))]
}

// MapChart is the embeddings in the plane.
type MapChart struct {
	Dots     []dot
	Segments []int // in the legend; empty where colours are scores
}

// The plot area of the map.
const mapWidth, mapHeight = 700, 440

func mapChart(points []Point) *MapChart {
	if len(points) == 0 {
		return nil
	}
	var xs, ys, scores []float64
	for _, p := range points {
		xs, ys = append(xs, p.X), append(ys, p.Y)
		if !math.IsNaN(p.Score) {
			scores = append(scores, p.Score)
		}
	}
	slices.Sort(xs)
	slices.Sort(ys)
	slices.Sort(scores)
	// A few far rows must not press all others into a corner: the frame is the 0.1th to 99.9th percentile.
	x := axis{quantile(xs, 0.001), quantile(xs, 0.999), 14, mapWidth - 14}
	y := axis{quantile(ys, 0.001), quantile(ys, 0.999), mapHeight - 14, 14}
	c := &MapChart{}
	for _, p := range points {
		d := dot{X: clamp(x.at(p.X), 5, mapWidth-5), Y: clamp(y.at(p.Y), 5, mapHeight-5), Text: p.Label, Color: palette[0]}
		switch {
		case p.Segment >= 0:
			d.Color = palette[p.Segment%len(palette)]
			if !slices.Contains(c.Segments, p.Segment) {
				c.Segments = append(c.Segments, p.Segment)
			}
		case !math.IsNaN(p.Score):
			d.Color = heat(rank(scores, p.Score))
		}
		c.Dots = append(c.Dots, d)
	}
	slices.Sort(c.Segments)
	return c
}

func clamp(v, low, high float64) float64 { return min(max(v, low), high) }

// rank is the share of a sorted slice below v.
func rank(sorted []float64, v float64) float64 {
	i, _ := slices.BinarySearch(sorted, v)
	return float64(i) / float64(max(len(sorted)-1, 1))
}

// heat runs from blue for usual rows to orange for the most unusual twentieth.
func heat(rank float64) string {
	t := clamp((rank-0.75)/0.25, 0, 1)
	mix := func(a, b float64) int { return int(a + (b-a)*t) }
	return fmt.Sprintf("#%02x%02x%02x", mix(0x56, 0xd5), mix(0x9c, 0x5e), mix(0xc9, 0x00))
}

// columnBar is a column's loss beside its baseline, as shares of the widest bar.
type columnBar struct {
	Column
	Width, Mark float64 // percent
	Better      float64 // share of the baseline's loss that the model explains
}

func columnBars(columns []Column) (bars []columnBar) {
	widest := 0.0
	for _, c := range columns {
		if c.Used {
			widest = max(widest, c.Loss, c.Baseline)
		}
	}
	for _, c := range columns {
		if !c.Used {
			continue
		}
		b := columnBar{Column: c}
		if widest > 0 {
			b.Width, b.Mark = 100*c.Loss/widest, 100*c.Baseline/widest
		}
		if c.Baseline > 0 {
			b.Better = 1 - c.Loss/c.Baseline
		}
		bars = append(bars, b)
	}
	slices.SortStableFunc(bars, func(a, b columnBar) int {
		switch {
		case a.Better > b.Better:
			return -1
		case a.Better < b.Better:
			return 1
		}
		return 0
	})
	return bars
}
