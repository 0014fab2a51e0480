//go:build !purego

// Sums over rows, by NEON.

package kernel

func addOuterNEON(dw, x, dy []float32, l, k, n int) {
	dw, x, dy = dw[:k*n], x[:l*k], dy[:l*n]
	if len(dw) > 0 {
		var b blockNEON
		b.addOuter(dw, x, dy, l, k, n, n, k, n)
	}
}

// addOuter adds xᵀ·dy to dw [k,n] of stride lddw, with x [l,k] of stride ldx, and dy [l,n] of stride lddy. It packs eight
// columns of a block of dy, so that the tiles of dw below it read it from the first-level cache.
func (b *blockNEON) addOuter(dw, x, dy []float32, l, k, n, lddw, ldx, lddy int) {
	for first := 0; first < l; first += blockRows {
		rows := min(blockRows, l-first)
		for j := 0; j < n; j += panelNEON {
			columns := min(panelNEON, n-j)
			gather(b.other[:], dy[first*lddy+j:], rows, columns, lddy)
			b.addPanel(dw[j:], x[first*ldx:], rows, k, columns, lddw, ldx)
		}
	}
}

// addPanel adds xᵀ·dy to up to eight columns of dw, with dy in b.other. Fewer columns go through b.sums.
func (b *blockNEON) addPanel(dw, x []float32, l, k, columns, lddw, ldx int) {
	if columns == panelNEON {
		outerRows(dw, x, b.other[:], l, k, lddw, ldx)
		return
	}
	for i := 0; i < k; i += blockRows {
		rows := min(blockRows, k-i)
		gather(b.sums[:], dw[i*lddw:], rows, columns, lddw)
		outerRows(b.sums[:], x[i:], b.other[:], l, rows, panelNEON, ldx)
		scatter(dw[i*lddw:], b.sums[:], rows, columns, lddw)
	}
}

// addColumnSumsNEON adds row by row: db stays in the first-level cache.
func addColumnSumsNEON(db, dy []float32, l, n int) {
	db, dy = db[:n], dy[:l*n]
	for r := range l {
		addVector(db, dy[r*n:(r+1)*n])
	}
}
