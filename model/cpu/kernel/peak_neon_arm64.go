//go:build !purego

// The machine's ceiling, by NEON.

package kernel

// peakNEON counts two operations for each of four lanes of 24 multiply-adds a turn.
func peakNEON(iterations int) (operations float64) {
	if iterations < 1 {
		return 0
	}
	peakLoop(iterations)
	return float64(iterations) * 24 * 4 * 2
}
