//go:build !purego

// Plain arithmetic on vectors, by AVX2.

package kernel

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
