//go:build !purego

// Layer normalisation, by NEON.

package kernel

func layerNormNEON(y, stats, x, gamma, beta []float32, rows, width int, eps float32) {
	y, x, stats, gamma, beta = y[:rows*width], x[:rows*width], stats[:rows*2], gamma[:width], beta[:width]
	if len(x) > 0 {
		layerNormRows(y, stats, x, gamma, beta, rows, width, eps)
	}
}

func layerNormGradNEON(dx, dgamma, dbeta, dy, x, stats, gamma []float32, rows, width int, accumulate bool) {
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
	layerNormGradRows(dx, dgamma, dbeta, dy, x, stats, gamma, rows, width, adds)
}
