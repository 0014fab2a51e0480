//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestSoftmaxIsExpOverItsSum(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		n := size(t, "n", 200)
		x, y := m.plain(r, n), m.floats(n)
		for i := range x {
			x[i] *= float32(math.Pow(10, float64(r.IntN(4)-1)))
		}
		logSumExp := s.SoftmaxRow(y, x)
		largest, sum := math.Inf(-1), 0.0
		for _, v := range x {
			largest = max(largest, float64(v))
		}
		for _, v := range x {
			sum += math.Exp(float64(v) - largest)
		}
		for i, v := range x {
			// The argument is off by a rounding of itself; exp by two units; the sum by one a term.
			away := float64(v) - largest
			p := math.Exp(away) / sum
			near(t, "softmax", i, y[i], p, p*unit*(float64(n)+8+math.Abs(away)))
		}
		near(t, "log Σ exp", 0, logSumExp, largest+math.Log(sum), unit*(float64(n)+8+2*math.Abs(largest)))
		s.SoftmaxRow(x, x)
		same(t, "in place", x, y)
	})
}

func TestSoftmaxOfNumbersFarBelowZeroDoesNotVanish(t *testing.T) {
	for _, s := range Available() {
		for n := 1; n < 40; n++ {
			x := make([]float32, n)
			for i := range x {
				x[i] = -1000
			}
			near(t, s.Name, n, s.SoftmaxRow(x, x), math.Log(float64(n))-1000, 1000*unit)
			near(t, s.Name, n, x[n-1], 1/float64(n), float64(n+8)*unit/float64(n))
		}
	}
}
