//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// product is a random call of Multiply.
type product struct {
	m, k, n  int
	y, x, w  []float32
	epilogue Epilogue
}

func drawProduct(t *rapid.T, mem *memory, r *rand.Rand) product {
	p := product{m: size(t, "m", 40), k: size(t, "k", 70), n: size(t, "n", 50)}
	p.y, p.x, p.w = mem.random(r, p.m*p.n), mem.random(r, p.m*p.k), mem.random(r, p.k*p.n)
	p.epilogue = Epilogue{
		Bias: maybe(r, mem.plain(r, p.n)), Pre: maybe(r, mem.floats(p.m*p.n)), GELU: r.IntN(2) == 0,
		GELUGrad: maybe(r, mem.plain(r, p.m*p.n)), Residual: maybe(r, mem.plain(r, p.m*p.n)),
	}
	p.epilogue.Accumulate = p.epilogue.Residual == nil && r.IntN(2) == 0
	return p
}

// run multiplies into a copy of y.
func (p product) run(s *Set, mem *memory, r *rand.Rand) []float32 {
	packed, y := mem.floats(s.PackedSize(p.k, p.n)), mem.clone(p.y)
	if r.IntN(2) == 0 {
		s.Pack(packed, p.w, p.k, p.n)
	} else {
		transposed := mem.floats(len(p.w))
		for i := range p.w {
			transposed[i%p.n*p.k+i/p.n] = p.w[i]
		}
		s.PackTransposed(packed, transposed, p.k, p.n)
	}
	s.Multiply(y, p.x, packed, p.m, p.k, p.n, p.epilogue)
	return y
}

func TestMultiplyIsTheProductWithItsEpilogue(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, mem *memory, r *rand.Rand) {
		p := drawProduct(t, mem, r)
		y, e := p.run(s, mem, r), p.epilogue
		for at := range y {
			i, j := at/p.n, at%p.n
			v, terms := 0.0, 0.0
			for l := range p.k {
				term := float64(p.x[i*p.k+l]) * float64(p.w[l*p.n+j])
				v, terms = v+term, terms+math.Abs(term)
			}
			if e.Bias != nil {
				v, terms = v+float64(e.Bias[j]), terms+math.Abs(float64(e.Bias[j]))
			}
			bound := float64(p.k+1) * unit * terms
			if e.Pre != nil {
				near(t, "pre", at, e.Pre[at], v, bound)
			}
			if e.GELU {
				bound = 1.13*bound + geluBound*max(1, math.Abs(v)) // GELU's slope is below 1.13
				v = gelu64(v)
			}
			if e.GELUGrad != nil {
				slope := slope64(float64(e.GELUGrad[at]))
				bound = 1.13*bound + math.Abs(v)*(slopeBound+unit)
				v *= slope
			}
			for _, residual := range [][]float32{e.Residual, accumulated(e, p.y)} {
				if residual != nil {
					v += float64(residual[at])
					bound += unit * (math.Abs(v) + math.Abs(float64(residual[at])))
				}
			}
			near(t, "y", at, y[at], v, bound+2*unit*math.Abs(v))
		}
	})
}

// accumulated is what y held before, if it counts.
func accumulated(e Epilogue, y []float32) []float32 {
	if e.Accumulate {
		return y
	}
	return nil
}

func TestRowOfProductDoesNotDependOnTheOthers(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, mem *memory, r *rand.Rand) {
		p := drawProduct(t, mem, r)
		y := p.run(s, mem, r)
		i, row := r.IntN(p.m), p
		part := func(x []float32, width int) []float32 {
			if x == nil {
				return nil
			}
			return mem.clone(x[i*width : (i+1)*width])
		}
		row.m, row.y, row.x = 1, part(p.y, p.n), part(p.x, p.k)
		row.epilogue.Pre, row.epilogue.GELUGrad, row.epilogue.Residual = nil, part(p.epilogue.GELUGrad, p.n), part(p.epilogue.Residual, p.n)
		same(t, "a row on its own", y[i*p.n:(i+1)*p.n], row.run(s, mem, r))
	})
}

func TestColumnOfProductDoesNotDependOnTheOthers(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, mem *memory, r *rand.Rand) {
		p := drawProduct(t, mem, r)
		p.epilogue.GELUGrad, p.epilogue.Residual = nil, nil
		y := p.run(s, mem, r)
		j, column := r.IntN(p.n), p
		column.n, column.y, column.w = 1, mem.column(p.y, j, p.m, p.n), mem.column(p.w, j, p.k, p.n)
		column.epilogue.Pre = nil
		if p.epilogue.Bias != nil {
			column.epilogue.Bias = mem.clone(p.epilogue.Bias[j : j+1])
		}
		same(t, "a column on its own", mem.column(y, j, p.m, p.n), column.run(s, mem, r))
	})
}

func TestMultiplyBlocksAgreeWithOneTile(t *testing.T) {
	for _, s := range Available() {
		const m, k, n = 211, 9, 33
		x, packed, y, one := ramp(m*k), make([]float32, s.PackedSize(k, n)), make([]float32, m*n), make([]float32, n)
		s.Pack(packed, ramp(k*n), k, n)
		s.Multiply(y, x, packed, m, k, n, Epilogue{})
		for i := range m {
			s.Multiply(one, x[i*k:], packed, 1, k, n, Epilogue{})
			same(t, s.Name, y[i*n:(i+1)*n], one)
		}
	}
}

// Small whole numbers have exact products and sums, so that every set must give the same bits.
func TestWholeNumbersMultiplyExactlyForEveryRemainder(t *testing.T) {
	for _, s := range Available()[1:] {
		mem, exact := newMemory(t), Portable()
		r := rand.New(rand.NewPCG(1, 2))
		for m := 1; m <= 2*6+1; m++ {
			for n := 1; n <= 2*16+1; n++ {
				k := 1 + (m*7+n)%9
				x, w, dy := mem.whole(r, m*k), mem.whole(r, k*n), mem.whole(r, m*n)
				p := product{m: m, k: k, n: n, y: dy, x: x, w: w, epilogue: Epilogue{Bias: mem.whole(r, n), Accumulate: n%2 == 0}}
				same(t, s.Name, p.run(s, mem, r), p.run(exact, mem, r))
				got, want := mem.floats(n*k), mem.floats(n*k)
				s.AddOuter(got, dy, x, m, n, k)
				exact.AddOuter(want, dy, x, m, n, k)
				same(t, s.Name, got, want)
				mem.free()
			}
		}
	}
}

// whole is n whole numbers from −8 to 8.
func (m *memory) whole(r *rand.Rand, n int) []float32 {
	x := m.floats(n)
	for i := range x {
		x[i] = float32(r.IntN(17) - 8)
	}
	return x
}
