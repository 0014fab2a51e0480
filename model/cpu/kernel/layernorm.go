// Layer normalisation, forward and backward (Ba et al., "Layer Normalization", 2016).

package kernel

import "math"

func layerNorm(y, stats, x, gamma, beta []float32, rows, width int, eps float32) {
	y, x, stats, gamma, beta = y[:rows*width], x[:rows*width], stats[:rows*2], gamma[:width], beta[:width]
	for r := range rows {
		in, out := x[r*width:(r+1)*width], y[r*width:(r+1)*width]
		var mean, variance float32
		for _, v := range in {
			mean += v
		}
		mean /= float32(width)
		for _, v := range in {
			variance += (v - mean) * (v - mean)
		}
		inverse := 1 / float32(math.Sqrt(float64(variance/float32(width)+eps)))
		for j, v := range in {
			out[j] = (v-mean)*inverse*gamma[j] + beta[j]
		}
		stats[2*r], stats[2*r+1] = mean, inverse
	}
}

// layerNormGrad, with x̂ = (x−mean)·inverse and a = dy·gamma:
//
//	dgamma += Σ dy·x̂,  dbeta += Σ dy,  dx = inverse·(a − mean(a) − x̂·mean(a·x̂))
func layerNormGrad(dx, dgamma, dbeta, dy, x, stats, gamma []float32, rows, width int, accumulate bool) {
	dgamma, dbeta, gamma = dgamma[:width], dbeta[:width], gamma[:width]
	dy, x, stats = dy[:rows*width], x[:rows*width], stats[:rows*2]
	for r := range rows {
		in, d := x[r*width:(r+1)*width], dy[r*width:(r+1)*width]
		mean, inverse := stats[2*r], stats[2*r+1]
		var sum, along float32
		for j, v := range in {
			normal, a := (v-mean)*inverse, d[j]*gamma[j]
			sum += a
			along += a * normal
			dgamma[j] += d[j] * normal
			dbeta[j] += d[j]
		}
		if dx == nil {
			continue
		}
		sum, along = sum/float32(width), along/float32(width)
		out := dx[r*width : (r+1)*width]
		for j, v := range in {
			g := inverse * (d[j]*gamma[j] - sum - (v-mean)*inverse*along)
			if accumulate {
				g += out[j]
			}
			out[j] = g
		}
	}
}
