// The machine's ceiling, measured.

package kernel

// peakSink keeps the compiler from dropping the loop of peak.
var peakSink float32

// peak runs eight independent chains of multiply-adds in registers.
func peak(iterations int) (operations float64) {
	const near = float32(0.999)
	var a, b, c, d, e, f, g, h float32
	for range iterations {
		a = a*near + near
		b = b*near + near
		c = c*near + near
		d = d*near + near
		e = e*near + near
		f = f*near + near
		g = g*near + near
		h = h*near + near
	}
	peakSink = a + b + c + d + e + f + g + h
	return float64(iterations) * 16
}
