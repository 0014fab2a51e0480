package program

// SquaredError is Loss[l] = Σ_p Weight[l][p]·(Y[l][p] − Target[l][p])², with all three [L, P] and Loss [L, 1]. Weight is
// zero for what is visible or absent.
type SquaredError struct{ Y, Target, Weight, Loss Tensor }

// SquaredError records a weighted squared error; target and weight are float inputs of y's shape.
func (b *Builder) SquaredError(name string, y, target, weight Tensor) Tensor {
	in := b.info(y)
	for _, t := range []Tensor{target, weight} {
		b.require(b.info(t).Axis == in.Axis && b.info(t).Width == in.Width, "%s: %s has another shape", name, b.info(t).Name)
	}
	op := &SquaredError{Y: y, Target: target, Weight: weight, Loss: b.activation(name, in.Axis, 1)}
	b.record(op)
	return op.Loss
}

func (o *SquaredError) Reads() []Tensor  { return []Tensor{o.Y, o.Target, o.Weight} }
func (o *SquaredError) Writes() []Tensor { return []Tensor{o.Loss} }

func (o *SquaredError) backward(g *gradients) {
	dloss, ok := g.output(o.Loss)
	if !ok {
		return
	}
	if dy, _ := g.into(o.Y); dy != None {
		g.emit(&SquaredErrorGrad{Y: o.Y, Target: o.Target, Weight: o.Weight, DLoss: dloss, DY: dy})
	}
}

// SquaredErrorGrad is DY = 2·DLoss[l]·Weight·(Y − Target).
type SquaredErrorGrad struct{ Y, Target, Weight, DLoss, DY Tensor }

func (o *SquaredErrorGrad) Reads() []Tensor       { return []Tensor{o.Y, o.Target, o.Weight, o.DLoss} }
func (o *SquaredErrorGrad) Writes() []Tensor      { return []Tensor{o.DY} }
func (o *SquaredErrorGrad) backward(g *gradients) {}
