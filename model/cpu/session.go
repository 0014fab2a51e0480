// A compiled program: its parameters, gradients and optimiser state, and the workers that run it.

package cpu

import (
	"context"
	"math"
	"slices"

	"github.com/lacuna-ml/lacuna/model/cpu/kernel"
	"github.com/lacuna-ml/lacuna/model/program"
)

// session implements program.Session.
type session struct {
	program    *program.Program
	kernels    *kernel.Set
	rows       int // of a micro-batch
	parameters []float32
	packed     []packedWeight // by parameter
	chunks     []chunk
	slots      [][]float32 // gradients; after Gradient, slot 0 holds their sum
	squares    []float64   // by chunk: sum of squared gradients
	losses     []float64   // by micro-batch
	first      []float32   // AdamW's moments
	second     []float32
	team       *team
	job        job
	tasks      tasks
}

// job is what the tasks of the present call work on.
type job struct {
	ctx             context.Context
	batch           program.Batch
	microBatches    int
	used            int // slots
	plain, decaying kernel.AdamWStep
}

// tasks are the session's methods as values, made once: a step allocates nothing.
type tasks struct{ pack, forward, gradient, addSlots, update func(w *worker, i int) }

// packedWeight is a linear layer's matrix as kernels read it: for the forward product, and for the gradient of the
// layer's input. Nil where the program has no use for it.
type packedWeight struct{ forward, backward []float32 }

// chunk is a run of parameters that one task of an update handles.
type chunk struct {
	from, to int
	decay    bool
}

const chunkFloats = 1 << 14

func newSession(d *Device, p *program.Program) *session {
	s := &session{
		program: p, kernels: d.kernels, rows: microBatchRows(p),
		parameters: allocate(p.Layout.Size()),
		packed:     make([]packedWeight, len(p.Layout.Parameters)),
	}
	s.allocatePacked()
	if len(p.Backward) > 0 {
		s.allocateTraining()
	}
	s.team = newTeam(d.threads, func() *worker { return newWorker(s) })
	s.tasks = tasks{pack: s.pack, forward: s.forward, gradient: s.gradient, addSlots: s.addSlots, update: s.update}
	return s
}

// allocatePacked makes room for the packed weights, side by side.
func (s *session) allocatePacked() {
	sizes := make([]struct{ forward, backward int }, len(s.packed))
	for _, op := range append(slices.Clone(s.program.Forward), s.program.Backward...) {
		switch op := op.(type) {
		case *program.Linear:
			w := s.program.Parameter(op.Weight)
			sizes[s.index(op.Weight)].forward = s.kernels.PackedSize(w.Cols, w.Rows)
		case *program.LinearGradInput:
			w := s.program.Parameter(op.Weight)
			sizes[s.index(op.Weight)].backward = s.kernels.PackedSize(w.Rows, w.Cols)
		}
	}
	total := 0
	for _, size := range sizes {
		total += lines(size.forward) + lines(size.backward)
	}
	room := slab(allocate(total))
	for i, size := range sizes {
		if size.forward > 0 {
			s.packed[i].forward = room.take(size.forward)
		}
		if size.backward > 0 {
			s.packed[i].backward = room.take(size.backward)
		}
	}
}

func (s *session) allocateTraining() {
	size := s.program.Layout.Size()
	s.slots = make([][]float32, slotCount(size))
	for i := range s.slots {
		s.slots[i] = allocate(size)
	}
	s.first, s.second = allocate(size), allocate(size)
	for _, p := range s.program.Layout.Parameters {
		for from := 0; from < p.Size(); from += chunkFloats {
			to := min(from+chunkFloats, p.Size())
			s.chunks = append(s.chunks, chunk{from: p.Offset + from, to: p.Offset + to, decay: p.Decay})
		}
	}
	s.squares = make([]float64, len(s.chunks))
}

func (s *session) index(t program.Tensor) int { return s.program.Info(t).Parameter }

// Load copies parameters in.
func (s *session) Load(parameters []float32) {
	copy(s.parameters, parameters)
	s.packAll()
}

// Parameters returns the session's own parameters.
func (s *session) Parameters() []float32 { return s.parameters }

