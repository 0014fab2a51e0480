// The optimiser's step.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func adamW() {
	function("adamWVector", "(w, dw, m, v *float32, n int, constants *float32)",
		"adamWVector takes a step; the constants are in the order of the fields of adamWConstants.")
	w, g, m, v, n, constants := param("w"), param("dw"), param("m"), param("v"), param("n"), param("constants")
	var c [9]VecVirtual
	for i := range c {
		c[i] = YMM()
		VBROADCASTSS(at(constants, 4*i), c[i])
	}
	scale, beta1, rest1, beta2, rest2 := c[0], c[1], c[2], c[3], c[4]
	inverse2, epsilon, rate, shrink := c[5], c[6], c[7], c[8]
	each("step", n, func(i Register, mask Op) {
		gradient, first, second := load(element(g, i), mask), load(element(m, i), mask), load(element(v, i), mask)
		VMULPS(scale, gradient, gradient)
		VMULPS(beta1, first, first)
		VFMADD231PS(rest1, gradient, first)
		store(first, element(m, i), mask)
		VMULPS(beta2, second, second)
		VMULPS(gradient, gradient, gradient)
		VFMADD231PS(rest2, gradient, second)
		store(second, element(v, i), mask)
		VMULPS(inverse2, second, second)
		VSQRTPS(second, second)
		VADDPS(epsilon, second, second)
		VMULPS(rate, first, first)
		VDIVPS(second, first, first)
		weight := load(element(w, i), mask)
		VFNMADD213PS(weight, shrink, weight)
		VSUBPS(first, weight, weight)
		store(weight, element(w, i), mask)
	})
	finish()
}
