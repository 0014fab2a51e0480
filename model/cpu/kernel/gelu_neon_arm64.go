//go:build !purego

// GELU and its slope, by NEON.

package kernel

func geluNEON(y, x []float32) { geluVector(y[:len(x)], x) }

func geluGradNEON(dx, dy, x []float32) { geluGradVector(dx[:len(x)], dy[:len(x)], x) }