// Gradients returns the summed gradients of the last batch.
func (s *session) Gradients() []float32 { return s.slots[0] }

// Moments returns AdamW's moments, to be saved or restored in place.
func (s *session) Moments() (first, second []float32) { return s.first, s.second }

// packAll lays all weights out for the kernels, a parameter a task.
func (s *session) packAll() {
	_ = s.team.each(context.Background(), len(s.packed), s.tasks.pack)
}

func (s *session) pack(_ *worker, i int) {
	p, to := s.program.Layout.Parameters[i], s.packed[i]
	w := s.parameters[p.Offset : p.Offset+p.Size()]
	if to.forward != nil {
		s.kernels.PackTransposed(to.forward, w, p.Cols, p.Rows)
	}
	if to.backward != nil {
		s.kernels.Pack(to.backward, w, p.Rows, p.Cols)
	}
}

// Forward runs the forward operations over the batch, a micro-batch a task.
func (s *session) Forward(ctx context.Context, b program.Batch) error {
	s.job = job{ctx: ctx, batch: b, microBatches: s.microBatches(b)}
	return s.team.each(ctx, s.job.microBatches, s.tasks.forward)
}

func (s *session) forward(w *worker, i int) {
	from, to := span(s.job.batch.Rows(), i, s.job.microBatches)
	w.forward(s.job.batch, from, to)
}

// Gradient runs forward and backward, a gradient slot a task, and adds the slots up.
func (s *session) Gradient(ctx context.Context, b program.Batch) (float64, error) {
	n := s.microBatches(b)
	s.job = job{ctx: ctx, batch: b, microBatches: n, used: min(len(s.slots), n)}
	s.losses = slices.Grow(s.losses[:0], n)[:n]
	if err := s.team.each(ctx, s.job.used, s.tasks.gradient); err != nil {
		return 0, err
	}
	_ = s.team.each(context.Background(), len(s.chunks), s.tasks.addSlots)
	loss := 0.0
	for _, l := range s.losses {
		loss += l
	}
	return loss, nil
}

// gradient runs the micro-batches of one slot, in order.
func (s *session) gradient(w *worker, slot int) {
	w.gradients = s.slots[slot]
	clear(w.gradients)
	first, last := span(s.job.microBatches, slot, s.job.used)
	for i := first; i < last && s.job.ctx.Err() == nil; i++ {
		from, to := span(s.job.batch.Rows(), i, s.job.microBatches)
		s.losses[i] = w.forward(s.job.batch, from, to)
		w.backward()
	}
}

// microBatches is the number of nearly equal micro-batches that a batch is cut into.
func (s *session) microBatches(b program.Batch) int { return (b.Rows() + s.rows - 1) / s.rows }

// addSlots sums one chunk of the slots pairwise, in an order that depends on their number alone.
func (s *session) addSlots(_ *worker, i int) {
	c, used := s.chunks[i], s.job.used
	for stride := 1; stride < used; stride *= 2 {
		for slot := 0; slot+stride < used; slot += 2 * stride {
			s.kernels.Add(s.slots[slot][c.from:c.to], s.slots[slot+stride][c.from:c.to])
		}
	}
	s.squares[i] = s.kernels.SumSquares(s.slots[0][c.from:c.to])
}

// Update takes one AdamW step along the gradients in slot 0.
func (s *session) Update(a program.AdamW) float64 {
	sum := 0.0
	for _, q := range s.squares {
		sum += q
	}
	norm, scale := math.Sqrt(sum), 1.0
	if a.ClipNorm > 0 && norm > a.ClipNorm {
		scale = a.ClipNorm / norm
	}
	s.job = job{plain: step(a, scale, 0), decaying: step(a, scale, a.WeightDecay)}
	_ = s.team.each(context.Background(), len(s.chunks), s.tasks.update)
	s.packAll()
	return norm
}

func (s *session) update(_ *worker, i int) {
	c, with := s.chunks[i], s.job.plain
	if c.decay {
		with = s.job.decaying
	}
	s.kernels.AdamW(s.parameters[c.from:c.to], s.slots[0][c.from:c.to], s.first[c.from:c.to], s.second[c.from:c.to], with)
}
