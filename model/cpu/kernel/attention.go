// Multi-head attention over short sequences, forward and backward (Vaswani et al., "Attention Is All You Need", 2017).

package kernel

import "math"

// attentionScratch is two rows of one head: probabilities and their gradients.
func attentionScratch(maxLength, _, _ int) int { return 2 * maxLength }

func attention(y, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	clear(y)
	eachHead(lengths, width, heads, func(h head) {
		for i := range h.length {
			out, p := h.row(y, i, width, 0), h.probabilities(scratch, qkv, i)
			for j, v := range p {
				addScaled(out, h.row(qkv, j, 3*width, 2*width), v)
			}
		}
	})
}

// attentionGrad, for one query with probabilities p:
//
//	dv += p·dy,  dp = dy·vᵀ,  ds = p·(dp − Σ p·dp)/√d,  dq = ds·k,  dk += ds·q
func attentionGrad(dqkv, dy, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	clear(dqkv)
	eachHead(lengths, width, heads, func(h head) {
		stride, dp := 3*width, scratch[h.length:2*h.length]
		for i := range h.length {
			d, p := h.row(dy, i, width, 0), h.probabilities(scratch, qkv, i)
			for j, v := range p {
				addScaled(h.row(dqkv, j, stride, 2*width), d, v)
				dp[j] = dot(d, h.row(qkv, j, stride, 2*width))
			}
			mean := dot(p, dp)
			for j, v := range p {
				ds := v * (dp[j] - mean) * h.scale
				addScaled(h.row(dqkv, i, stride, 0), h.row(qkv, j, stride, width), ds)
				addScaled(h.row(dqkv, j, stride, width), h.row(qkv, i, stride, 0), ds)
			}
		}
	})
}

// head is one head of one sequence.
type head struct {
	first, length int     // the sequence's tokens
	offset, d     int     // the head's columns within width
	width         int     // of all heads
	scale         float32 // 1/√d
}

// eachHead calls f for every head of every sequence.
func eachHead(lengths []int32, width, heads int, f func(head)) {
	d, first := width/heads, 0
	for _, length := range lengths {
		for n := range heads {
			f(head{first: first, length: int(length), offset: n * d, d: d, width: width, scale: 1 / float32(math.Sqrt(float64(d)))})
		}
		first += int(length)
	}
}

// row is the head's part of token i in a matrix of the given stride, past column.
func (h head) row(x []float32, i, stride, column int) []float32 {
	at := (h.first+i)*stride + column + h.offset
	return x[at : at+h.d : at+h.d]
}

// probabilities writes the weights of query i over all keys to the front of scratch.
func (h head) probabilities(scratch, qkv []float32, i int) []float32 {
	p, q := scratch[:h.length], h.row(qkv, i, 3*h.width, 0)
	for j := range p {
		p[j] = dot(q, h.row(qkv, j, 3*h.width, h.width)) * h.scale
	}
	softmaxRow(p, p)
	return p
}
