package cpu

import (
	"fmt"

	"github.com/lacuna-ml/lacuna/model/cpu/kernel"
	"github.com/lacuna-ml/lacuna/model/program"
)

// worker runs a whole program over one micro-batch at a time, in its own arena.
type worker struct {
	session   *session
	program   *program.Program
	kernels   *kernel.Set
	feed      *program.Feed
	tensors   [][]float32 // by tensor: where an activation lies in the arena, at its largest
	scratch   []float32   // for attention and softmax
	gradients []float32   // the slot in use
}

func newWorker(s *session) *worker {
	plan := program.NewPlan(s.program, s.rows)
	w := &worker{
		session: s, program: s.program, kernels: s.kernels,
		feed:    program.NewFeed(s.program, s.rows),
		tensors: make([][]float32, len(s.program.Tensors)),
		scratch: make([]float32, scratchFloats(s)),
	}
	arena := allocate(plan.Floats)
	for t, info := range s.program.Tensors {
		if offset := plan.Offset[t]; offset >= 0 {
			size := s.rows * s.program.Axes[info.Axis].PerRow * info.Width
			w.tensors[t] = arena[offset : offset+size : offset+size]
		}
	}
	for _, t := range s.program.Outputs {
		w.feed.Expose(t, w.tensors[t])
	}
	return w
}

// scratchFloats is what the greediest operation needs beside its tensors.
func scratchFloats(s *session) int {
	floats := 0
	for _, op := range s.program.Forward {
		switch op := op.(type) {
		case *program.Attention:
			info := s.program.Info(op.QKV)
			floats = max(floats, s.kernels.AttentionScratch(s.program.Axes[info.Axis].PerRow, info.Width/3, op.Heads))
		case *program.CellLoss:
			floats = max(floats, s.program.Info(op.Y).Width)
		}
	}
	return floats
}

// forward runs rows [from, to) of the batch, and returns their Σ weight·loss.
func (w *worker) forward(b program.Batch, from, to int) float64 {
	w.feed.Resize(program.Rows, to-from)
	b.Fill(from, to, w.feed)
	if err := w.feed.Check(w.session.rows); err != nil {
		panic(err) // a kind that breaks its own declaration; writing past the arena would be worse
	}
	for _, op := range w.program.Forward {
		w.run(op)
	}
	b.Collect(from, to, w.feed)
	return w.loss()
}

// loss is Σ weight·loss of the micro-batch, zero for a program without a loss.
func (w *worker) loss() float64 {
	if w.program.Loss == program.None {
		return 0
	}
	sum, loss := 0.0, w.floats(w.program.Loss)
	for i, weight := range w.floats(w.program.LossWeight) {
		sum += float64(weight) * float64(loss[i])
	}
	return sum
}

// backward adds the gradients of the micro-batch that forward has just run to the slot in use.
func (w *worker) backward() {
	for _, op := range w.program.Backward {
		w.run(op)
	}
}

func (w *worker) run(op program.Op) {
	switch op := op.(type) {
	case *program.Linear:
		w.linear(op)
	case *program.LinearGradWeight:
		w.linearGradWeight(op)
	case *program.LinearGradInput:
		w.linearGradInput(op)
	case *program.GELUGrad:
		w.kernels.GELUGrad(w.floats(op.DX), w.floats(op.DY), w.floats(op.X))
	case *program.LayerNorm:
		w.layerNorm(op)
	case *program.LayerNormGrad:
		w.layerNormGrad(op)
	case *program.Attention:
		w.kernels.Attention(w.floats(op.Y), w.floats(op.QKV), w.ints(op.Lengths), w.width(op.Y), op.Heads, w.scratch)
	case *program.AttentionGrad:
		w.kernels.AttentionGrad(w.floats(op.DQKV), w.floats(op.DY), w.floats(op.QKV), w.ints(op.Lengths), w.width(op.DY), op.Heads, w.scratch)
	case *program.GatherSum:
		w.gatherSum(op)
	case *program.ScatterAdd:
		w.scatterAdd(op)
	case *program.SegmentMean:
		w.segmentMean(op)
	case *program.SegmentMeanGrad:
		w.segmentMeanGrad(op)
	case *program.RangeLinear:
		w.rangeLinear(op)
	case *program.RangeLinearGrad:
		w.rangeLinearGrad(op)
	case *program.CellLoss:
		w.cellLoss(op)
	case *program.CellLossGrad:
		w.cellLossGrad(op)
	case *program.SquaredError:
		w.squaredError(op)
	case *program.SquaredErrorGrad:
		w.squaredErrorGrad(op)
	case *program.Add:
		w.kernels.Add(w.floats(op.Y), w.floats(op.X))
	default:
		panic(fmt.Sprintf("cpu: no rule for %T", op))
	}
}

// floats returns a tensor at its present size, [axis, width]; nil for None.
func (w *worker) floats(t program.Tensor) []float32 {
	if t == program.None {
		return nil
	}
	info := &w.program.Tensors[t]
	switch info.Role {
	case program.FloatInput:
		return w.feed.Floats(t)
	case program.Weight:
		return w.parameter(t)
	}
	return w.tensors[t][:w.feed.Sizes[info.Axis]*info.Width]
}

func (w *worker) ints(t program.Tensor) []int32 { return w.feed.Ints(t) }

// count is the present size of a tensor's axis.
func (w *worker) count(t program.Tensor) int { return w.feed.Sizes[w.program.Tensors[t].Axis] }

func (w *worker) width(t program.Tensor) int { return w.program.Tensors[t].Width }

func (w *worker) parameter(t program.Tensor) []float32 {
	p := &w.program.Layout.Parameters[w.program.Tensors[t].Parameter]
	return w.session.parameters[p.Offset : p.Offset+p.Size()]
}

func (w *worker) gradient(t program.Tensor) []float32 {
	p := &w.program.Layout.Parameters[w.program.Tensors[t].Parameter]
	return w.gradients[p.Offset : p.Offset+p.Size()]
}
