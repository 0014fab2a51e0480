//go:build !purego

// Sums over rows, by AVX2.

package kernel

// stripRows are summed at a time: each run over them reads and writes dw once, and more would push the packed strip of dy
// out of the first-level cache.
const stripRows = 256

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

func addColumnSumsAVX2(db, dy []float32, l, n int) {
	db, dy = db[:n], dy[:l*n]
	if len(dy) > 0 {
		columnSums(&db[0], &dy[0], l, n)
	}
}
