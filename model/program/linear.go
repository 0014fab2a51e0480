// Linear layers with what is fused into them: bias, GELU, residual.

package program

// Linear is Y = act(X·Wᵀ + bias) + Residual, with X [L, in], W [out, in] as PyTorch keeps it, Y [L, out].
//
// act is GELU (x·Φ(x), the erf form) or nothing. Pre keeps X·Wᵀ + bias for the backward pass of a GELU.
type Linear struct {
	X, Weight, Bias, Residual, Y, Pre Tensor
	GELU                              bool
}

// LinearOptions are what can be fused into a linear layer.
type LinearOptions struct {
	GELU     bool
	Residual Tensor // None, or [L, out]; not together with GELU
}

// Linear records a linear layer with parameters name.weight [out, in] and name.bias [1, out].
func (b *Builder) Linear(name string, x Tensor, out int, o LinearOptions) Tensor {
	in := b.info(x)
	b.require(!o.GELU || o.Residual == None, "%s: GELU and a residual don't go together", name)
	op := &Linear{
		X:        x,
		Weight:   b.Parameter(name+".weight", out, in.Width, Xavier, true),
		Bias:     b.Parameter(name+".bias", 1, out, Zeros, false),
		Residual: o.Residual,
		Y:        b.activation(name, in.Axis, out),
		Pre:      None,
		GELU:     o.GELU,
	}
	if o.GELU {
		op.Pre = b.activation(name+" before GELU", in.Axis, out)
	}
	if o.Residual != None {
		r := b.info(o.Residual)
		b.require(r.Axis == in.Axis && r.Width == out, "%s: residual %s has another shape", name, r.Name)
	}
	b.record(op)
	return op.Y
}

func (o *Linear) Reads() []Tensor  { return present(o.X, o.Weight, o.Bias, o.Residual) }
func (o *Linear) Writes() []Tensor { return present(o.Y, o.Pre) }

func (o *Linear) multiplyAdds(p *Program, sizes []int) int64 {
	w := p.Parameter(o.Weight)
	return int64(sizes[p.Tensors[o.X].Axis]) * int64(w.Size())
}

// dW += dYᵀ·X, dbias += Σ dY, dX = dY·W; the residual gets dY itself.
func (o *Linear) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if o.GELU {
		dy, ok = o.throughGELU(g, dy, ok)
	}
	if !ok {
		return
	}
	g.emit(&LinearGradWeight{X: o.X, DY: dy, Weight: o.Weight, Bias: o.Bias})
	o.gradInput(g, dy)
	if o.Residual != None {
		g.pass(o.Residual, dy)
	}
}

// throughGELU turns the gradient of the activated output into that of Pre, unless the layer that reads the output has
// already done so.
func (o *Linear) throughGELU(g *gradients, dy Tensor, ok bool) (Tensor, bool) {
	if d, fused := g.of[o.Pre]; fused {
		return d, true
	}
	if !ok {
		return None, false
	}
	dpre, _ := g.into(o.Pre)
	g.emit(&GELUGrad{DX: dpre, DY: dy, X: o.Pre})
	return dpre, true
}

// gradInput emits dX = dY·W. Where X comes out of a GELU that nothing else reads, GELU's derivative is fused in and the
// result is the gradient of that layer's Pre.
func (o *Linear) gradInput(g *gradients, dy Tensor) {
	if from, ok := g.producer[o.X].(*Linear); ok && from.GELU && g.uses[o.X] == 1 {
		dpre, _ := g.into(from.Pre)
		g.emit(&LinearGradInput{DY: dy, Weight: o.Weight, DX: dpre, Pre: from.Pre})
		return
	}
	if dx, accumulate := g.into(o.X); dx != None {
		g.emit(&LinearGradInput{DY: dy, Weight: o.Weight, DX: dx, Pre: None, Accumulate: accumulate})
	}
}

// LinearGradWeight adds DYᵀ·X to the gradient of Weight and Σ DY to that of Bias.
type LinearGradWeight struct{ X, DY, Weight, Bias Tensor }

func (o *LinearGradWeight) Reads() []Tensor       { return present(o.X, o.DY) }
func (o *LinearGradWeight) Writes() []Tensor      { return nil }
func (o *LinearGradWeight) backward(g *gradients) {}

func (o *LinearGradWeight) multiplyAdds(p *Program, sizes []int) int64 {
	return int64(sizes[p.Tensors[o.X].Axis]) * int64(p.Parameter(o.Weight).Size())
}

// LinearGradInput is DX = (DY·W) ⊙ gelu'(Pre), without the second factor where Pre is None; added to DX when Accumulate.
type LinearGradInput struct {
	DY, Weight, DX, Pre Tensor
	Accumulate          bool
}

func (o *LinearGradInput) Reads() []Tensor {
	if o.Accumulate {
		return present(o.DY, o.Weight, o.Pre, o.DX)
	}
	return present(o.DY, o.Weight, o.Pre)
}
func (o *LinearGradInput) Writes() []Tensor      { return []Tensor{o.DX} }
func (o *LinearGradInput) backward(g *gradients) {}

func (o *LinearGradInput) multiplyAdds(p *Program, sizes []int) int64 {
	return int64(sizes[p.Tensors[o.DY].Axis]) * int64(p.Parameter(o.Weight).Size())
}

// GELUGrad is DX = DY ⊙ gelu'(X), for a GELU whose output several operations read.
type GELUGrad struct{ DX, DY, X Tensor }

func (o *GELUGrad) Reads() []Tensor       { return []Tensor{o.DY, o.X} }
func (o *GELUGrad) Writes() []Tensor      { return []Tensor{o.DX} }
func (o *GELUGrad) backward(g *gradients) {}
