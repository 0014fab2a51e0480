//go:build !purego

// The optimiser's step, by NEON.

package kernel

func adamWNEON(w, g, m, v []float32, a AdamWStep) {
	constants := [...]float32{
		a.GradScale,
		a.Beta1, 1 - a.Beta1,
		a.Beta2, 1 - a.Beta2,
		1 / a.Correction2, a.Epsilon,
		a.LearningRate / a.Correction1, // of the first moment
		a.LearningRate * a.WeightDecay, // of the weight
	}
	adamWVector(w[:len(g)], g, m[:len(g)], v[:len(g)], constants[:])
}
