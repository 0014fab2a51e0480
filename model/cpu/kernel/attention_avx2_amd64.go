//go:build !purego

// Attention, by AVX2: small products of one head, with the kernels of multiply_avx2_amd64.go on strided matrices.

package kernel

import "math"

// attentionScratchAVX2 is a panel matrix of one head, and two square matrices: probabilities and their gradients.
func attentionScratchAVX2(maxLength, width, heads int) int {
	padded := roundUp(maxLength)
	return roundUp(width/heads)*padded + 2*maxLength*padded
}

func attentionAVX2(y, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	total := sum(lengths)
	y, s := y[:total*width], newSquare(qkv[:total*3*width], width, heads)
	clear(y)
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
	p, dp     []float32 // [t,padded], a row for each key and a column for each query: probabilities and their gradients
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
}

// query, key and value are the columns of head h from the sequence's first token on.
func (s *square) query(x []float32, h int) []float32 { return x[s.first*s.ld+h*s.d:] }
func (s *square) key(x []float32, h int) []float32   { return s.query(x, h)[s.width:] }
func (s *square) value(x []float32, h int) []float32 { return s.query(x, h)[2*s.width:] }

func (s *square) forward(y []float32, h int) {
	s.probabilities(h)
	s.outer(y[s.first*s.width+h*s.d:], s.width, s.p, s.value(s.qkv, h))
}

// backward, with ds = p·(dp − Σ p·dp)/√d in place of dp, and sums over keys:
//
//	dv = p·dy,  dp = v·dyᵀ,  dq = dsᵀ·k,  dk = ds·q
func (s *square) backward(dqkv, dy []float32, h int) {
	s.probabilities(h)
	dy = dy[s.first*s.width+h*s.d:]
	s.timesRows(s.value(dqkv, h), s.p, dy, s.width)
	s.timesColumns(s.dp, s.value(s.qkv, h), dy, s.width, 1)
	softmaxGradColumns(&s.dp[0], &s.p[0], s.t, s.padded, s.scale)
	s.timesRows(s.key(dqkv, h), s.dp, s.query(s.qkv, h), s.ld)
	s.outer(s.query(dqkv, h), s.ld, s.dp, s.key(s.qkv, h))
}

// probabilities is p = softmax(k·qᵀ/√d) over keys. With keys down and queries across, sums over keys go down columns,
// eight queries in a register. Columns past the last query are computed from zeros, and not used.
func (s *square) probabilities(h int) {
	s.timesColumns(s.p, s.key(s.qkv, h), s.query(s.qkv, h), s.ld, s.scale)
	softmaxColumns(&s.p[0], s.t, s.padded)
}

// timesColumns is to [t,padded] = scale·x·bᵀ, with x [t,d] of qkv, and b [t,d] of stride ldb.
func (s *square) timesColumns(to, x, b []float32, ldb int, scale float32) {
	packColumns(s.panels, b, s.d, ldb, s.t, scale)
	for j := 0; j < s.t; j += widePanel {
		multiplyPanel(&to[j], &x[0], &s.panels[j*s.d], s.t, s.d, s.padded, s.ld, min(widePanel, s.padded-j), nil, nil, nil, nil, 0)
	}
}

// timesRows is to [t,d] of dqkv = p·b, with p [t,padded], and b [t,d] of stride ldb.
func (s *square) timesRows(to, p, b []float32, ldb int) {
	for j := 0; j < s.d; j += widePanel {
		columns, panel := min(widePanel, s.d-j), &s.panels[j*s.t]
		packRows(panel, &b[j], s.t, ldb, columns)
		multiplyPanel(&to[j], &p[0], panel, s.t, s.t, s.ld, s.padded, columns, nil, nil, nil, nil, 0)
	}
}

// outer adds pᵀ·x to to [t,d] of stride ldto, with p [t,padded], and x [t,d] of qkv.
func (s *square) outer(to []float32, ldto int, p, x []float32) {
	for j := 0; j < s.d; j += widePanel {
		outerStrip(&to[j], &p[0], &x[j], s.t, s.t, ldto, s.padded, s.ld, min(widePanel, s.d-j))
	}
}
