package reference

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lacuna-ml/lacuna/model/program"
)

// network builds one operation between parameters and a loss, so that a wrong gradient of the operation shows in a
// parameter's gradient.
type network struct {
	name  string
	build func(b *program.Builder, in inputs) program.Tensor // returns predictions [tokens, 4]
}

// inputs are the tensors that every network may use.
type inputs struct {
	x, lengths, pick, value program.Tensor
	tokens                  program.Axis
}

var networks = []network{
	{"linear", func(b *program.Builder, in inputs) program.Tensor {
		return b.Linear("a", b.Linear("b", in.x, 6, plain()), 4, plain())
	}},
	{"linear with residual", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, plain())
		h = b.Linear("b", h, 4, program.LinearOptions{Residual: h})
		return b.Linear("c", h, 4, program.LinearOptions{Residual: h})
	}},
	{"residual read by two", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, plain())
		one := b.Linear("b", in.x, 4, program.LinearOptions{Residual: h})
		return b.Linear("c", one, 4, program.LinearOptions{Residual: h})
	}},
	{"GELU fused with the layer behind it", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 6, program.LinearOptions{GELU: true, Residual: program.None})
		return b.Linear("b", h, 4, plain())
	}},
	{"GELU read by two", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, program.LinearOptions{GELU: true, Residual: program.None})
		return b.Linear("b", h, 4, program.LinearOptions{Residual: h})
	}},
	{"layer norm", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 8, plain())
		return b.Linear("b", b.LayerNorm("n", h, 1e-6), 4, plain())
	}},
	{"layer norm in a residual branch", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, plain())
		return b.Linear("b", b.LayerNorm("n", h, 1e-6), 4, program.LinearOptions{Residual: h})
	}},
	{"attention", func(b *program.Builder, in inputs) program.Tensor {
		qkv := b.Linear("qkv", in.x, 24, plain())
		return b.Linear("b", b.Attention("attention", qkv, in.lengths, 2), 4, plain())
	}},
	{"gather sum", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, plain())
		table := b.Parameter("table", 3, 4, program.Normal, false)
		return b.GatherSum("g", program.GatherTerm{Source: h, Index: in.pick, Scale: program.None},
			program.GatherTerm{Source: table, Index: in.pick, Scale: in.value},
			program.GatherTerm{Source: h, Index: in.pick, Scale: in.value})
	}},
	{"segment mean", func(b *program.Builder, in inputs) program.Tensor {
		h := b.Linear("a", in.x, 4, plain())
		mean := b.SegmentMean("mean", h, in.lengths)
		return b.GatherSum("g", program.GatherTerm{Source: mean, Index: in.pick, Scale: program.None},
			program.GatherTerm{Source: h, Index: in.pick, Scale: program.None})
	}},
}

func plain() program.LinearOptions { return program.LinearOptions{Residual: program.None} }

// losses put a loss on predictions [tokens, 4].
var losses = map[string]func(b *program.Builder, y program.Tensor, in inputs) program.Tensor{
	"squared error": func(b *program.Builder, y program.Tensor, in inputs) program.Tensor {
		return b.SquaredError("loss", y, b.Floats("target", in.tokens, 4), b.Floats("hidden", in.tokens, 4))
	},
	"cell loss": func(b *program.Builder, y program.Tensor, in inputs) program.Tensor {
		start, count := b.Ints("start", in.tokens), b.Ints("count", in.tokens)
		cells := b.RangeLinear("head", y, start, count, 5, 3)
		return b.CellLoss("loss", cells, b.Floats("class", in.tokens, 1), count)
	},
}

// TestGradientsEqualFiniteDifferences checks every parameter of every network against central differences in float64,
// (f(w+h) − f(w−h))/2h with h = 1e-5: the method's own error is about 1e-10 of the largest gradient, so 1e-6 is only
// passed by a right formula.
func TestGradientsEqualFiniteDifferences(t *testing.T) {
	for _, n := range networks {
		for name, loss := range losses {
			t.Run(n.name+", "+name, func(t *testing.T) {
				m, f := build(n, loss)
				m.Forward(f)
				m.Backward()
				largest := 0.0
				for _, g := range m.Gradients {
					largest = max(largest, math.Abs(g))
				}
				if largest == 0 {
					t.Fatal("all gradients are zero")
				}
				for i, got := range m.Gradients {
					if want := difference(m, f, i); math.Abs(got-want) > 1e-6*largest {
						t.Fatalf("%s: gradient %g, finite difference %g", owner(m, i), got, want)
					}
				}
			})
		}
	}
}

func difference(m *Machine, f *program.Feed, i int) float64 {
	const h = 1e-5
	w := m.Parameters[i]
	m.Parameters[i] = w + h
	m.Forward(f)
	up := m.Loss()
	m.Parameters[i] = w - h
	m.Forward(f)
	down := m.Loss()
	m.Parameters[i] = w
	return (up - down) / (2 * h)
}

func owner(m *Machine, i int) string {
	name := ""
	for _, p := range m.Program.Layout.Parameters {
		if p.Offset <= i {
			name = p.Name
		}
	}
	return name
}

// build makes a network with random parameters, and a micro-batch of three sequences of 3, 1 and 2 tokens.
func build(n network, loss func(*program.Builder, program.Tensor, inputs) program.Tensor) (*Machine, *program.Feed) {
	b := program.NewBuilder(program.NewLayout())
	tokens := b.Axis("tokens", 3)
	in := inputs{tokens: tokens, x: b.Floats("x", tokens, 5), lengths: b.Ints("lengths", program.Rows),
		pick: b.Ints("pick", tokens), value: b.Floats("value", tokens, 1)}
	l := loss(b, n.build(b, in), in)
	p := b.BuildTraining(l, b.Floats("weight", tokens, 1))
	m, random := New(p), rand.New(rand.NewPCG(1, 2))
	for i := range m.Parameters {
		m.Parameters[i] = random.NormFloat64()
	}
	f := program.NewFeed(p, 3)
	f.Resize(program.Rows, 3)
	f.Resize(tokens, 6)
	copy(f.Ints(in.lengths), []int32{3, 1, 2})
	copy(f.Ints(in.pick), []int32{2, 0, -1, 1, 2, 2})
	fillInputs(p, f, random)
	return m, f
}

func fillInputs(p *program.Program, f *program.Feed, random *rand.Rand) {
	for t, info := range p.Tensors {
		switch {
		case info.Role == program.FloatInput && info.Name == "class":
			copy(f.Floats(program.Tensor(t)), []float32{0.5, 1, 2, -0.3, 0, 1})
		case info.Role == program.FloatInput:
			for i := range f.Floats(program.Tensor(t)) {
				f.Floats(program.Tensor(t))[i] = float32(random.NormFloat64())
			}
		case info.Name == "start":
			copy(f.Ints(program.Tensor(t)), []int32{0, 1, 1, 0, 1, 3})
		case info.Name == "count":
			copy(f.Ints(program.Tensor(t)), []int32{1, 3, 3, 1, 2, 2})
		}
	}
}
