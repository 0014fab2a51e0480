//go:build !purego

// Softmax, by AVX2.

package kernel

import "math"

func softmaxRowAVX2(y, x []float32) (logSumExp float32) {
	y = y[:len(x)]
	largest, sum := softmaxVector(&y[0], &x[0], len(x))
	return largest + float32(math.Log(float64(sum)))
}
