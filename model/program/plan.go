// Where activations lie in memory: planned once from their lifetimes, so that a step allocates nothing.

package program

import "slices"

// Plan places every activation of a program in one arena, for micro-batches of at most Rows rows. Tensors that don't
// live at the same time share memory.
type Plan struct {
	Rows   int
	Offset []int // floats, by tensor; −1 for what isn't an activation
	Floats int   // size of the arena
}

// align keeps tensors at cache-line boundaries, in floats.
const align = 16

// NewPlan plans the arena of p for micro-batches of up to rows rows.
func NewPlan(p *Program, rows int) *Plan {
	plan := &Plan{Rows: rows, Offset: make([]int, len(p.Tensors))}
	for t := range plan.Offset {
		plan.Offset[t] = -1
	}
	var live []placement
	ends := lastTouch(p)
	for i, op := range operations(p) {
		live = slices.DeleteFunc(live, func(l placement) bool { return ends[l.tensor] < i })
		for _, t := range op.Writes() {
			if plan.Offset[t] >= 0 || p.Tensors[t].Role != Activation {
				continue
			}
			at := placement{tensor: t, size: floatsOf(p, t, rows)}
			live, at.offset = place(live, at)
			plan.Offset[t] = at.offset
			plan.Floats = max(plan.Floats, at.offset+at.size)
		}
	}
	return plan
}

// WorkingSet is the largest number of floats that one operation of p touches for each row: what should fit into a cache
// when it is multiplied by the rows of a micro-batch. Parameters don't count.
func WorkingSet(p *Program) int {
	largest := 0
	for _, op := range operations(p) {
		sum := 0
		for _, t := range slices.Compact(slices.Sorted(slices.Values(append(op.Reads(), op.Writes()...)))) {
			if p.Tensors[t].Role != Weight {
				sum += p.Axes[p.Tensors[t].Axis].PerRow * p.Tensors[t].Width
			}
		}
		largest = max(largest, sum)
	}
	return largest
}

type placement struct {
	tensor       Tensor
	offset, size int
}

func floatsOf(p *Program, t Tensor, rows int) int {
	info := p.Tensors[t]
	n := rows * p.Axes[info.Axis].PerRow * info.Width
	return (n + align - 1) / align * align
}

func operations(p *Program) []Op { return append(slices.Clone(p.Forward), p.Backward...) }

// lastTouch returns the index of the last operation that touches each tensor; outputs stay to the end.
func lastTouch(p *Program) map[Tensor]int {
	ends := map[Tensor]int{}
	ops := operations(p)
	for i, op := range ops {
		for _, t := range append(op.Reads(), op.Writes()...) {
			ends[t] = i
		}
	}
	for _, t := range p.Outputs {
		ends[t] = len(ops)
	}
	return ends
}

// place finds the lowest gap between live tensors that holds the new one. live is kept sorted by offset.
func place(live []placement, at placement) ([]placement, int) {
	offset, i := 0, 0
	for i < len(live) && live[i].offset-offset < at.size {
		offset = max(offset, live[i].offset+live[i].size)
		i++
	}
	at.offset = offset
	return slices.Insert(live, i, at), offset
}
