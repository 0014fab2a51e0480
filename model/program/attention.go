package program

// Attention is multi-head self-attention within each sequence: Y = softmax(Q·Kᵀ/√(D/Heads))·V for every head.
//
// QKV [L, 3·D] holds queries, keys and values side by side, head h at h·D/Heads within each; the tokens of sequence r are
// the next Lengths[r] rows. Nothing is kept for the backward pass: sequences are short, so it computes the
// probabilities again. Vaswani et al., "Attention Is All You Need" (2017), §3.2.
type Attention struct {
	QKV, Lengths, Y Tensor
	Heads           int
}

// Attention records self-attention over packed sequences; lengths [rows] sums to the size of qkv's axis.
func (b *Builder) Attention(name string, qkv, lengths Tensor, heads int) Tensor {
	in := b.info(qkv)
	b.require(in.Width%(3*heads) == 0, "%s: %d values don't divide into 3 times %d heads", name, in.Width, heads)
	b.require(b.info(lengths).Role == IntInput && b.info(lengths).Axis == Rows, "%s: lengths must be an integer input over rows", name)
	op := &Attention{QKV: qkv, Lengths: lengths, Y: b.activation(name, in.Axis, in.Width/3), Heads: heads}
	b.record(op)
	return op.Y
}

func (o *Attention) Reads() []Tensor  { return []Tensor{o.QKV, o.Lengths} }
func (o *Attention) Writes() []Tensor { return []Tensor{o.Y} }

// multiplyAdds takes all sequences to be of the mean length.
func (o *Attention) multiplyAdds(p *Program, sizes []int) int64 {
	return attentionMultiplyAdds(p, sizes, o.QKV)
}

func attentionMultiplyAdds(p *Program, sizes []int, qkv Tensor) int64 {
	info := p.Tensors[qkv]
	tokens, rows := int64(sizes[info.Axis]), int64(max(sizes[Rows], 1))
	return 2 * tokens * tokens / rows * int64(info.Width/3)
}

func (o *Attention) backward(g *gradients) {
	dy, ok := g.output(o.Y)
	if !ok {
		return
	}
	dqkv, accumulate := g.into(o.QKV)
	if accumulate {
		panic("program: attention's input has another reader")
	}
	g.emit(&AttentionGrad{QKV: o.QKV, Lengths: o.Lengths, DY: dy, DQKV: dqkv, Heads: o.Heads})
}

// AttentionGrad writes DQKV from DY, computing the probabilities again from QKV.
type AttentionGrad struct {
	QKV, Lengths, DY, DQKV Tensor
	Heads                  int
}

func (o *AttentionGrad) Reads() []Tensor       { return []Tensor{o.QKV, o.Lengths, o.DY} }
func (o *AttentionGrad) Writes() []Tensor      { return []Tensor{o.DQKV} }
func (o *AttentionGrad) backward(g *gradients) {}

// multiplyAdds counts the five products of a backward pass over two of a forward one.
func (o *AttentionGrad) multiplyAdds(p *Program, sizes []int) int64 {
	return attentionMultiplyAdds(p, sizes, o.QKV) * 5 / 2
}
