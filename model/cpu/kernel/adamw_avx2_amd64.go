//go:build !purego

// The optimiser's step, by AVX2.

package kernel

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
