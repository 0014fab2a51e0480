// The loop that measures the machine.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// peakChains are the multiply-adds of a turn of the loop: more than the latency of one times the units there are.
const peakChains = 12

// peak writes a loop of multiply-adds that depend only on themselves.
func peak() {
	function("peakLoop", "(iterations int)", "peakLoop runs 12 multiply-adds of eight floats, so many times.")
	left, near, sums := param("iterations"), splat(0.999), zeros(peakChains)
	Label("loop")
	for _, sum := range sums {
		VFMADD213PS(near, near, sum)
	}
	DECQ(left)
	JNZ(LabelRef("loop"))
	finish()
}
