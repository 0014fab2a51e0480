package program

// CellLoss is the loss of a table's cell, [L, 1]:
//
//	Count[l] = 1: (Y[l][0] − Target[l])²
//	Count[l] > 1: −log softmax(Y[l][:Count[l]])[Target[l]], in nats
//
// with Y [L, K] as RangeLinear leaves it, and Target [L, 1] a value or a category's number.
type CellLoss struct{ Y, Target, Count, Loss Tensor }

// CellLoss records the loss of each cell.
func (b *Builder) CellLoss(name string, y, target, count Tensor) Tensor {
	in := b.info(y)
	b.require(b.info(target).Axis == in.Axis && b.info(count).Axis == in.Axis, "%s: targets over another axis", name)
	op := &CellLoss{Y: y, Target: target, Count: count, Loss: b.activation(name, in.Axis, 1)}
	b.record(op)
	return op.Loss
}

func (o *CellLoss) Reads() []Tensor  { return []Tensor{o.Y, o.Target, o.Count} }
func (o *CellLoss) Writes() []Tensor { return []Tensor{o.Loss} }

func (o *CellLoss) backward(g *gradients) {
	dloss, ok := g.output(o.Loss)
	if !ok {
		return
	}
	if dy, _ := g.into(o.Y); dy != None {
		g.emit(&CellLossGrad{Y: o.Y, Target: o.Target, Count: o.Count, DLoss: dloss, DY: dy})
	}
}

// CellLossGrad is DY[l] = DLoss[l]·2(Y−Target), or DLoss[l]·(softmax(Y) − onehot(Target)); untouched beyond Count[l].
type CellLossGrad struct{ Y, Target, Count, DLoss, DY Tensor }

func (o *CellLossGrad) Reads() []Tensor       { return []Tensor{o.Y, o.Target, o.Count, o.DLoss} }
func (o *CellLossGrad) Writes() []Tensor      { return []Tensor{o.DY} }
func (o *CellLossGrad) backward(g *gradients) {}
