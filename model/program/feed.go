// What goes into a program with a micro-batch, and what comes out.

package program

import "fmt"

// Feed holds the axis sizes, inputs and outputs of one micro-batch. A device owns it and hands it out; slices stay valid
// until the next micro-batch.
type Feed struct {
	program *Program
	Sizes   []int       // by axis
	floats  [][]float32 // by tensor: float inputs, and outputs after the forward pass
	ints    [][]int32   // by tensor
}

// NewFeed allocates the inputs of p for micro-batches of up to rows rows.
func NewFeed(p *Program, rows int) *Feed {
	f := &Feed{program: p, Sizes: make([]int, len(p.Axes)), floats: make([][]float32, len(p.Tensors)), ints: make([][]int32, len(p.Tensors))}
	for t, info := range p.Tensors {
		n := rows * p.Axes[info.Axis].PerRow * info.Width
		switch info.Role {
		case FloatInput:
			f.floats[t] = make([]float32, n)
		case IntInput:
			f.ints[t] = make([]int32, n)
		}
	}
	return f
}

// Resize sets the size of an axis for this micro-batch.
func (f *Feed) Resize(axis Axis, n int) { f.Sizes[axis] = n }

// Floats returns an input to fill or an output to read: [axis, width], row-major, of the axis' present size.
func (f *Feed) Floats(t Tensor) []float32 {
	info := f.program.Tensors[t]
	return f.floats[t][:f.Sizes[info.Axis]*info.Width]
}

// Ints returns an integer input to fill, of the axis' present size.
func (f *Feed) Ints(t Tensor) []int32 {
	return f.ints[t][:f.Sizes[f.program.Tensors[t].Axis]]
}

// Expose makes x readable as the output t. Devices call it once, when they have planned their memory.
func (f *Feed) Expose(t Tensor, x []float32) { f.floats[t] = x }

// Check reports sizes beyond what was planned for rows rows, which would be a mistake in a kind.
func (f *Feed) Check(rows int) error {
	for a, info := range f.program.Axes {
		if f.Sizes[a] < 0 || f.Sizes[a] > rows*info.PerRow {
			return fmt.Errorf("program: axis %s has %d entries for %d rows, at most %d each were declared", info.Name, f.Sizes[a], rows, info.PerRow)
		}
	}
	return nil
}
