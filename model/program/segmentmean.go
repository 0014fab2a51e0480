package program

// SegmentMean is Y[r] = mean of the next Lengths[r] rows of X [L, D]: the pooling of a row's tokens. A row without
// tokens gives zeros.
type SegmentMean struct{ X, Lengths, Y Tensor }

// SegmentMean records the mean over each row's tokens; the result is [rows, D].
func (b *Builder) SegmentMean(name string, x, lengths Tensor) Tensor {
	b.require(b.info(lengths).Role == IntInput && b.info(lengths).Axis == Rows, "%s: lengths must be an integer input over rows", name)
	op := &SegmentMean{X: x, Lengths: lengths, Y: b.activation(name, Rows, b.info(x).Width)}
	b.record(op)
	return op.Y
}

func (o *SegmentMean) Reads() []Tensor  { return []Tensor{o.X, o.Lengths} }
func (o *SegmentMean) Writes() []Tensor { return []Tensor{o.Y} }

func (o *SegmentMean) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if !ok {
		return
	}
	if dx, accumulate := g.into(o.X); dx != None {
		g.emit(&SegmentMeanGrad{DY: dy, Lengths: o.Lengths, DX: dx, Accumulate: accumulate})
	}
}

// SegmentMeanGrad spreads DY[r]/Lengths[r] over the tokens of row r.
type SegmentMeanGrad struct {
	DY, Lengths, DX Tensor
	Accumulate      bool
}

func (o *SegmentMeanGrad) Reads() []Tensor {
	if o.Accumulate {
		return []Tensor{o.DY, o.Lengths, o.DX}
	}
	return []Tensor{o.DY, o.Lengths}
}
func (o *SegmentMeanGrad) Writes() []Tensor      { return []Tensor{o.DX} }
func (o *SegmentMeanGrad) backward(g *gradients) {}
