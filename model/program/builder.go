// Recording a program: axes, inputs and parameters first, then operations in the order of the data.

package program

import "fmt"

// Builder records a program. Its methods panic on shapes that don't fit: a model that builds once builds always, so a
// mistake is the programmer's and shows in the first test.
type Builder struct{ p *Program }

// NewBuilder starts a program whose parameters live in layout.
func NewBuilder(layout *Layout) *Builder {
	return &Builder{p: &Program{
		Axes:   []AxisInfo{{Name: "rows", PerRow: 1}},
		Layout: layout, Loss: None, LossWeight: None,
	}}
}

// Axis declares a symbolic dimension of at most perRow entries for each row of the micro-batch.
func (b *Builder) Axis(name string, perRow int) Axis {
	b.p.Axes = append(b.p.Axes, AxisInfo{Name: name, PerRow: perRow})
	return Axis(len(b.p.Axes) - 1)
}

// Floats declares an input [axis, width] of float32.
func (b *Builder) Floats(name string, axis Axis, width int) Tensor {
	return b.add(TensorInfo{Name: name, Role: FloatInput, Axis: axis, Width: width})
}

// Ints declares an input [axis, 1] of int32.
func (b *Builder) Ints(name string, axis Axis) Tensor {
	return b.add(TensorInfo{Name: name, Role: IntInput, Axis: axis, Width: 1})
}

// Parameter declares a parameter [rows, cols], or finds it in the layout.
func (b *Builder) Parameter(name string, rows, cols int, init Init, decay bool) Tensor {
	i := b.p.Layout.declare(Parameter{Name: name, Rows: rows, Cols: cols, Init: init, Decay: decay})
	for t, info := range b.p.Tensors {
		if info.Role == Weight && info.Parameter == i {
			return Tensor(t)
		}
	}
	return b.add(TensorInfo{Name: name, Role: Weight, Width: cols, Parameter: i})
}

// Output marks t as read by the caller after the forward pass.
func (b *Builder) Output(t Tensor) {
	b.p.Outputs = append(b.p.Outputs, t)
}

// Build ends the recording of a program that is only applied.
func (b *Builder) Build() *Program { return b.p }

// BuildTraining ends the recording with the scalar Σ weight·loss to minimise, and derives the backward operations.
// loss is an activation [axis, 1] and weight a float input of the same shape.
func (b *Builder) BuildTraining(loss, weight Tensor) *Program {
	b.require(b.info(loss).Axis == b.info(weight).Axis && b.info(loss).Width == 1 && b.info(weight).Width == 1,
		"loss %q and weight %q must both be [axis, 1]", b.info(loss).Name, b.info(weight).Name)
	b.p.Loss, b.p.LossWeight = loss, weight
	b.Output(loss)
	b.p.Backward = differentiate(b.p)
	return b.p
}

func (b *Builder) add(info TensorInfo) Tensor {
	b.p.Tensors = append(b.p.Tensors, info)
	return Tensor(len(b.p.Tensors) - 1)
}

func (b *Builder) info(t Tensor) TensorInfo { return b.p.Tensors[t] }

// activation declares the output of an operation.
func (b *Builder) activation(name string, axis Axis, width int) Tensor {
	return b.add(TensorInfo{Name: name, Role: Activation, Axis: axis, Width: width})
}

func (b *Builder) record(op Op) { b.p.Forward = append(b.p.Forward, op) }

func (b *Builder) require(ok bool, format string, args ...any) {
	if !ok {
		panic("program: " + fmt.Sprintf(format, args...))
	}
}
