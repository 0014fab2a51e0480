//go:build !purego

// Vector arithmetic, GELU, softmax and AdamW, by AVX2.

package kernel

import "math"

func addAVX2(dst, src []float32) {
	dst = dst[:len(src)]
	if len(src) > 0 {
		addVector(&dst[0], &src[0], len(src))
	}
}

func addScaledAVX2(dst, src []float32, s float32) {
	dst = dst[:len(src)]
	if len(src) > 0 {
		addScaledVector(&dst[0], &src[0], len(src), s)
	}
}

func scaleAVX2(x []float32, s float32) {
	if len(x) > 0 {
		scaleVector(&x[0], len(x), s)
	}
}

func dotAVX2(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) == 0 {
		return 0
	}
	return dotVector(&a[0], &b[0], len(a))
}

func sumSquaresAVX2(x []float32) float64 {
	if len(x) == 0 {
		return 0
	}
	return sumSquaresVector(&x[0], len(x))
}

func addColumnSumsAVX2(db, dy []float32, l, n int) {
	db, dy = db[:n], dy[:l*n]
	if len(dy) > 0 {
		columnSums(&db[0], &dy[0], l, n)
	}
}

func geluAVX2(y, x []float32) {
	y = y[:len(x)]
	if len(x) > 0 {
		geluVector(&y[0], &x[0], len(x))
	}
}

func geluGradAVX2(dx, dy, x []float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	if len(x) > 0 {
		geluGradVector(&dx[0], &dy[0], &x[0], len(x))
	}
}

func softmaxRowAVX2(y, x []float32) (logSumExp float32) {
	y = y[:len(x)]
	largest, sum := softmaxVector(&y[0], &x[0], len(x))
	return largest + float32(math.Log(float64(sum)))
}

// adamWConstants is what adamWVector reads, in this order.
type adamWConstants struct {
	gradScale       float32
	beta1, rest1    float32 // β and 1−β
	beta2, rest2    float32
	inverse2        float32 // 1/Correction2
	epsilon         float32
	rate, shrinkage float32 // of the bias-corrected first moment; of the weight
}

func adamWAVX2(w, g, m, v []float32, a AdamWStep) {
	w, m, v = w[:len(g)], m[:len(g)], v[:len(g)]
	if len(g) == 0 {
		return
	}
	c := adamWConstants{
		gradScale: a.GradScale,
		beta1:     a.Beta1, rest1: 1 - a.Beta1,
		beta2: a.Beta2, rest2: 1 - a.Beta2,
		inverse2: 1 / a.Correction2, epsilon: a.Epsilon,
		rate: a.LearningRate / a.Correction1, shrinkage: a.LearningRate * a.WeightDecay,
	}
	adamWVector(&w[0], &g[0], &m[0], &v[0], len(g), &c.gradScale)
}

// peakAVX2 counts two operations for each of eight lanes of twelve multiply-adds a turn.
func peakAVX2(iterations int) (operations float64) {
	if iterations < 1 {
		return 0
	}
	peakSink = peakLoop(iterations)
	return float64(iterations) * 12 * 8 * 2
}
