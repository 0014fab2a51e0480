//go:build !purego

// Layer normalisation, by AVX2.

package kernel

func layerNormAVX2(y, stats, x, gamma, beta []float32, rows, width int, eps float32) {
	y, x, stats, gamma, beta = y[:rows*width], x[:rows*width], stats[:rows*2], gamma[:width], beta[:width]
	if len(x) > 0 {
		layerNormRows(&y[0], &stats[0], &x[0], &gamma[0], &beta[0], rows, width, eps)
	}
}

func layerNormGradAVX2(dx, dgamma, dbeta, dy, x, stats, gamma []float32, rows, width int, accumulate bool) {
	dgamma, dbeta, gamma = dgamma[:width], dbeta[:width], gamma[:width]
	dy, x, stats = dy[:rows*width], x[:rows*width], stats[:rows*2]
	if len(x) == 0 {
		return
	}
	if dx != nil {
		dx = dx[:rows*width]
	}
	adds := 0
	if accumulate {
		adds = 1
	}
	layerNormGradRows(from(dx, 0), &dgamma[0], &dbeta[0], &dy[0], &x[0], &stats[0], &gamma[0], rows, width, adds)
}
