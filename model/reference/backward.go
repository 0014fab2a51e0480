// The backward operations, one beside each forward operation of forward.go.

package reference

import (
	"math"

	"github.com/lacuna-ml/lacuna/model/program"
)

func (m *Machine) linearGradWeight(o *program.LinearGradWeight) {
	dw, dbias := split(m.gradient(o.Weight), m.Program.Info(o.X).Width), m.gradient(o.Bias)
	for l, dy := range m.rows(o.DY) {
		for j := range dy {
			addScaled(dw[j], m.row(o.X, l), dy[j])
			dbias[j] += dy[j]
		}
	}
}

func (m *Machine) linearGradInput(o *program.LinearGradInput) {
	w, dx := m.rows(o.Weight), m.rows(o.DX)
	for l, dy := range m.rows(o.DY) {
		sum := make([]float64, len(dx[l]))
		for j := range dy {
			addScaled(sum, w[j], dy[j])
		}
		for i := range sum {
			if o.Pre != program.None {
				sum[i] *= geluSlope(m.row(o.Pre, l)[i])
			}
		}
		addTo(dx[l], sum, o.Accumulate)
	}
}

// addTo writes src to dst, or adds it.
func addTo(dst, src []float64, accumulate bool) {
	if !accumulate {
		clear(dst)
	}
	addScaled(dst, src, 1)
}

func (m *Machine) geluGrad(o *program.GELUGrad) {
	for i, dy := range m.values[o.DY] {
		m.values[o.DX][i] = dy * geluSlope(m.values[o.X][i])
	}
}

// With x̂ = (x − mean)·inverse and s = dy·gamma: dx = inverse·(s − mean(s) − x̂·mean(s·x̂)).
func (m *Machine) layerNormGrad(o *program.LayerNormGrad) {
	gamma, dgamma, dbeta := m.parameter(o.Gamma), m.gradient(o.Gamma), m.gradient(o.Beta)
	for l, x := range m.rows(o.X) {
		mean, inverse := m.row(o.Stats, l)[0], m.row(o.Stats, l)[1]
		dy, width := m.row(o.DY, l), float64(len(x))
		normal, s := make([]float64, len(x)), make([]float64, len(x))
		meanS, meanSX := 0.0, 0.0
		for j := range x {
			normal[j] = (x[j] - mean) * inverse
			s[j] = dy[j] * gamma[j]
			meanS += s[j] / width
			meanSX += s[j] * normal[j] / width
			dgamma[j] += dy[j] * normal[j]
			dbeta[j] += dy[j]
		}
		if o.DX == program.None {
			continue
		}
		for j := range s {
			s[j] = inverse * (s[j] - meanS - normal[j]*meanSX)
		}
		addTo(m.row(o.DX, l), s, o.Accumulate)
	}
}

// With P the probabilities and dO the head's part of dY: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P⊙(dP − Σ dP⊙P), and
// dQ = dS·K/√d, dK = dSᵀ·Q/√d.
func (m *Machine) attentionGrad(o *program.AttentionGrad) {
	width := m.Program.Info(o.QKV).Width / 3
	clear(m.values[o.DQKV])
	m.eachHead(o.QKV, o.Lengths, o.Heads, func(h head) {
		scale := 1 / math.Sqrt(float64(len(h.q[0])))
		for i, p := range h.probabilities() {
			dout := h.of(m.row(o.DY, h.first+i))
			dp, mean := make([]float64, len(p)), 0.0
			for j := range p {
				dp[j] = dot(dout, h.v[j])
				mean += dp[j] * p[j]
			}
			for j := range p {
				ds := p[j] * (dp[j] - mean) * scale
				from, to := m.row(o.DQKV, h.first+j), m.row(o.DQKV, h.first+i)
				addScaled(h.of(to[:width]), h.k[j], ds)
				addScaled(h.of(from[width:2*width]), h.q[i], ds)
				addScaled(h.of(from[2*width:]), dout, p[j])
			}
		}
	})
}

func (m *Machine) scatterAdd(o *program.ScatterAdd) {
	var to []float64
	if o.Weight != program.None {
		to = m.gradient(o.Weight)
	} else {
		to = m.values[o.DX]
		if !o.Accumulate {
			clear(to)
		}
	}
	rows := split(to, m.Program.Info(o.DY).Width)
	for l, dy := range m.rows(o.DY) {
		if i := m.ints(o.Index)[l]; i >= 0 {
			addScaled(rows[i], dy, m.scale(o.Scale, l))
		}
	}
}

func (m *Machine) segmentMeanGrad(o *program.SegmentMeanGrad) {
	dx, l := m.rows(o.DX), 0
	for r, length := range m.ints(o.Lengths) {
		for range length {
			if !o.Accumulate {
				clear(dx[l])
			}
			addScaled(dx[l], m.row(o.DY, r), 1/float64(length))
			l++
		}
	}
}

func (m *Machine) rangeLinearGrad(o *program.RangeLinearGrad) {
	width := m.Program.Info(o.X).Width
	w, dw, dbias := m.rows(o.Weight), split(m.gradient(o.Weight), width), m.gradient(o.Bias)
	for l, x := range m.rows(o.X) {
		start, sum := int(m.ints(o.Start)[l]), make([]float64, width)
		for j := range int(m.ints(o.Count)[l]) {
			dy := m.row(o.DY, l)[j]
			addScaled(dw[start+j], x, dy)
			dbias[start+j] += dy
			addScaled(sum, w[start+j], dy)
		}
		if o.DX != program.None {
			addTo(m.row(o.DX, l), sum, o.Accumulate)
		}
	}
}

func (m *Machine) cellLossGrad(o *program.CellLossGrad) {
	for l, y := range m.rows(o.Y) {
		count, target, dloss := m.ints(o.Count)[l], m.values[o.Target][l], m.values[o.DLoss][l]
		dy := m.row(o.DY, l)
		if count == 1 {
			dy[0] = dloss * 2 * (y[0] - target)
			continue
		}
		copy(dy[:count], y[:count])
		softmax(dy[:count])
		dy[int(target)]--
		for j := range dy[:count] {
			dy[j] *= dloss
		}
	}
}

func (m *Machine) squaredErrorGrad(o *program.SquaredErrorGrad) {
	for l, y := range m.rows(o.Y) {
		for p := range y {
			e := y[p] - m.row(o.Target, l)[p]
			m.row(o.DY, l)[p] = 2 * m.values[o.DLoss][l] * m.row(o.Weight, l)[p] * e
		}
	}
}
