package devicetest

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lacuna-ml/lacuna/model/program"
	"github.com/lacuna-ml/lacuna/model/reference"
)

// Run checks the device that open returns for a number of threads.
func Run(t *testing.T, open func(threads int) program.Device) {
	n := newNetwork()
	t.Run("ForwardEqualsReference", func(t *testing.T) { forwardEqualsReference(t, n, open(1)) })
	t.Run("GradientEqualsReference", func(t *testing.T) { gradientEqualsReference(t, n, open(1)) })
	t.Run("ThreadsDoNotChangeBytes", func(t *testing.T) { threadsDoNotChangeBytes(t, n, open) })
	t.Run("RowsDoNotDependOnNeighbours", func(t *testing.T) { rowsDoNotDependOnNeighbours(t, n, open(2)) })
	t.Run("UpdateIsAdamW", func(t *testing.T) { updateIsAdamW(t, n, open(1)) })
	t.Run("CancelledBatchStops", func(t *testing.T) { cancelledBatchStops(t, n, open(2)) })
}

// network is a small model that uses every operation: tokens from tables and values, two transformer blocks of
// different widths, pooling, heads with ranges, and a squared error beside the cells' loss.
type network struct {
	training                         *program.Program
	tokens                           program.Axis
	lengths                          program.Tensor
	index, other, first, self, value program.Tensor // column, column or −1, row, token itself
	start, count, target, weight     program.Tensor
	loss, predictions                program.Tensor
}

const maxTokens = 7

func newNetwork() *network {
	n, b := &network{}, program.NewBuilder(program.NewLayout())
	plain := program.LinearOptions{Residual: program.None}
	n.tokens = b.Axis("tokens", maxTokens)
	n.lengths, n.index, n.other = b.Ints("lengths", program.Rows), b.Ints("index", n.tokens), b.Ints("other", n.tokens)
	n.first, n.self = b.Ints("first", n.tokens), b.Ints("self", n.tokens)
	n.value = b.Floats("value", n.tokens, 1)
	n.start, n.count = b.Ints("start", n.tokens), b.Ints("count", n.tokens)
	n.target, n.weight = b.Floats("target", n.tokens, 1), b.Floats("weight", n.tokens, 1)
	x := b.GatherSum("tokens",
		program.GatherTerm{Source: b.Parameter("table", maxTokens, 24, program.Normal, false), Index: n.index, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("directions", maxTokens, 24, program.Normal, false), Index: n.other, Scale: n.value})
	x = block(b, "a", x, n.lengths, 24, 3)
	mean := b.SegmentMean("mean", x, n.lengths)
	x = b.Linear("narrow", x, 10, plain)
	pooled := b.Linear("pooled", mean, 10, plain)
	x = b.GatherSum("with mean", program.GatherTerm{Source: x, Index: n.self, Scale: program.None},
		program.GatherTerm{Source: pooled, Index: n.first, Scale: n.value})
	x = block(b, "b", x, n.lengths, 10, 2)
	n.predictions = b.RangeLinear("head", x, n.start, n.count, 9, 4)
	n.loss = b.CellLoss("loss", n.predictions, n.target, n.count)
	b.Output(n.predictions)
	n.training = b.BuildTraining(n.loss, n.weight)
	return n
}

func block(b *program.Builder, name string, x, lengths program.Tensor, width, heads int) program.Tensor {
	plain := program.LinearOptions{Residual: program.None}
	qkv := b.Linear(name+".qkv", b.LayerNorm(name+".norm1", x, 1e-6), 3*width, plain)
	x = b.Linear(name+".proj", b.Attention(name+".attention", qkv, lengths, heads), width, program.LinearOptions{Residual: x})
	hidden := b.Linear(name+".fc1", b.LayerNorm(name+".norm2", x, 1e-6), 4*width, program.LinearOptions{GELU: true, Residual: program.None})
	return b.Linear(name+".fc2", hidden, width, program.LinearOptions{Residual: x})
}

