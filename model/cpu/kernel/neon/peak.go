// The loop that measures the machine.

package main

// peakChains are the multiply-adds of a turn of the loop: more than the latency of one times the units there are.
const peakChains = 24

// peak writes a loop of multiply-adds that depend only on themselves.
func peak() []*function {
	f := declare("peakLoop", "iterations int", "", "runs 24 multiply-adds of four floats, so many times.")
	left, near, sums := f.integer("iterations"), f.constant(0.999), f.zeros(peakChains)
	f.countDown(left, func() {
		for _, sum := range sums {
			f.do(fmla, sum, near, near)
		}
	})
	return []*function{f}
}
