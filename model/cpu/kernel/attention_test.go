//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// sequences is a random input of Attention.
type sequences struct {
	lengths         []int32
	width, heads, d int
	qkv, scratch    []float32
}

func drawSequences(t *rapid.T, m *memory, r *rand.Rand, s *Set) sequences {
	in := sequences{heads: rapid.IntRange(1, 3).Draw(t, "heads"), d: size(t, "d", 40)}
	in.width = in.heads * in.d
	longest := 0
	for range rapid.IntRange(1, 3).Draw(t, "sequences") {
		n := rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 37)).Draw(t, "length")
		in.lengths, longest = append(in.lengths, int32(n)), max(longest, n)
	}
	in.qkv = m.plain(r, in.tokens()*3*in.width)
	in.scratch = m.floats(s.AttentionScratch(longest, in.width, in.heads))
	for i := range in.scratch {
		in.scratch[i] = float32(math.NaN()) // what is left there must not matter
	}
	return in
}

func (in sequences) tokens() (n int) {
	for _, l := range in.lengths {
		n += int(l)
	}
	return n
}

// part is token i of head h in x, of the given stride, from column on.
func (in sequences) part(x []float32, i, h, stride, column int) []float32 {
	at := i*stride + column + h*in.d
	return x[at : at+in.d]
}

// weights is the softmax of token i over tokens first…first+n, and the largest sum of absolute terms of a score.
func (in sequences) weights(first, n, i, h int) (p []float64, size float64) {
	p, total := make([]float64, n), 0.0
	for j := range p {
		score := dot64(in.part(in.qkv, i, h, 3*in.width, 0), in.part(in.qkv, first+j, h, 3*in.width, in.width))
		p[j], size = score.value/math.Sqrt(float64(in.d)), max(size, score.terms/math.Sqrt(float64(in.d)))
	}
	for j := range p {
		p[j] = math.Exp(p[j])
		total += p[j]
	}
	for j := range p {
		p[j] /= total
	}
	return p, size
}

func dot64(a, b []float32) (s sum64) {
	for i := range a {
		s.add(float64(a[i]) * float64(b[i]))
	}
	return s
}

// each calls f for every head of every token.
func (in sequences) each(f func(first, n, i, h int)) {
	first := 0
	for _, l := range in.lengths {
		for i := range int(l) * in.heads {
			f(first, int(l), first+i/in.heads, i%in.heads)
		}
		first += int(l)
	}
}

// steps is the relative error of a sum over a sequence, of products of dots over a head, whose exponents are off by the
// rounding of scores of the given size.
func (in sequences) steps(n int, size float64) float64 {
	return unit * (float64(n+in.d+24) + 4*float64(in.d+8)*size)
}

func TestAttentionIsTheWeightedMeanOfValues(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		in := drawSequences(t, m, r, s)
		y := m.floats(in.tokens() * in.width)
		s.Attention(y, in.qkv, in.lengths, in.width, in.heads, in.scratch)
		in.each(func(first, n, i, h int) {
			p, size := in.weights(first, n, i, h)
			for c, got := range in.part(y, i, h, in.width, 0) {
				want := sum64{}
				for j := range p {
					want.add(p[j] * float64(in.part(in.qkv, first+j, h, 3*in.width, 2*in.width)[c]))
				}
				near(t, "y", c, got, want.value, in.steps(n, size)*want.terms)
			}
		})
	})
}

func TestAttentionGradIsTheGradient(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		in := drawSequences(t, m, r, s)
		dy, dqkv := m.plain(r, in.tokens()*in.width), m.plain(r, len(in.qkv))
		s.AttentionGrad(dqkv, dy, in.qkv, in.lengths, in.width, in.heads, in.scratch)
		want, largest := in.gradient(dy)
		longest := 0
		for _, l := range in.lengths {
			longest = max(longest, int(l))
		}
		for i, g := range want {
			near(t, "dqkv", i, dqkv[i], g.value, 3*in.steps(longest, largest)*g.terms)
		}
	})
}

// gradient is the definition, with the sums of absolute terms beside the sums.
func (in sequences) gradient(dy []float32) (dqkv []sum64, largest float64) {
	dqkv = make([]sum64, len(in.qkv))
	width, scale := in.width, 1/math.Sqrt(float64(in.d))
	to := func(i, h, column, c int) *sum64 { return &dqkv[i*3*width+column+h*in.d+c] }
	in.each(func(first, n, i, h int) {
		p, size := in.weights(first, n, i, h)
		largest = max(largest, size)
		d, dp, mean := in.part(dy, i, h, width, 0), make([]sum64, n), sum64{}
		for j := range p {
			dp[j] = dot64(d, in.part(in.qkv, first+j, h, 3*width, 2*width))
			mean.value += p[j] * dp[j].value
			mean.terms += p[j] * dp[j].terms
		}
		for j := range p {
			ds, terms := p[j]*(dp[j].value-mean.value)*scale, p[j]*(dp[j].terms+mean.terms)*scale
			for c := range in.d {
				q := float64(in.part(in.qkv, i, h, 3*width, 0)[c])
				k := float64(in.part(in.qkv, first+j, h, 3*width, width)[c])
				to(first+j, h, 2*width, c).add(p[j] * float64(d[c]))
				to(i, h, 0, c).addBounded(ds*k, terms*math.Abs(k))
				to(first+j, h, width, c).addBounded(ds*q, terms*math.Abs(q))
			}
		}
	})
	return dqkv, largest
}

// addBounded adds a term that is itself a sum.
func (s *sum64) addBounded(v, terms float64) { s.value, s.terms = s.value+v, s.terms+terms }

func TestSequenceDoesNotDependOnItsNeighbours(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, m *memory, r *rand.Rand) {
		in := drawSequences(t, m, r, s)
		y, dy, dqkv := m.floats(in.tokens()*in.width), m.plain(r, in.tokens()*in.width), m.floats(len(in.qkv))
		s.Attention(y, in.qkv, in.lengths, in.width, in.heads, in.scratch)
		s.AttentionGrad(dqkv, dy, in.qkv, in.lengths, in.width, in.heads, in.scratch)
		first := 0
		for i, l := range in.lengths {
			from, to := first*in.width, (first+int(l))*in.width
			qkv, one, grad := m.clone(in.qkv[3*from:3*to]), m.floats(to-from), m.floats(3*(to-from))
			s.Attention(one, qkv, in.lengths[i:i+1], in.width, in.heads, in.scratch)
			same(t, "y of a sequence on its own", y[from:to], one)
			s.AttentionGrad(grad, m.clone(dy[from:to]), qkv, in.lengths[i:i+1], in.width, in.heads, in.scratch)
			same(t, "gradient of a sequence on its own", dqkv[3*from:3*to], grad)
			first += int(l)
		}
	})
}
