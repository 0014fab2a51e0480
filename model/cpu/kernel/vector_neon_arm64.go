//go:build !purego

// Plain arithmetic on vectors, by NEON.

package kernel

func addNEON(dst, src []float32) { addVector(dst[:len(src)], src) }

func addScaledNEON(dst, src []float32, s float32) { addScaledVector(dst[:len(src)], src, s) }

func dotNEON(a, b []float32) float32 { return dotVector(a, b[:len(a)]) }