// rows is a batch of rows of random length; row r is the same whatever else the batch holds.
type rows struct {
	network *network
	ids     []int
	loss    [][]float32 // collected, by row
}

func newRows(n *network, count int) *rows {
	r := &rows{network: n, loss: make([][]float32, count)}
	for i := range count {
		r.ids = append(r.ids, i)
	}
	return r
}

func (r *rows) Rows() int { return len(r.ids) }

func (r *rows) length(id int) int { return 1 + (id*5+3)%maxTokens }

func (r *rows) Fill(from, to int, f *program.Feed) {
	total := 0
	for _, id := range r.ids[from:to] {
		total += r.length(id)
	}
	n := r.network
	f.Resize(n.tokens, total)
	l := 0
	for i, id := range r.ids[from:to] {
		random := rand.New(rand.NewPCG(uint64(id), 9))
		f.Ints(n.lengths)[i] = int32(r.length(id))
		for t := range r.length(id) {
			outputs := 1 + t%3
			f.Ints(n.index)[l], f.Ints(n.other)[l], f.Ints(n.first)[l] = int32(t), int32((id+t)%(maxTokens+1))-1, int32(i)
			f.Floats(n.value)[l] = float32(random.NormFloat64())
			f.Ints(n.self)[l], f.Ints(n.start)[l], f.Ints(n.count)[l] = int32(l), int32(t), int32(outputs)
			f.Floats(n.target)[l] = float32(random.IntN(outputs))
			f.Floats(n.weight)[l] = 1 / float32(len(r.ids))
			l++
		}
	}
}

func (r *rows) Collect(from, to int, f *program.Feed) {
	l := 0
	for i, id := range r.ids[from:to] {
		r.loss[from+i] = slices.Clone(f.Floats(r.network.loss)[l : l+r.length(id)])
		l += r.length(id)
	}
}

// parameters are random weights of ordinary size.
func (n *network) parameters() []float32 {
	random, w := rand.New(rand.NewPCG(3, 4)), make([]float32, n.training.Layout.Size())
	for i := range w {
		w[i] = float32(random.NormFloat64()) * 0.3
	}
	return w
}

// expected runs the whole batch through the reference in one micro-batch.
func (n *network) expected(r *rows) *reference.Machine {
	m := reference.New(n.training)
	for i, w := range n.parameters() {
		m.Parameters[i] = float64(w)
	}
	f := program.NewFeed(n.training, r.Rows())
	f.Resize(program.Rows, r.Rows())
	r.Fill(0, r.Rows(), f)
	m.Forward(f)
	m.Backward()
	return m
}

// tolerance is the error allowed in float32, relative to the largest value compared: some hundred roundings of 6e-8, as
// sums here have up to some hundred terms.
const tolerance = 2e-5

func forwardEqualsReference(t *testing.T, n *network, d program.Device) {
	r := newRows(n, 5)
	s := d.Compile(n.training)
	s.Load(n.parameters())
	if err := s.Forward(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	compare(t, "losses", slices.Concat(r.loss...), n.expected(r).Value(n.loss))
}

func gradientEqualsReference(t *testing.T, n *network, d program.Device) {
	r := newRows(n, 5)
	s := d.Compile(n.training)
	s.Load(n.parameters())
	loss, err := s.Gradient(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	m := n.expected(r)
	if math.Abs(loss-m.Loss()) > tolerance*math.Abs(m.Loss()) {
		t.Errorf("loss %v, want %v", loss, m.Loss())
	}
	for _, p := range n.training.Layout.Parameters {
		compare(t, "gradient of "+p.Name, s.Gradients()[p.Offset:p.Offset+p.Size()], m.Gradients[p.Offset:p.Offset+p.Size()])
	}
}

func compare(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(want[i]))
		worst = max(worst, math.Abs(float64(got[i])-want[i]))
	}
	if worst > tolerance*max(largest, 1e-3) || math.IsNaN(worst) {
		t.Errorf("%s: off by %g, where the largest is %g", name, worst, largest)
	}
}

