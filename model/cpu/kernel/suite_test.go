//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// unit is the rounding error of one operation in float32, relative to its result. The bounds of these tests are the
// classic ones: a sum of n terms is off by at most n·unit times the sum of the terms' absolute values (Higham,
// "Accuracy and Stability of Numerical Algorithms", §3.1), in any order of summation and with or without fused
// multiply-adds. What float64 does instead has no error worth counting.
const unit = 1.0 / (1 << 24)

// smallest is what results near zero may lose besides: they have fewer bits, or are flushed to zero, as the assembly's
// exponentials are below 2^−125.5.
const smallest = 2e-38

// check runs a property for each set of this machine, on guarded memory and a random source of its own.
func check(t *testing.T, property func(t *rapid.T, s *Set, m *memory, r *rand.Rand)) {
	for _, s := range Available() {
		t.Run(s.Name, func(t *testing.T) {
			m := newMemory(t)
			rapid.Check(t, func(rt *rapid.T) {
				seed := rapid.Uint64().Draw(rt, "seed")
				property(rt, s, m, rand.New(rand.NewPCG(seed, 0)))
				m.free()
			})
		})
	}
}

// size draws a length, with the ones around a tile's edges as likely as larger ones.
func size(t *rapid.T, name string, most int) int {
	return rapid.OneOf(rapid.IntRange(1, min(17, most)), rapid.IntRange(1, most)).Draw(t, name)
}

// near fails if got is further from want than bound, which says what the operation may lose.
func near(t fataler, what string, i int, got float32, want, bound float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= bound+smallest) {
		t.Fatalf("%s: element %d is %g, want %g: off by %g, allowed are %g", what, i, got, want, math.Abs(float64(got)-want), bound)
	}
}

// same fails unless two slices agree in every bit.
func same(t fataler, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d is %g, and %g elsewhere", what, i, got[i], want[i])
		}
	}
}

// clone copies into guarded memory.
func (m *memory) clone(x []float32) []float32 {
	y := m.floats(len(x))
	copy(y, x)
	return y
}

// maybe is x, or nil.
func maybe(r *rand.Rand, x []float32) []float32 {
	if r.IntN(2) == 0 {
		return nil
	}
	return x
}

// column copies column j of x [rows,n].
func (m *memory) column(x []float32, j, rows, n int) []float32 {
	c := m.floats(rows)
	for i := range c {
		c[i] = x[i*n+j]
	}
	return c
}

// exact GELU and its slope.
func gelu64(x float64) float64  { return x * 0.5 * math.Erfc(-x/math.Sqrt2) }
func slope64(x float64) float64 { return 0.5*math.Erfc(-x/math.Sqrt2) + x*density(x) }
func density(x float64) float64 { return math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }
