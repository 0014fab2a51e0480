// The machine: values of every tensor, and the loop over operations.

package reference

import (
	"fmt"

	"github.com/lacuna-ml/lacuna/model/program"
)

// Machine runs one program for one micro-batch at a time.
type Machine struct {
	Program    *program.Program
	Parameters []float64 // flat, in the layout's order
	Gradients  []float64 // filled by Backward
	feed       *program.Feed
	values     [][]float64 // by tensor: activations and float inputs
}

// New returns a machine with all parameters zero.
func New(p *program.Program) *Machine {
	return &Machine{
		Program:    p,
		Parameters: make([]float64, p.Layout.Size()),
		Gradients:  make([]float64, p.Layout.Size()),
		values:     make([][]float64, len(p.Tensors)),
	}
}

// Forward runs the forward operations on the inputs in f, which it keeps until Backward.
func (m *Machine) Forward(f *program.Feed) {
	m.feed = f
	for t, info := range m.Program.Tensors {
		switch info.Role {
		case program.Activation:
			m.values[t] = make([]float64, f.Sizes[info.Axis]*info.Width)
		case program.FloatInput:
			m.values[t] = widen(f.Floats(program.Tensor(t)))
		}
	}
	for _, op := range m.Program.Forward {
		m.run(op)
	}
}

// Backward runs the backward operations after Forward, into Gradients.
func (m *Machine) Backward() {
	clear(m.Gradients)
	for _, op := range m.Program.Backward {
		m.run(op)
	}
}

// Loss is Σ weight·loss after Forward.
func (m *Machine) Loss() float64 {
	return dot(m.values[m.Program.LossWeight], m.values[m.Program.Loss])
}

// Value returns a tensor's values after Forward or Backward, [axis, width].
func (m *Machine) Value(t program.Tensor) []float64 { return m.values[t] }

func (m *Machine) run(op program.Op) {
	switch op := op.(type) {
	case *program.Linear:
		m.linear(op)
	case *program.LinearGradWeight:
		m.linearGradWeight(op)
	case *program.LinearGradInput:
		m.linearGradInput(op)
	case *program.GELUGrad:
		m.geluGrad(op)
	case *program.LayerNorm:
		m.layerNorm(op)
	case *program.LayerNormGrad:
		m.layerNormGrad(op)
	case *program.Attention:
		m.attention(op)
	case *program.AttentionGrad:
		m.attentionGrad(op)
	case *program.GatherSum:
		m.gatherSum(op)
	case *program.ScatterAdd:
		m.scatterAdd(op)
	case *program.SegmentMean:
		m.segmentMean(op)
	case *program.SegmentMeanGrad:
		m.segmentMeanGrad(op)
	case *program.RangeLinear:
		m.rangeLinear(op)
	case *program.RangeLinearGrad:
		m.rangeLinearGrad(op)
	case *program.CellLoss:
		m.cellLoss(op)
	case *program.CellLossGrad:
		m.cellLossGrad(op)
	case *program.SquaredError:
		m.squaredError(op)
	case *program.SquaredErrorGrad:
		m.squaredErrorGrad(op)
	case *program.Add:
		for i, x := range m.values[op.X] {
			m.values[op.Y][i] += x
		}
	default:
		panic(fmt.Sprintf("reference: no rule for %T", op))
	}
}

// parameter and gradient return a parameter's matrix in the flat vectors.
func (m *Machine) parameter(t program.Tensor) []float64 {
	p := m.Program.Parameter(t)
	return m.Parameters[p.Offset : p.Offset+p.Size()]
}

func (m *Machine) gradient(t program.Tensor) []float64 {
	p := m.Program.Parameter(t)
	return m.Gradients[p.Offset : p.Offset+p.Size()]
}

// rows returns a tensor, whether parameter or activation, as its rows.
func (m *Machine) rows(t program.Tensor) [][]float64 {
	if m.Program.Info(t).Role == program.Weight {
		return split(m.parameter(t), m.Program.Info(t).Width)
	}
	return split(m.values[t], m.Program.Info(t).Width)
}

// row returns row l of a tensor.
func (m *Machine) row(t program.Tensor, l int) []float64 {
	width := m.Program.Info(t).Width
	if m.Program.Info(t).Role == program.Weight {
		return m.parameter(t)[l*width : (l+1)*width]
	}
	return m.values[t][l*width : (l+1)*width]
}

func (m *Machine) ints(t program.Tensor) []int32 { return m.feed.Ints(t) }

func split(x []float64, width int) [][]float64 {
	rows := make([][]float64, len(x)/width)
	for i := range rows {
		rows[i] = x[i*width : (i+1)*width]
	}
	return rows
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// addScaled is dst += s·src.
func addScaled(dst, src []float64, s float64) {
	for i := range dst {
		dst[i] += s * src[i]
	}
}
