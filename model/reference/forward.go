// The forward operations. Each is its definition in model/program, written out.

package reference

import (
	"math"

	"github.com/lacuna-ml/lacuna/model/program"
)

func (m *Machine) linear(o *program.Linear) {
	w, y := m.rows(o.Weight), m.rows(o.Y)
	for l, x := range m.rows(o.X) {
		for j := range y[l] {
			v := dot(x, w[j]) + m.parameter(o.Bias)[j]
			if o.GELU {
				m.row(o.Pre, l)[j] = v
				v = gelu(v)
			}
			if o.Residual != program.None {
				v += m.row(o.Residual, l)[j]
			}
			y[l][j] = v
		}
	}
}

// gelu is x·Φ(x). Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).
func gelu(x float64) float64 { return x * 0.5 * math.Erfc(-x/math.Sqrt2) }

// geluSlope is Φ(x) + x·φ(x).
func geluSlope(x float64) float64 {
	return 0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
}

func (m *Machine) layerNorm(o *program.LayerNorm) {
	gamma, beta := m.parameter(o.Gamma), m.parameter(o.Beta)
	for l, x := range m.rows(o.X) {
		mean, inverse := moments(x, float64(o.Eps))
		copy(m.row(o.Stats, l), []float64{mean, inverse})
		for j := range x {
			m.row(o.Y, l)[j] = (x[j]-mean)*inverse*gamma[j] + beta[j]
		}
	}
}

// moments returns the mean of x and 1/√(variance + eps).
func moments(x []float64, eps float64) (mean, inverse float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	variance := 0.0
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, 1 / math.Sqrt(variance+eps)
}

func (m *Machine) attention(o *program.Attention) {
	m.eachHead(o.QKV, o.Lengths, o.Heads, func(h head) {
		for i, p := range h.probabilities() {
			for j := range p {
				addScaled(h.of(m.row(o.Y, h.first+i)), h.v[j], p[j])
			}
		}
	})
}

// head is one head of one sequence: views of its queries, keys and values, [T, d] each.
type head struct {
	first, number int // first token of the sequence; number of the head
	q, k, v       [][]float64
}

// of returns the head's part of a row of the full width.
func (h head) of(row []float64) []float64 {
	d := len(h.q[0])
	return row[h.number*d : (h.number+1)*d]
}

// probabilities is softmax(q·kᵀ/√d), row by row.
func (h head) probabilities() [][]float64 {
	scale := 1 / math.Sqrt(float64(len(h.q[0])))
	p := make([][]float64, len(h.q))
	for i := range p {
		p[i] = make([]float64, len(h.k))
		for j := range h.k {
			p[i][j] = dot(h.q[i], h.k[j]) * scale
		}
		softmax(p[i])
	}
	return p
}

// eachHead calls f for every head of every sequence of a packed [L, 3·D] tensor.
func (m *Machine) eachHead(qkv, lengths program.Tensor, heads int, f func(head)) {
	rows, width := m.rows(qkv), m.Program.Info(qkv).Width/3
	d, first := width/heads, 0
	for _, length := range m.ints(lengths) {
		for n := 0; n < heads && length > 0; n++ {
			h := head{first: first, number: n}
			for _, row := range rows[first : first+int(length)] {
				h.q = append(h.q, row[n*d:(n+1)*d])
				h.k = append(h.k, row[width+n*d:width+(n+1)*d])
				h.v = append(h.v, row[2*width+n*d:2*width+(n+1)*d])
			}
			f(h)
		}
		first += int(length)
	}
}

// softmax replaces x by its softmax, and returns log Σ exp(x).
func softmax(x []float64) float64 {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range x {
		largest = max(largest, v)
	}
	for i, v := range x {
		x[i] = math.Exp(v - largest)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
	return largest + math.Log(sum)
}

func (m *Machine) gatherSum(o *program.GatherSum) {
	for l, y := range m.rows(o.Y) {
		for _, t := range o.Terms {
			if i := m.ints(t.Index)[l]; i >= 0 {
				addScaled(y, m.row(t.Source, int(i)), m.scale(t.Scale, l))
			}
		}
	}
}

// scale is the factor of entry l, one where there is no tensor of scales.
func (m *Machine) scale(t program.Tensor, l int) float64 {
	if t == program.None {
		return 1
	}
	return m.values[t][l]
}

func (m *Machine) segmentMean(o *program.SegmentMean) {
	x, first := m.rows(o.X), 0
	for r, length := range m.ints(o.Lengths) {
		for _, row := range x[first : first+int(length)] {
			addScaled(m.row(o.Y, r), row, 1/float64(length))
		}
		first += int(length)
	}
}

func (m *Machine) rangeLinear(o *program.RangeLinear) {
	w, bias := m.rows(o.Weight), m.parameter(o.Bias)
	for l, x := range m.rows(o.X) {
		start := int(m.ints(o.Start)[l])
		for j := range int(m.ints(o.Count)[l]) {
			m.row(o.Y, l)[j] = dot(x, w[start+j]) + bias[start+j]
		}
	}
}

func (m *Machine) cellLoss(o *program.CellLoss) {
	for l, y := range m.rows(o.Y) {
		count, target := m.ints(o.Count)[l], m.values[o.Target][l]
		if count == 1 {
			m.values[o.Loss][l] = (y[0] - target) * (y[0] - target)
			continue
		}
		p := append([]float64(nil), y[:count]...)
		m.values[o.Loss][l] = softmax(p) - y[int(target)]
	}
}

func (m *Machine) squaredError(o *program.SquaredError) {
	target, weight := m.rows(o.Target), m.rows(o.Weight)
	for l, y := range m.rows(o.Y) {
		for p := range y {
			e := y[p] - target[l][p]
			m.values[o.Loss][l] += weight[l][p] * e * e
		}
	}
}
