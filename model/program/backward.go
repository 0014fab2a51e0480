// The backward pass: operations of the forward pass, last to first, each append those of their gradient.

package program

// gradients collects the backward operations, and knows the tensor that holds each activation's gradient so far.
type gradients struct {
	p        *Program
	of       map[Tensor]Tensor // activation → its gradient
	uses     map[Tensor]int    // activation → how many forward operations read it
	producer map[Tensor]Op
	ops      []Op
}

// differentiate returns the operations that add ∂(Σ weight·loss)/∂parameter to every parameter's gradient.
func differentiate(p *Program) []Op {
	g := &gradients{p: p, of: map[Tensor]Tensor{p.Loss: p.LossWeight}, uses: map[Tensor]int{}, producer: map[Tensor]Op{}}
	for _, op := range p.Forward {
		for _, t := range op.Reads() {
			g.uses[t]++
		}
		for _, t := range op.Writes() {
			g.producer[t] = op
		}
	}
	for i := len(p.Forward) - 1; i >= 0; i-- {
		p.Forward[i].backward(g)
	}
	return g.ops
}

func (g *gradients) emit(op Op) { g.ops = append(g.ops, op) }

// output returns the gradient of an operation's output; false when the loss doesn't depend on it.
func (g *gradients) output(t Tensor) (Tensor, bool) {
	d, ok := g.of[t]
	return d, ok
}

// into returns where an operation puts its contribution to the gradient of x, and whether it adds to what is there.
// None for inputs, which have no gradient.
func (g *gradients) into(x Tensor) (dx Tensor, accumulate bool) {
	info := g.p.Tensors[x]
	if info.Role != Activation {
		return None, false
	}
	if d, ok := g.of[x]; ok {
		return d, true
	}
	g.p.Tensors = append(g.p.Tensors, TensorInfo{Name: "gradient of " + info.Name, Role: Activation, Axis: info.Axis, Width: info.Width})
	d := Tensor(len(g.p.Tensors) - 1)
	g.of[x] = d
	return d, false
}

// pass hands dy on as the gradient of x, without a copy where x has no gradient yet: the caller has emitted every
// operation that still needs dy as it is, so later ones may add to it.
func (g *gradients) pass(x, dy Tensor) {
	if g.p.Tensors[x].Role != Activation {
		return
	}
	if d, ok := g.of[x]; ok {
		g.emit(&Add{Y: d, X: dy})
		return
	}
	g.of[x] = dy
}

// Add is Y += X, elementwise. It only appears in backward passes.
type Add struct{ Y, X Tensor }

func (o *Add) Reads() []Tensor       { return []Tensor{o.Y, o.X} }
func (o *Add) Writes() []Tensor      { return []Tensor{o.Y} }
func (o *Add) backward(g *gradients) {}
