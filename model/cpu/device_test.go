package cpu

import (
	"testing"

	"github.com/lacuna-ml/lacuna/model/cpu/kernel"
	"github.com/lacuna-ml/lacuna/model/program"
	"github.com/lacuna-ml/lacuna/model/program/devicetest"
)

// TestDevice runs the suite of every device with every set of kernels that this machine can run.
func TestDevice(t *testing.T) {
	for _, set := range kernel.Available() {
		t.Run(set.Name, func(t *testing.T) {
			devicetest.Run(t, func(threads int) program.Device { return &Device{threads: threads, kernels: set} })
		})
	}
}

// emptyBatch gives rows of one token each, without allocating.
type emptyBatch struct {
	rows                   int
	tokens                 program.Axis
	lengths, index, weight program.Tensor
}

func (b *emptyBatch) Rows() int { return b.rows }

func (b *emptyBatch) Fill(from, to int, f *program.Feed) {
	f.Resize(b.tokens, to-from)
	for i := range to - from {
		f.Ints(b.lengths)[i], f.Ints(b.index)[i] = 1, int32(i%3)
		f.Floats(b.weight)[i] = 1
	}
}

func (b *emptyBatch) Collect(int, int, *program.Feed) {}

// TestStepAllocatesNothing holds a whole step, threads included, to no allocation once the session is warm.
func TestStepAllocatesNothing(t *testing.T) {
	d, err := New(2)
	if err != nil {
		t.Fatal(err)
	}
	b := program.NewBuilder(program.NewLayout())
	in := &emptyBatch{rows: 5000, tokens: b.Axis("tokens", 1)}
	in.lengths, in.index = b.Ints("lengths", program.Rows), b.Ints("index", in.tokens)
	in.weight = b.Floats("weight", in.tokens, 1)
	x := b.GatherSum("x", program.GatherTerm{Source: b.Parameter("table", 3, 16, program.Normal, false), Index: in.index, Scale: program.None})
	x = b.Attention("attention", b.Linear("qkv", b.LayerNorm("norm", x, 1e-6), 48, program.LinearOptions{Residual: program.None}), in.lengths, 2)
	zeros := b.Floats("zeros", in.tokens, 16)
	s := d.Compile(b.BuildTraining(b.SquaredError("loss", x, zeros, zeros), in.weight))
	step := func() {
		if _, err := s.Gradient(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		s.Update(program.AdamW{Step: 1, LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8})
	}
	if allocations := testing.AllocsPerRun(20, step); allocations > 0 {
		t.Errorf("a step makes %v allocations", allocations)
	}
}
