// GELU and its slope.

package kernel

import "math"

// geluOf is x·Φ(x). Hendrycks and Gimpel, "Gaussian Error Linear Units" (2016).
func geluOf(x float32) float32 {
	v := float64(x)
	return float32(v * 0.5 * math.Erfc(-v/math.Sqrt2))
}

// geluSlope is Φ(x) + x·φ(x).
func geluSlope(x float32) float32 {
	v := float64(x)
	return float32(0.5*math.Erfc(-v/math.Sqrt2) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}

func gelu(y, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = geluOf(v)
	}
}

func geluGrad(dx, dy, x []float32) {
	dx, dy = dx[:len(x)], dy[:len(x)]
	for i, v := range x {
		dx[i] = dy[i] * geluSlope(v)
	}
}
