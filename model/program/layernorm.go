package program

// LayerNorm is Y = (X − mean)/√(variance + Eps)·Gamma + Beta over each row of X [L, D]. Stats [L, 2] keeps mean and
// 1/√(variance + Eps). Ba, Kiros and Hinton, "Layer Normalization" (2016).
type LayerNorm struct {
	X, Gamma, Beta, Y, Stats Tensor
	Eps                      float32
}

// LayerNorm records a layer norm with parameters name.weight and name.bias, [1, D] each.
func (b *Builder) LayerNorm(name string, x Tensor, eps float32) Tensor {
	in := b.info(x)
	op := &LayerNorm{
		X:     x,
		Gamma: b.Parameter(name+".weight", 1, in.Width, Ones, false),
		Beta:  b.Parameter(name+".bias", 1, in.Width, Zeros, false),
		Y:     b.activation(name, in.Axis, in.Width),
		Stats: b.activation(name+" statistics", in.Axis, 2),
		Eps:   eps,
	}
	b.record(op)
	return op.Y
}

func (o *LayerNorm) Reads() []Tensor  { return []Tensor{o.X, o.Gamma, o.Beta} }
func (o *LayerNorm) Writes() []Tensor { return []Tensor{o.Y, o.Stats} }

func (o *LayerNorm) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if !ok {
		return
	}
	dx, accumulate := g.into(o.X)
	g.emit(&LayerNormGrad{X: o.X, Stats: o.Stats, Gamma: o.Gamma, Beta: o.Beta, DY: dy, DX: dx, Accumulate: accumulate})
}

// LayerNormGrad adds to the gradients of Gamma and Beta, and writes, or adds to, DX (None when X is an input).
type LayerNormGrad struct {
	X, Stats, Gamma, Beta, DY, DX Tensor
	Accumulate                    bool
}

func (o *LayerNormGrad) Reads() []Tensor {
	if o.Accumulate {
		return present(o.X, o.Stats, o.Gamma, o.DY, o.DX)
	}
	return present(o.X, o.Stats, o.Gamma, o.DY)
}
func (o *LayerNormGrad) Writes() []Tensor      { return present(o.DX) }
func (o *LayerNormGrad) backward(g *gradients) {}
