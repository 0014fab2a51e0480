// The optimiser's step.

package kernel

import "math"

func adamW(w, g, m, v []float32, a AdamWStep) {
	w, m, v = w[:len(g)], m[:len(g)], v[:len(g)]
	for i, gradient := range g {
		gradient *= a.GradScale
		m[i] = a.Beta1*m[i] + (1-a.Beta1)*gradient
		v[i] = a.Beta2*v[i] + (1-a.Beta2)*gradient*gradient
		step := m[i] / a.Correction1 / (float32(math.Sqrt(float64(v[i]/a.Correction2))) + a.Epsilon)
		w[i] -= a.LearningRate * (step + a.WeightDecay*w[i])
	}
}