// trained takes some steps and returns the weights and losses.
func trained(t *testing.T, n *network, d program.Device, count int) ([]float32, []float64) {
	t.Helper()
	r, losses := newRows(n, count), []float64{}
	s := d.Compile(n.training)
	s.Load(n.parameters())
	for step := range 5 {
		loss, err := s.Gradient(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
		s.Update(program.AdamW{Step: step + 1, LearningRate: 1e-2, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.05, ClipNorm: 1})
	}
	return slices.Clone(s.Parameters()), losses
}

func threadsDoNotChangeBytes(t *testing.T, n *network, open func(threads int) program.Device) {
	const count = 3000 // many micro-batches, and several in each gradient slot
	want, losses := trained(t, n, open(1), count)
	if losses[4] >= losses[0] {
		t.Errorf("five steps took the loss from %v to %v", losses[0], losses[4])
	}
	for _, threads := range []int{2, 5} {
		got, _ := trained(t, n, open(threads), count)
		if !slices.Equal(got, want) {
			t.Errorf("weights on %d threads differ from those on one", threads)
		}
	}
}

func rowsDoNotDependOnNeighbours(t *testing.T, n *network, d program.Device) {
	s := d.Compile(n.training)
	s.Load(n.parameters())
	all := newRows(n, 700)
	if err := s.Forward(context.Background(), all); err != nil {
		t.Fatal(err)
	}
	for _, chunk := range []int{1, 7, 64} {
		for from := 0; from < 70; from += chunk {
			part := &rows{network: n, ids: all.ids[from : from+chunk], loss: make([][]float32, chunk)}
			if err := s.Forward(context.Background(), part); err != nil {
				t.Fatal(err)
			}
			for i := range part.ids {
				if !slices.Equal(part.loss[i], all.loss[from+i]) {
					t.Fatalf("row %d in a chunk of %d: %v, among all rows %v", from+i, chunk, part.loss[i], all.loss[from+i])
				}
			}
		}
	}
}

// updateIsAdamW checks one step against the formula in float64, with clipping and decay.
func updateIsAdamW(t *testing.T, n *network, d program.Device) {
	s := d.Compile(n.training)
	w := n.parameters()
	s.Load(w)
	if _, err := s.Gradient(context.Background(), newRows(n, 5)); err != nil {
		t.Fatal(err)
	}
	g := slices.Clone(s.Gradients())
	a := program.AdamW{Step: 3, LearningRate: 0.01, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.1, ClipNorm: 0.5}
	norm := s.Update(a)
	sum := 0.0
	for _, v := range g {
		sum += float64(v) * float64(v)
	}
	if math.Abs(norm-math.Sqrt(sum)) > tolerance*norm {
		t.Errorf("norm %v, want %v", norm, math.Sqrt(sum))
	}
	for _, p := range n.training.Layout.Parameters {
		var want []float64
		for i := p.Offset; i < p.Offset+p.Size(); i++ {
			want = append(want, adamW(a, p.Decay, float64(w[i]), float64(g[i])*min(1, a.ClipNorm/norm)))
		}
		compare(t, "weights of "+p.Name, s.Parameters()[p.Offset:p.Offset+p.Size()], want)
	}
}

// adamW is one step from zero moments.
func adamW(a program.AdamW, decay bool, w, g float64) float64 {
	m := (1 - a.Beta1) * g / (1 - math.Pow(a.Beta1, float64(a.Step)))
	v := (1 - a.Beta2) * g * g / (1 - math.Pow(a.Beta2, float64(a.Step)))
	change := m / (math.Sqrt(v) + a.Epsilon)
	if decay {
		change += a.WeightDecay * w
	}
	return w - a.LearningRate*change
}

func cancelledBatchStops(t *testing.T, n *network, d program.Device) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s := d.Compile(n.training)
	s.Load(n.parameters())
	if _, err := s.Gradient(ctx, newRows(n, 3000)); err == nil {
		t.Error("a batch under a cancelled context ran to its end")
	}
	if err := s.Forward(ctx, newRows(n, 3000)); err == nil {
		t.Error("a forward pass under a cancelled context ran to its end")
	}
}
