// The machine's ceiling, measured.

package kernel

import "runtime"

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
	runtime.KeepAlive(a + b + c + d + e + f + g + h)
	return float64(iterations) * 16
}
