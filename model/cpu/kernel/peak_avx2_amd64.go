//go:build !purego

// The machine's ceiling, by AVX2.

package kernel

// peakAVX2 counts two operations for each of eight lanes of twelve multiply-adds a turn.
func peakAVX2(iterations int) (operations float64) {
	if iterations < 1 {
		return 0
	}
	peakLoop(iterations)
	return float64(iterations) * 12 * 8 * 2
}
