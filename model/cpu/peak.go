package cpu

import (
	"sync"
	"time"
)

// Peak measures the device's peak in billions of floating-point operations a second: a loop of multiply-adds between
// registers on every thread at once. The best of some turns counts, since other programs only ever slow it down.
func (d *Device) Peak() float64 {
	const iterations, turns = 1 << 22, 5
	best := 0.0
	for range turns {
		rates := make([]float64, d.threads)
		var wait sync.WaitGroup
		for i := range rates {
			wait.Go(func() {
				began := time.Now()
				rates[i] = d.kernels.Peak(iterations) / time.Since(began).Seconds() / 1e9
			})
		}
		wait.Wait()
		sum := 0.0
		for _, r := range rates {
			sum += r
		}
		best = max(best, sum)
	}
	return best
}
