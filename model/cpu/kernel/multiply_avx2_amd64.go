//go:build !purego

// The product with packed weights, by AVX2.
//
// A panel is [k,16], or [k,8] for the last eight columns or fewer. Six rows of x times a wide panel fill twelve of the
// sixteen registers with sums: enough to keep two multiply-adds a cycle in flight, each of four cycles.

package kernel

const (
	widePanel   = 16
	narrowPanel = 8
	// blockRows are multiplied by all panels before the next are, so that x and y stay in the second-level cache while
	// each panel passes through the first. A multiple of a tile's rows.
	blockRows = 96
)

func packedSizeAVX2(k, n int) int { return k * (n + narrowPanel - 1) / narrowPanel * narrowPanel }

func packAVX2(dst, w []float32, k, n int) {
	dst, w = dst[:packedSizeAVX2(k, n)], w[:k*n]
	if len(w) == 0 {
		return
	}
	for j := 0; j < n; j += widePanel {
		packRows(&dst[j*k], &w[j], k, n, min(widePanel, n-j))
	}
}

// packRows packs k rows of up to 16 columns, from a matrix of stride ld.
func packRows(dst, src *float32, k, ld, columns int) {
	if columns > narrowPanel {
		packRows16(dst, src, k, ld, columns)
	} else {
		packRows8(dst, src, k, ld, columns)
	}
}

func packTransposedAVX2(dst, w []float32, k, n int) {
	dst, w = dst[:packedSizeAVX2(k, n)], w[:k*n]
	if len(w) == 0 {
		return
	}
	packColumns(dst, w, k, k, n, 1)
}

// packColumns packs scale·srcᵀ, with src [n,k] of stride ld.
func packColumns(dst, src []float32, k, ld, n int, scale float32) {
	for j := 0; j < n; j += narrowPanel {
		// Two groups of eight columns share a wide panel, unless only eight are left.
		first, width := j/widePanel*widePanel, widePanel
		if n-first <= narrowPanel {
			width = narrowPanel
		}
		packTransposed8(&dst[first*k+j-first], &src[j*ld], k, ld, width, min(narrowPanel, n-j), scale)
	}
}

func multiplyAVX2(y, x, packed []float32, m, k, n int, e Epilogue) {
	y, x, packed = y[:m*n], x[:m*k], packed[:packedSizeAVX2(k, n)]
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		multiply(y, x, nil, m, k, n, e)
		return
	}
	e.check(m, n)
	residual, gelu := e.residual(y), 0
	if e.GELU {
		gelu = 1
	}
	for i := 0; i < m; i += blockRows {
		rows, at := min(blockRows, m-i), i*n
		for j := 0; j < n; j += widePanel {
			multiplyPanel(&y[at+j], &x[i*k], &packed[j*k], rows, k, n, k, min(widePanel, n-j),
				from(e.Bias, j), from(e.Pre, at+j), from(e.GELUGrad, at+j), from(residual, at+j), gelu)
		}
	}
}

// multiplyPanel multiplies rows of x by a panel of up to 16 columns; ldy and ldx are the strides of y and x.
func multiplyPanel(y, x, panel *float32, rows, k, ldy, ldx, columns int, bias, pre, slope, residual *float32, gelu int) {
	if columns > narrowPanel {
		multiplyPanel16(y, x, panel, rows, k, ldy, ldx, columns, bias, pre, slope, residual, gelu)
	} else {
		multiplyPanel8(y, x, panel, rows, k, ldy, ldx, columns, bias, pre, slope, residual, gelu)
	}
}

// check panics if a matrix of the epilogue is too short, before assembly reads past its end.
func (e *Epilogue) check(m, n int) {
	if e.Bias != nil {
		_ = e.Bias[n-1]
	}
	for _, x := range [...][]float32{e.Pre, e.GELUGrad, e.Residual} {
		if x != nil {
			_ = x[m*n-1]
		}
	}
}

// from is the address of element i, or nil where there is no slice.
func from(x []float32, i int) *float32 {
	if x == nil {
		return nil
	}
	return &x[i]
}

// stripRows are summed at a time. More would spread x over more pages than the first-level TLB holds: 512 columns of x
// and 136 rows at a time gave 82 GFLOP/s, 96 rows gave 91.
const stripRows = 96

// addOuterAVX2 packs each strip of dy, so that the tiles of dw below it read it from the first-level cache.
func addOuterAVX2(dw, x, dy []float32, l, k, n int) {
	dw, x, dy = dw[:k*n], x[:l*k], dy[:l*n]
	if len(dw) == 0 {
		return
	}
	var strip [stripRows * widePanel]float32
	blocks := (l + stripRows - 1) / stripRows
	for b := range blocks {
		first, rows := l*b/blocks, l*(b+1)/blocks-l*b/blocks
		for j := 0; j < n; j += widePanel {
			columns, ld := min(widePanel, n-j), widePanel
			if columns <= narrowPanel {
				ld = narrowPanel
			}
			packRows(&strip[0], &dy[first*n+j], rows, n, columns)
			outerStrip(&dw[j], &x[first*k], &strip[0], rows, k, n, k, ld, columns)
		}
	}
}

// outerStrip adds xᵀ·dy to up to 16 columns of dw; the strides of dw, x and dy follow.
func outerStrip(dw, x, dy *float32, l, k, lddw, ldx, lddy, columns int) {
	switch {
	case columns == widePanel:
		outer16(dw, x, dy, l, k, lddw, ldx, lddy, columns)
	case columns > narrowPanel:
		outer16Partial(dw, x, dy, l, k, lddw, ldx, lddy, columns)
	default:
		outer8(dw, x, dy, l, k, lddw, ldx, lddy, columns)
	}
}
