//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestLayerNormNormalisesEachRow(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		rows, width, eps := size(t, "rows", 9), size(t, "width", 140), float32(1e-5)
		x, gamma, beta := m.random(r, rows*width), m.plain(r, width), m.plain(r, width)
		y, stats := m.floats(rows*width), m.floats(rows*2)
		s.LayerNorm(y, stats, x, gamma, beta, rows, width, eps)
		for i := range rows {
			in := x[i*width : (i+1)*width]
			mean, size, inverse := moments64(in, float64(eps))
			// Both sums have width terms; the mean's error counts once in each element and again in the deviation.
			steps := float64(width+8) * unit
			near(t, "mean", i, stats[2*i], mean, steps*size)
			near(t, "inverse", i, stats[2*i+1], inverse, 2*inverse*steps*(1+size*inverse))
			for j, v := range in {
				normal, g := (float64(v)-mean)*inverse, math.Abs(float64(gamma[j]))
				bound := steps * (g*(2*math.Abs(normal)+size*inverse)*(1+size*inverse) + math.Abs(float64(beta[j])))
				near(t, "y", j, y[i*width+j], normal*float64(gamma[j])+float64(beta[j]), bound)
			}
		}
		i := r.IntN(rows)
		alone, one := m.clone(x[i*width:(i+1)*width]), m.floats(2)
		s.LayerNorm(alone, one, alone, gamma, beta, 1, width, eps)
		same(t, "a row on its own, in place", y[i*width:(i+1)*width], alone)
		same(t, "its moments", stats[2*i:2*i+2], one)
	})
}

// moments64 is the mean, the mean of absolute values, and 1/√(variance+eps).
func moments64(x []float32, eps float64) (mean, size, inverse float64) {
	variance := 0.0
	for _, v := range x {
		mean += float64(v) / float64(len(x))
		size += math.Abs(float64(v)) / float64(len(x))
	}
	for _, v := range x {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(x))
	}
	return mean, size, 1 / math.Sqrt(variance+eps)
}

func TestLayerNormGradIsTheGradient(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		rows, width, accumulate := size(t, "rows", 9), size(t, "width", 140), r.IntN(2) == 0
		x, dy, gamma := m.plain(r, rows*width), m.plain(r, rows*width), m.plain(r, width)
		y, stats := m.floats(rows*width), m.floats(rows*2)
		s.LayerNorm(y, stats, x, gamma, m.plain(r, width), rows, width, 1e-5)
		dx, dgamma, dbeta := m.plain(r, rows*width), m.plain(r, width), m.plain(r, width)
		was, wasGamma, wasBeta := m.clone(dx), m.clone(dgamma), m.clone(dbeta)
		s.LayerNormGrad(dx, dgamma, dbeta, dy, x, stats, gamma, rows, width, accumulate)

		g, b := newSums(wasGamma), newSums(wasBeta)
		for i := range rows {
			mean, inverse := float64(stats[2*i]), float64(stats[2*i+1])
			normal, a, sum, along := make([]float64, width), make([]float64, width), sum64{}, sum64{}
			for j := range width {
				d := float64(dy[i*width+j])
				normal[j], a[j] = (float64(x[i*width+j])-mean)*inverse, d*float64(gamma[j])
				g[j].add(d * normal[j])
				b[j].add(d)
				sum.add(a[j] / float64(width))
				along.add(a[j] * normal[j] / float64(width))
			}
			for j := range width {
				v := inverse * (a[j] - sum.value - normal[j]*along.value)
				terms := inverse * (math.Abs(a[j]) + sum.terms + math.Abs(normal[j])*along.terms)
				if accumulate {
					v += float64(was[i*width+j])
					terms += math.Abs(float64(was[i*width+j]))
				}
				near(t, "dx", i*width+j, dx[i*width+j], v, float64(width+8)*unit*terms)
			}
		}
		for j := range width {
			near(t, "dgamma", j, dgamma[j], g[j].value, float64(rows+4)*unit*g[j].terms)
			near(t, "dbeta", j, dbeta[j], b[j].value, float64(rows+1)*unit*b[j].terms)
		}
	})
}

// sum64 is a sum and that of the absolute values of its terms.
type sum64 struct{ value, terms float64 }

func (s *sum64) add(v float64) { s.value, s.terms = s.value+v, s.terms+math.Abs(v) }

// newSums starts sums from what was there.
func newSums(x []float32) []sum64 {
	s := make([]sum64, len(x))
	for i, v := range x {
		s[i].add(float64(v))
	}
	return s
}

func TestLayerNormGradOfARowDoesNotDependOnTheOthers(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		rows, width := size(t, "rows", 9), size(t, "width", 140)
		x, dy, gamma := m.plain(r, rows*width), m.plain(r, rows*width), m.plain(r, width)
		y, stats := m.floats(rows*width), m.floats(rows*2)
		s.LayerNorm(y, stats, x, gamma, gamma, rows, width, 1e-5)
		dx, dgamma, dbeta, kept := m.clone(dy), m.floats(width), m.floats(width), m.clone(dy)
		s.LayerNormGrad(dx, dgamma, dbeta, dx, x, stats, gamma, rows, width, false) // in place
		i := r.IntN(rows)
		alone := m.floats(width)
		s.LayerNormGrad(alone, m.floats(width), m.floats(width), m.clone(kept[i*width:(i+1)*width]), m.clone(x[i*width:(i+1)*width]),
			m.clone(stats[2*i:2*i+2]), gamma, 1, width, false)
		same(t, "a row on its own", dx[i*width:(i+1)*width], alone)
		sums, offsets := m.floats(width), m.floats(width)
		s.LayerNormGrad(nil, sums, offsets, kept, x, stats, gamma, rows, width, false)
		same(t, "dgamma without dx", dgamma, sums)
		same(t, "dbeta without dx", dbeta, offsets)
	})
}
