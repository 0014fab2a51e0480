//go:build !purego

// GELU and its slope, by AVX2.

package kernel

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
