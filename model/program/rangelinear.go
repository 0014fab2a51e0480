package program

// RangeLinear is a linear layer in which every token uses its own range of the outputs:
// Y[l][j] = X[l]·W[Start[l]+j] + bias[Start[l]+j] for j < Count[l], with X [L, D], W [O, D], Y [L, K], K ≥ every Count.
//
// It is the head of a table: a token that stands for a numeric column has one output, one for a categorical column as
// many as the column has categories. Values of Y beyond Count[l] are undefined.
type RangeLinear struct{ X, Weight, Bias, Start, Count, Y Tensor }

// RangeLinear records such a head with parameters name.weight [outputs, D] and name.bias [1, outputs]; k bounds the
// counts.
func (b *Builder) RangeLinear(name string, x, start, count Tensor, outputs, k int) Tensor {
	in := b.info(x)
	op := &RangeLinear{
		X:      x,
		Weight: b.Parameter(name+".weight", outputs, in.Width, Xavier, true),
		Bias:   b.Parameter(name+".bias", 1, outputs, Zeros, false),
		Start:  start, Count: count,
		Y: b.activation(name, in.Axis, k),
	}
	b.require(b.info(start).Axis == in.Axis && b.info(count).Axis == in.Axis, "%s: ranges over another axis", name)
	b.record(op)
	return op.Y
}

func (o *RangeLinear) Reads() []Tensor {
	return []Tensor{o.X, o.Weight, o.Bias, o.Start, o.Count}
}
func (o *RangeLinear) Writes() []Tensor { return []Tensor{o.Y} }

func (o *RangeLinear) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if !ok {
		return
	}
	dx, accumulate := g.into(o.X)
	g.emit(&RangeLinearGrad{X: o.X, Weight: o.Weight, Bias: o.Bias, Start: o.Start, Count: o.Count, DY: dy, DX: dx, Accumulate: accumulate})
}

// RangeLinearGrad adds to the gradients of Weight and Bias within each token's range, and writes, or adds to, DX.
type RangeLinearGrad struct {
	X, Weight, Bias, Start, Count, DY, DX Tensor
	Accumulate                            bool
}

func (o *RangeLinearGrad) Reads() []Tensor {
	ts := []Tensor{o.X, o.Weight, o.Start, o.Count, o.DY}
	if o.Accumulate {
		ts = append(ts, o.DX)
	}
	return present(ts...)
}
func (o *RangeLinearGrad) Writes() []Tensor      { return present(o.DX) }
func (o *RangeLinearGrad) backward(g *gradients) {}
