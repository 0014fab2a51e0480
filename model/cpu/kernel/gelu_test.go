//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

const (
	// geluBound is for |x| ≤ 1, and grows with x: two roundings of Φ, near one, and the fit's 7e-9.
	geluBound = 2e-7
	// slopeBound is two units in the last place of 1.13, the largest slope, and the fit's 4e-9.
	slopeBound = 2.6e-7
)

func TestGELUAndItsSlopeStayWithinTheirBounds(t *testing.T) {
	for _, s := range Available() {
		t.Run(s.Name, func(t *testing.T) {
			var x []float32
			for v := -12.0; v < 12; v += 1e-3 {
				x = append(x, float32(v))
			}
			x = append(x, 0, 1e-20, -1e-20, 1e-40, 50, -50, 1e20, -1e20, 3e38, -3e38)
			y, slope, ones := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
			for i := range ones {
				ones[i] = 1
			}
			s.GELU(y, x)
			s.GELUGrad(slope, ones, x)
			for i, v := range x {
				near(t, "gelu", i, y[i], gelu64(float64(v)), geluBound*max(1, math.Abs(float64(v))))
				near(t, "slope", i, slope[i], slope64(float64(v)), slopeBound)
			}
			if y[len(y)-3] != 0 || y[len(y)-1] != 0 {
				t.Fatalf("far below zero GELU is %g and %g, want zeros", y[len(y)-3], y[len(y)-1])
			}
		})
	}
}

func TestNotANumberIsNeverHidden(t *testing.T) {
	nan := float32(math.NaN())
	for _, s := range Available() {
		for n := 1; n < 20; n++ {
			x, y, ones := ramp(n), make([]float32, n), ramp(n)
			x[n/2] = nan
			s.GELU(y, x)
			if y[n/2] == y[n/2] {
				t.Fatalf("%s: GELU(NaN) is %g", s.Name, y[n/2])
			}
			s.GELUGrad(y, ones, x)
			if y[n/2] == y[n/2] {
				t.Fatalf("%s: the slope of GELU at NaN is %g", s.Name, y[n/2])
			}
			if sum := s.SoftmaxRow(y, x); sum == sum || y[0] == y[0] {
				t.Fatalf("%s: softmax of %d numbers with a NaN is %v", s.Name, n, y)
			}
		}
	}
}

func TestActivationDoesNotDependOnPlace(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		n := size(t, "n", 80)
		x, dy := m.plain(r, n), m.plain(r, n)
		y, dx, i := m.floats(n), m.floats(n), r.IntN(n)
		s.GELU(y, x)
		s.GELUGrad(dx, dy, x)
		alone := m.clone(x[i : i+1])
		s.GELU(alone, alone)
		same(t, "GELU of one element, in place", y[i:i+1], alone)
		alone = m.clone(dy[i : i+1])
		s.GELUGrad(alone, alone, m.clone(x[i:i+1]))
		same(t, "slope of one element, in place", dx[i:i+1], alone)
	})
}
