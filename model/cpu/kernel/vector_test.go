//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestVectorArithmeticIsItsDefinition(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		n, factor := size(t, "n", 150), float32(r.NormFloat64())
		a, b := m.random(r, n), m.random(r, n)
		added, scaled, grown := m.clone(a), m.clone(a), m.clone(a)
		s.Add(added, b)
		s.AddScaled(scaled, b, factor)
		s.Scale(grown, factor)
		for i := range a {
			x, y, f := float64(a[i]), float64(b[i]), float64(factor)
			near(t, "add", i, added[i], x+y, unit*math.Abs(x+y))
			near(t, "add scaled", i, scaled[i], x+f*y, 2*unit*(math.Abs(x)+math.Abs(f*y)))
			near(t, "scale", i, grown[i], x*f, unit*math.Abs(x*f))
		}
		i := r.IntN(n)
		alone := m.clone(a[i : i+1])
		s.AddScaled(alone, m.clone(b[i:i+1]), factor)
		same(t, "an element on its own", scaled[i:i+1], alone)
	})
}

func TestReductionsAreSums(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		n := size(t, "n", 600)
		a, b := m.random(r, n), m.random(r, n)
		product, squares := dot64(a, b), dot64(a, a)
		near(t, "dot", 0, s.Dot(a, b), product.value, float64(n)*unit*product.terms)
		if got := s.SumSquares(a); math.Abs(got-squares.value) > float64(n)*0x1p-53*squares.value {
			t.Fatalf("the sum of squares is %g, want %g", got, squares.value)
		}
	})
}

func TestAdamWTakesTheStepOfThePaper(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		n, step := size(t, "n", 60), float64(rapid.IntRange(1, 1000).Draw(t, "step"))
		a := AdamWStep{
			LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05, GradScale: float32(r.Float64()),
			Correction1: float32(1 - math.Pow(0.9, step)), Correction2: float32(1 - math.Pow(0.95, step)),
		}
		w, g, first, second := m.plain(r, n), m.random(r, n), m.plain(r, n), m.plain(r, n)
		for i := range second {
			second[i] *= second[i]
		}
		was, wasFirst, wasSecond := m.clone(w), m.clone(first), m.clone(second)
		s.AdamW(w, g, first, second, a)
		rate, decay, rest1, rest2 := float64(a.LearningRate), float64(a.WeightDecay), float64(1-a.Beta1), float64(1-a.Beta2)
		for i := range w {
			d := float64(g[i]) * float64(a.GradScale)
			m, v := sum64{}, sum64{}
			m.add(float64(a.Beta1) * float64(wasFirst[i]))
			m.add(rest1 * d)
			v.add(float64(a.Beta2) * float64(wasSecond[i]))
			v.add(rest2 * d * d)
			near(t, "m", i, first[i], m.value, 4*unit*m.terms)
			near(t, "v", i, second[i], v.value, 6*unit*v.terms)
			size := math.Sqrt(v.value/float64(a.Correction2)) + float64(a.Epsilon)
			want := float64(was[i]) - rate*(m.value/float64(a.Correction1)/size+decay*float64(was[i]))
			near(t, "w", i, w[i], want, 16*unit*(math.Abs(float64(was[i]))+rate*m.terms/float64(a.Correction1)/size))
		}
		i := r.IntN(n)
		w1, m1, v1 := m.clone(was[i:i+1]), m.clone(wasFirst[i:i+1]), m.clone(wasSecond[i:i+1])
		s.AdamW(w1, m.clone(g[i:i+1]), m1, v1, a)
		same(t, "a weight on its own", w[i:i+1], w1)
	})
}
