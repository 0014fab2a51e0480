// Segments: k-means on embeddings. The centres are part of the model, so that tomorrow's run gives the same row the same
// segment.

package model

import (
	"context"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/random"
)

// Segments are the centres of k-means clusters of embeddings, the largest cluster first.
type Segments struct {
	Centres *tensor.Dense // [k, d]
}

const (
	segmentRows     = 20_000 // centres are found on at most so many training rows
	segmentAttempts = 8      // first centres drawn; the tightest result is kept
	segmentRounds   = 100    // of assigning and averaging, at most
)

// FitSegments finds k centres of embeddings [N, d]; fewer when there are fewer rows.
//
// Arthur and Vassilvitskii, "k-means++: The Advantages of Careful Seeding" (2007); Lloyd (1982).
func FitSegments(embedded *tensor.Dense, k int, seed uint64) *Segments {
	rows := split(embedded.Data().([]float32), embedded.Shape()[1])
	k = min(k, len(rows))
	var best [][]float32
	tightest := math.Inf(1)
	for attempt := range uint64(segmentAttempts) {
		centres, spread := lloyd(rows, firstCentres(rows, k, random.New(seed, random.Clusters, attempt)))
		if spread < tightest {
			best, tightest = centres, spread
		}
	}
	return &Segments{Centres: tensor.New(tensor.WithShape(k, embedded.Shape()[1]), tensor.WithBacking(slices.Concat(bySize(rows, best)...)))}
}

// Assign returns the nearest centre of each embedding [N, d].
func (s *Segments) Assign(embedded *tensor.Dense) []int32 {
	centres := split(s.Centres.Data().([]float32), s.Centres.Shape()[1])
	nearest := make([]int32, embedded.Shape()[0])
	for i, row := range split(embedded.Data().([]float32), embedded.Shape()[1]) {
		at, _ := closest(row, centres)
		nearest[i] = int32(at)
	}
	return nearest
}

// firstCentres draws k rows, each with a chance in proportion to its squared distance from those already drawn.
func firstCentres(rows [][]float32, k int, stream random.Stream) [][]float32 {
	centres := [][]float32{slices.Clone(rows[stream.IntN(len(rows))])}
	distances := make([]float64, len(rows))
	for i, row := range rows {
		distances[i] = squaredDistance(row, centres[0])
	}
	for len(centres) < k {
		total := 0.0
		for _, d := range distances {
			total += d
		}
		at, target := 0, stream.Float64()*total
		for at < len(rows)-1 && target >= distances[at] {
			target -= distances[at]
			at++
		}
		centres = append(centres, slices.Clone(rows[at]))
		for i, row := range rows {
			distances[i] = min(distances[i], squaredDistance(row, centres[len(centres)-1]))
		}
	}
	return centres
}

// lloyd moves centres to the means of their rows until no row changes its centre, and returns them with the sum of
// squared distances.
func lloyd(rows, centres [][]float32) ([][]float32, float64) {
	nearest, spread := make([]int, len(rows)), 0.0
	for round := range segmentRounds {
		moved := round == 0
		spread = 0
		for i, row := range rows {
			at, d := closest(row, centres)
			moved = moved || at != nearest[i]
			nearest[i] = at
			spread += d
		}
		if !moved {
			break
		}
		centres = means(rows, nearest, centres)
	}
	return centres, spread
}

// means averages the rows of each centre; a centre without rows stays where it is.
func means(rows [][]float32, nearest []int, centres [][]float32) [][]float32 {
	sums, counts := make([][]float64, len(centres)), make([]float64, len(centres))
	for c := range sums {
		sums[c] = make([]float64, len(centres[c]))
	}
	for i, row := range rows {
		counts[nearest[i]]++
		for j, v := range row {
			sums[nearest[i]][j] += float64(v)
		}
	}
	moved := make([][]float32, len(centres))
	for c := range moved {
		moved[c] = slices.Clone(centres[c])
		for j := range moved[c] {
			if counts[c] > 0 {
				moved[c][j] = float32(sums[c][j] / counts[c])
			}
		}
	}
	return moved
}

// bySize orders centres by how many rows are nearest to them, the most first.
func bySize(rows, centres [][]float32) [][]float32 {
	counts := make([]int, len(centres))
	for _, row := range rows {
		at, _ := closest(row, centres)
		counts[at]++
	}
	order := make([]int, len(centres))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	sorted := make([][]float32, len(centres))
	for i, c := range order {
		sorted[i] = centres[c]
	}
	return sorted
}

func closest(row []float32, centres [][]float32) (at int, distance float64) {
	distance = math.Inf(1)
	for c, centre := range centres {
		if d := squaredDistance(row, centre); d < distance {
			at, distance = c, d
		}
	}
	return at, distance
}

func squaredDistance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i] - b[i])
		sum += d * d
	}
	return sum
}

// split views a flat matrix as rows.
func split(x []float32, width int) [][]float32 {
	rows := make([][]float32, len(x)/width)
	for i := range rows {
		rows[i] = x[i*width : (i+1)*width : (i+1)*width]
	}
	return rows
}

// fitSegments finds a model's segments on the embeddings of its training rows.
func (t *trainer) fitSegments(ctx context.Context, m *Model) error {
	if t.Segments == 0 {
		return nil
	}
	n := min(len(t.window.rows), segmentRows)
	samples := newSamples(t.window.values[:n*t.window.width], t.window.rows[:n], t.window.width)
	embedded, err := NewApplier(m, t.device, ApplyOptions{Embedding: true}).Embed(ctx, samples)
	if err != nil {
		return err
	}
	m.Segments = FitSegments(embedded, t.Segments, m.Config.Seed)
	return nil
}
