// Softmax, of a vector and of columns, and its gradient.

package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// expTurns are the vectors that take turns in exp: as many as the registers hold.
var expTurns = []int{4, 2, 1}

func softmax() {
	softmaxVector()
	softmaxColumns()
	softmaxGradColumns()
}

// softmaxVector writes the function for one vector. The largest is subtracted first so that no exponential
// overflows.
func softmaxVector() {
	function("softmaxVector", "(y, x *float32, n int) (largest, sum float32)",
		"softmaxVector computes y = softmax(x), and returns the largest x and Σexp(x−largest).")
	x, y, n := param("x"), param("y"), param("n")
	largest := largestOf(x, n)
	sum := exponentials(y, x, n, largest)
	Store(largest.AsX(), Return("largest"))
	Store(sum.AsX(), Return("sum"))
	inverse := splat(1)
	VDIVPS(sum, inverse, inverse)
	scaleBy(y, n, inverse)
	finish()
}

// largestOf is the largest of n floats, in all lanes.
func largestOf(x, n Register) VecVirtual {
	most, lowest := YMM(), YMM()
	VMOVUPS(words("negativeInfinity", 0xff800000), lowest)
	VMOVAPS(lowest, most)
	each("max", n, func(i Register, mask Op) {
		v := load(element(x, i), mask)
		if mask != nil {
			VBLENDVPS(mask, v, lowest, v)
		}
		VMAXPS(v, most, most)
	})
	return fold(most, VMAXPS)
}

// exponentials is y = exp(x−largest), and the sum of it.
func exponentials(y, x, n Register, largest VecVirtual) VecVirtual {
	sum := zero()
	eachOf("exp", expTurns, n, func(i Register, vectors int, mask Op) {
		away := loads(element(x, i), vectors, mask)
		for _, v := range away {
			VSUBPS(largest, v, v)
		}
		e := expOf(away)
		for _, v := range e {
			under(mask, v)
			VADDPS(v, sum, sum)
		}
		stores(e, element(y, i), mask)
	})
	return total([]VecVirtual{sum})
}

// scaleBy is y *= factor.
func scaleBy(y, n Register, factor VecVirtual) {
	each("scale", n, func(i Register, mask Op) {
		v := load(element(y, i), mask)
		VMULPS(factor, v, v)
		store(v, element(y, i), mask)
	})
}

// matrix is a pointer to eight columns of a matrix, and the stride of its rows in bytes.
type matrix struct{ first, stride Register }

// down emits loops over so many rows, several a turn: body gets the addresses of a turn's rows in each of the matrices.
func down(label string, turns []int, rows Register, body func(at ...[]Mem), matrices ...matrix) {
	left, cursors := GP64(), make([]Register, len(matrices))
	MOVQ(rows, left)
	for i, m := range matrices {
		cursors[i] = GP64()
		MOVQ(m.first, cursors[i])
	}
	inTurns(label, turns, 1, left, func(n int) {
		at := make([][]Mem, len(matrices))
		for i, m := range matrices {
			pointers := rowPointers(cursors[i], m.stride, n)
			for r := range n {
				at[i] = append(at[i], inRow(pointers, m.stride, r, 0))
			}
		}
		body(at...)
		for i, m := range matrices {
			for range n {
				ADDQ(m.stride, cursors[i])
			}
		}
	})
}

// across emits a loop over the columns of matrices of n columns, a multiple of eight, eight at a time.
func across(n Register, body func(), matrices ...matrix) {
	Label("columns")
	body()
	for _, m := range matrices {
		ADDQ(I32(bytes), m.first)
	}
	SUBQ(I32(lanes), n)
	JG(LabelRef("columns"))
	finish()
}

// strideOf is n floats in bytes.
func strideOf(n Register) Register {
	stride := GP64()
	MOVQ(n, stride)
	SHLQ(Imm(2), stride)
	return stride
}

// softmaxColumns goes down the columns: eight of them lie in one register, so that nothing is ever added up across one.
func softmaxColumns() {
	function("softmaxColumns", "(p *float32, rows, n int)", "softmaxColumns replaces the columns of p [rows,n] by their softmax. n is a multiple of 8.")
	rows, n := param("rows"), param("n")
	p := matrix{param("p"), strideOf(n)}
	across(n, func() {
		largest, sum, inverse := YMM(), zero(), splat(1)
		VMOVUPS(words("negativeInfinity", 0xff800000), largest)
		down("max", []int{4, 1}, rows, func(at ...[]Mem) {
			for _, from := range at[0] {
				VMAXPS(from, largest, largest)
			}
		}, p)
		down("exp", expTurns, rows, func(at ...[]Mem) {
			var away []VecVirtual
			for _, from := range at[0] {
				v := load(from, nil)
				VSUBPS(largest, v, v)
				away = append(away, v)
			}
			for i, e := range expOf(away) {
				VADDPS(e, sum, sum)
				store(e, at[0][i], nil)
			}
		}, p)
		VDIVPS(sum, inverse, inverse)
		down("scale", []int{4, 1}, rows, func(at ...[]Mem) {
			for _, to := range at[0] {
				v := YMM()
				VMULPS(to, inverse, v)
				store(v, to, nil)
			}
		}, p)
	}, p)
}

// softmaxGradColumns is its gradient.
func softmaxGradColumns() {
	function("softmaxGradColumns", "(dp, p *float32, rows, n int, scale float32)",
		"softmaxGradColumns replaces dp by scale·p·(dp − Σ p·dp), with sums over columns. n is a multiple of 8.")
	rows, n, scale := param("rows"), param("n"), broadcast("scale")
	stride := strideOf(n)
	dp, p := matrix{param("dp"), stride}, matrix{param("p"), stride}
	across(n, func() {
		sums := zeros(4)
		down("dot", []int{4, 1}, rows, func(at ...[]Mem) {
			for i := range at[0] {
				VFMADD231PS(at[1][i], load(at[0][i], nil), sums[i])
			}
		}, dp, p)
		VADDPS(sums[1], sums[0], sums[0])
		VADDPS(sums[3], sums[2], sums[2])
		VADDPS(sums[2], sums[0], sums[0])
		down("ds", []int{4, 1}, rows, func(at ...[]Mem) {
			for i, to := range at[0] {
				d := load(to, nil)
				VSUBPS(sums[0], d, d)
				VMULPS(at[1][i], d, d)
				VMULPS(scale, d, d)
				store(d, to, nil)
			}
		}, dp, p)
	}, dp, p)
}
