// Softmax.

package kernel

import "math"

// softmaxRow subtracts the largest value first, so that no exponential overflows.
func softmaxRow(y, x []float32) (logSumExp float32) {
	y = y[:len(x)]
	largest, sum := x[0], float32(0)
	for _, v := range x {
		largest = max(largest, v)
	}
	for i, v := range x {
		y[i] = float32(math.Exp(float64(v - largest)))
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return largest + float32(math.Log(float64(sum)))
}
