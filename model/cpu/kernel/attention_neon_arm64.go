//go:build !purego

// Attention, by NEON: small products of one head, with the kernels of multiply_neon_arm64.go and outer_neon_arm64.go on
// strided matrices.

package kernel

import "math"

// attentionScratchNEON is a packed matrix of one head, and two square matrices: probabilities and their gradients.
func attentionScratchNEON(maxLength, width, heads int) int {
	padded := paddedNEON(maxLength)
	return paddedNEON(width/heads)*padded + 2*maxLength*padded
}

func attentionNEON(y, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	var s sequenceNEON
	total := s.open(qkv, lengths, width, heads, scratch)
	y = y[:total*width]
	for _, length := range lengths {
		s.enter(int(length), scratch)
		for h := 0; h < heads && length > 0; h++ {
			s.forward(y, h)
		}
	}
}

func attentionGradNEON(dqkv, dy, qkv []float32, lengths []int32, width, heads int, scratch []float32) {
	var s sequenceNEON
	total := s.open(qkv, lengths, width, heads, scratch)
	dqkv, dy = dqkv[:total*3*width], dy[:total*width]
	clear(dqkv)
	for _, length := range lengths {
		s.enter(int(length), scratch)
		for h := 0; h < heads && length > 0; h++ {
			s.backward(dqkv, dy, h)
		}
	}
}

// sequenceNEON is what the heads of one sequence are computed with.
type sequenceNEON struct {
	qkv       []float32
	width, ld int     // of all heads; of qkv
	d         int     // columns of a head
	scale     float32 // 1/√d
	first, t  int     // the sequence: its first token, and how many
	padded    int     // t rounded up to whole panels
	packed    []float32
	p, dp     []float32 // [t,padded], a row for each query and a column for each key: probabilities and their gradients
	block     blockNEON
}

// open checks qkv and scratch, and returns the number of tokens.
func (s *sequenceNEON) open(qkv []float32, lengths []int32, width, heads int, scratch []float32) (total int) {
	longest := 0
	for _, n := range lengths {
		total, longest = total+int(n), max(longest, int(n))
	}
	_ = scratch[:attentionScratchNEON(longest, width, heads)]
	s.qkv, s.width, s.ld, s.d = qkv[:total*3*width], width, 3*width, width/heads
	s.scale = float32(1 / math.Sqrt(float64(s.d)))
	return total
}

// enter moves on to the next sequence.
func (s *sequenceNEON) enter(t int, scratch []float32) {
	s.first += s.t
	s.t, s.padded = t, paddedNEON(t)
	packed, size := paddedNEON(s.d)*s.padded, t*s.padded
	s.packed, s.p, s.dp = scratch[:packed], scratch[packed:packed+size], scratch[packed+size:packed+2*size]
}

// query, key and value are the columns of head h from the sequence's first token on.
func (s *sequenceNEON) query(x []float32, h int) []float32 { return x[s.first*s.ld+h*s.d:] }
func (s *sequenceNEON) key(x []float32, h int) []float32   { return s.query(x, h)[s.width:] }
func (s *sequenceNEON) value(x []float32, h int) []float32 { return s.query(x, h)[2*s.width:] }

func (s *sequenceNEON) forward(y []float32, h int) {
	s.probabilities(h)
	s.times(y[s.first*s.width+h*s.d:], s.width, s.p, s.value(s.qkv, h))
}

// backward, with ds = p·(dp − Σ p·dp)/√d in place of dp, and sums over keys:
//
//	dv = pᵀ·dy,  dp = dy·vᵀ,  dq = ds·k,  dk = dsᵀ·q
func (s *sequenceNEON) backward(dqkv, dy []float32, h int) {
	s.probabilities(h)
	dy = dy[s.first*s.width+h*s.d:]
	s.addTransposed(s.value(dqkv, h), s.p, dy, s.width)
	s.timesTransposed(s.dp, dy, s.width, s.value(s.qkv, h), 1)
	softmaxGradRows(s.dp, s.p, s.t, s.t, s.padded, s.scale)
	s.times(s.query(dqkv, h), s.ld, s.dp, s.key(s.qkv, h))
	s.addTransposed(s.key(dqkv, h), s.dp, s.query(s.qkv, h), s.ld)
}

// probabilities is p = softmax(q·kᵀ/√d). Columns past the last key are computed from zeros, and not used.
func (s *sequenceNEON) probabilities(h int) {
	s.timesTransposed(s.p, s.query(s.qkv, h), s.ld, s.key(s.qkv, h), s.scale)
	softmaxRows(s.p, s.p, s.t, s.t, s.padded)
}

// timesTransposed is to [t,padded] = scale·x·bᵀ, with x [t,d] of stride ldx, and b [t,d] of qkv.
func (s *sequenceNEON) timesTransposed(to, x []float32, ldx int, b []float32, scale float32) {
	packTransposedStrided(s.packed, b, s.d, s.t, s.ld, scale)
	s.block.multiply(to, x, s.packed, s.t, s.d, s.padded, s.padded, ldx, &Epilogue{})
}

// times is to [t,d] of stride ldto = p·b, with p [t,padded], and b [t,d] of qkv.
func (s *sequenceNEON) times(to []float32, ldto int, p, b []float32) {
	packStrided(s.packed, b, s.t, s.d, s.ld)
	s.block.multiply(to, p, s.packed, s.t, s.t, s.d, ldto, s.padded, &Epilogue{})
}

// addTransposed adds pᵀ·x to to [t,d] of dqkv, with p [t,padded], and x [t,d] of stride ldx.
func (s *sequenceNEON) addTransposed(to, p, x []float32, ldx int) {
	s.block.addOuter(to, p, x, s.t, s.t, s.d, s.ld, s.padded, ldx)
}
