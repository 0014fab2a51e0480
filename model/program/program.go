// What a program is made of: axes, tensors, parameters and operations.

package program

// Axis is a symbolic leading dimension: its size is given with each micro-batch, at most rows × PerRow.
type Axis int

// AxisInfo describes an Axis.
type AxisInfo struct {
	Name   string
	PerRow int // upper bound of its size for each row of the micro-batch
}

// Rows is the axis that every program has: one entry for each row of the micro-batch.
const Rows Axis = 0

// Tensor names a tensor of a program: an index into Program.Tensors.
type Tensor int

// None stands for a tensor that an operation goes without (no bias, no residual).
const None Tensor = -1

// Role says who owns a tensor's memory and who writes it.
type Role uint8

const (
	Activation Role = iota // written and read by operations, in the device's arena
	FloatInput             // filled by the caller for each micro-batch, float32
	IntInput               // filled by the caller for each micro-batch, int32
	Weight                 // a parameter: a fixed matrix [Rows, Width] in the flat parameter vector
)

// TensorInfo describes a Tensor.
type TensorInfo struct {
	Name  string
	Role  Role
	Axis  Axis // of activations and inputs
	Width int
	// Parameter is the index into Layout.Parameters of a Weight.
	Parameter int
}

// Program is a model as a static list of operations.
type Program struct {
	Axes    []AxisInfo
	Tensors []TensorInfo
	Layout  *Layout
	// Forward computes the outputs and the loss; Backward, when the program has a loss to differentiate, adds to the
	// gradients of the parameters. Both run in order.
	Forward, Backward []Op
	// Outputs are activations that the caller reads after Forward; their memory is not reused.
	Outputs []Tensor
	// The scalar to minimise is Σ LossWeight·Loss, both [axis, 1]; LossWeight is a float input. None in a program that
	// is only applied.
	Loss, LossWeight Tensor
}

// Op is one operation of a program. Devices switch on its concrete type.
type Op interface {
	// Reads and Writes list the operation's tensors, without None; a tensor that is added to is in both.
	Reads() []Tensor
	Writes() []Tensor
	// backward appends the operations of its gradient.
	backward(g *gradients)
}

// Info returns the description of t.
func (p *Program) Info(t Tensor) TensorInfo { return p.Tensors[t] }

// Parameter returns the parameter behind a Weight tensor.
func (p *Program) Parameter(t Tensor) Parameter {
	return p.Layout.Parameters[p.Tensors[t].Parameter]
}

// MultiplyAdds counts the multiply-adds of one forward pass (and one backward pass, where there is one) for a
// micro-batch with the given axis sizes: matrix products and attention, which is where the time goes. Two FLOP each.
func (p *Program) MultiplyAdds(sizes []int, backward bool) int64 {
	var total int64
	ops := p.Forward
	if backward {
		ops = append(append([]Op(nil), p.Forward...), p.Backward...)
	}
	for _, op := range ops {
		if c, ok := op.(interface {
			multiplyAdds(p *Program, sizes []int) int64
		}); ok {
			total += c.multiplyAdds(p, sizes)
		}
	}
	return total
}

// present filters None out of a list of tensors.
func present(ts ...Tensor) []Tensor {
	kept := ts[:0]
	for _, t := range ts {
		if t != None {
			kept = append(kept, t)
		}
	}
	return kept
}
