//go:build !purego

// Attention, by AVX2: small products of one head, with the kernels of multiply_avx2_amd64.go on strided matrices.

package kernel

import "math"

// attentionScratchAVX2 is a panel matrix of keys or values of one head, two square matrices, of probabilities and of
// their gradients, and what is added to scores.
func attentionScratchAVX2(maxLength, width, heads int) int {
	padded := roundUp(maxLength)
	return roundUp(width/heads)*padded + 2*maxLength*padded + padded
}

// roundUp is n rounded up to whole vectors.
func roundUp(n int) int { return (n + narrowPanel - 1) / narrowPanel * narrowPanel }

func attentionAVX2(y, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	total := sum(lengths)
	y, s := y[:total*width], newSquare(qkv[:total*3*width], width, heads)
	for _, length := range lengths {
		s.enter(int(length), scratch)
		for h := 0; h < heads && length > 0; h++ {
			s.forward(y, h)
		}
	}
}

func attentionGradAVX2(dqkv, dy, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	total := sum(lengths)
	dqkv, dy, s := dqkv[:total*3*width], dy[:total*width], newSquare(qkv[:total*3*width], width, heads)
	clear(dqkv)
	for _, length := range lengths {
		s.enter(int(length), scratch)
		for h := 0; h < heads && length > 0; h++ {
			s.backward(dqkv, dy, h)
		}
	}
}

func sum(lengths []int32) (total int) {
	for _, n := range lengths {
		total += int(n)
	}
	return total
}

// square is what the heads of one sequence are computed with.
type square struct {
	qkv       []float32
	width, ld int     // of all heads; of qkv
	d         int     // columns of a head
	scale     float32 // 1/√d
	first, t  int     // the sequence: its first token, and how many
	padded    int     // t rounded up to whole vectors
	panels    []float32
	p, dp     []float32 // [t,padded]: probabilities and their gradients
	hide      []float32 // [padded]: −∞ where there is no token, which makes a probability of zero
}

func newSquare(qkv []float32, width, heads int) square {
	d := width / heads
	return square{qkv: qkv, width: width, ld: 3 * width, d: d, scale: float32(1 / math.Sqrt(float64(d)))}
}

// enter moves on to the next sequence.
func (s *square) enter(t int, scratch []float32) {
	s.first += s.t
	s.t, s.padded = t, roundUp(t)
	panels, size := roundUp(s.d)*s.padded, t*s.padded
	s.panels, s.p, s.dp = scratch[:panels], scratch[panels:panels+size], scratch[panels+size:panels+2*size]
	s.hide = scratch[panels+2*size : panels+2*size+s.padded]
	for j := range s.hide {
		s.hide[j] = 0
		if j >= t {
			s.hide[j] = float32(math.Inf(-1))
		}
	}
}

// query, key and value are the columns of head h from the sequence's first token on.
func (s *square) query(x []float32, h int) []float32 { return x[s.first*s.ld+h*s.d:] }
func (s *square) key(x []float32, h int) []float32   { return s.query(x, h)[s.width:] }
func (s *square) value(x []float32, h int) []float32 { return s.query(x, h)[2*s.width:] }

func (s *square) forward(y []float32, h int) {
	s.probabilities(h)
	s.timesRows(y[s.first*s.width+h*s.d:], s.width, s.p, s.value(s.qkv, h))
}

// backward, with ds = p·(dp − Σ p·dp)/√d in place of dp:
//
//	dv = pᵀ·dy,  dp = dy·vᵀ,  dq = ds·k,  dk = dsᵀ·q
func (s *square) backward(dqkv, dy []float32, h int) {
	s.probabilities(h)
	dy = dy[s.first*s.width+h*s.d:]
	s.outer(s.value(dqkv, h), s.p, dy, s.width)
	s.timesColumns(s.dp, dy, s.width, s.value(s.qkv, h), 1, nil)
	softmaxGradRows(&s.dp[0], &s.p[0], s.t, s.padded, s.scale)
	s.timesRows(s.query(dqkv, h), s.ld, s.dp, s.key(s.qkv, h))
	s.outer(s.key(dqkv, h), s.dp, s.query(s.qkv, h), s.ld)
}

// probabilities is p = softmax(q·kᵀ/√d).
func (s *square) probabilities(h int) {
	s.timesColumns(s.p, s.query(s.qkv, h), s.ld, s.key(s.qkv, h), s.scale, s.hide)
	softmaxRows(&s.p[0], &s.panels[0], s.t, s.padded)
}

// timesColumns is to [t,padded] = scale·x·bᵀ + plus, with x [t,d] of stride ldx, b [t,d] of qkv, and plus [padded] or nil.
func (s *square) timesColumns(to, x []float32, ldx int, b []float32, scale float32, plus []float32) {
	packColumns(s.panels, b, s.d, s.ld, s.t, scale)
	for j := 0; j < s.t; j += widePanel {
		multiplyPanel(&to[j], &x[0], &s.panels[j*s.d], s.t, s.d, s.padded, ldx, min(widePanel, s.padded-j), from(plus, j), nil, nil, nil, 0)
	}
}

// timesRows is to [t,d] of stride ldto = p·b, with p [t,padded], and b [t,d] of qkv.
func (s *square) timesRows(to []float32, ldto int, p, b []float32) {
	for j := 0; j < s.d; j += widePanel {
		columns, panel := min(widePanel, s.d-j), &s.panels[j*s.t]
		packRows(panel, &b[j], s.t, s.ld, columns)
		multiplyPanel(&to[j], &p[0], panel, s.t, s.t, ldto, s.padded, columns, nil, nil, nil, nil, 0)
	}
}

// outer adds pᵀ·x to dw [t,d] of dqkv, with p [t,padded] and x [t,d] of stride ldx.
func (s *square) outer(dw, p, x []float32, ldx int) {
	for j := 0; j < s.d; j += widePanel {
		outerStrip(&dw[j], &p[0], &x[j], s.t, s.t, s.ld, s.padded, ldx, min(widePanel, s.d-j))
	}
}
