//go:build !purego

// The product with packed weights, by NEON.
//
// The assembly adds a bias and a residual while the sums are in registers. The rest of the epilogue, and panels of fewer
// columns than eight, go through a block of sums that stays in the first-level cache.

package kernel

// blockRows are multiplied by all panels before the next are, so that x and y stay in the second-level cache while each
// panel passes through the first. A multiple of a tile's rows.
const blockRows = 96

// blockNEON is the room that eight columns of a block need: kernels allocate nothing.
type blockNEON struct {
	sums, other [blockRows * panelNEON]float32
}

func multiplyNEON(y, x, packed []float32, m, k, n int, e Epilogue) {
	y, x, packed = y[:m*n], x[:m*k], packed[:packedSizeNEON(k, n)]
	if m == 0 || n == 0 {
		return
	}
	e.checkNEON(m, n)
	var b blockNEON
	b.multiply(y, x, packed, m, k, n, n, k, &e)
}

// checkNEON panics if a matrix of the epilogue is too short, before anything is written.
func (e *Epilogue) checkNEON(m, n int) {
	if e.Bias != nil {
		_ = e.Bias[n-1]
	}
	for _, x := range [...][]float32{e.Pre, e.GELUGrad, e.Residual} {
		if x != nil {
			_ = x[m*n-1]
		}
	}
}

// multiply is Multiply with y [m,n] of stride ldy, as are the matrices of the epilogue, and x [m,k] of stride ldx.
func (b *blockNEON) multiply(y, x, packed []float32, m, k, n, ldy, ldx int, e *Epilogue) {
	residual := e.residual(y)
	plain := e.Pre == nil && !e.GELU && e.GELUGrad == nil
	for i := 0; i < m; i += blockRows {
		rows := min(blockRows, m-i)
		for j := 0; j < n; j += panelNEON {
			at, start := i*ldy+j, e.start(j, n)
			if plain && j+panelNEON <= n {
				multiplyRows(y[at:], x[i*ldx:], packed[j*k:], start[:], tail(residual, at), rows, k, ldy, ldx)
				continue
			}
			multiplyRows(b.sums[:], x[i*ldx:], packed[j*k:], start[:], nil, rows, k, panelNEON, ldx)
			b.finish(e, at, rows, min(panelNEON, n-j), ldy, residual)
			scatter(y[at:], b.sums[:], rows, min(panelNEON, n-j), ldy)
		}
	}
}

// start is what the sums of a panel start from: the bias, or zeros.
func (e *Epilogue) start(j, n int) (start [panelNEON]float32) {
	if e.Bias != nil {
		copy(start[:], e.Bias[j:n])
	}
	return start
}

// finish applies the rest of the epilogue to the sums, which belong at the given place of matrices of stride ld.
func (b *blockNEON) finish(e *Epilogue, at, rows, columns, ld int, residual []float32) {
	sums, other := b.sums[:rows*panelNEON], b.other[:rows*panelNEON]
	if e.Pre != nil {
		scatter(e.Pre[at:], sums, rows, columns, ld)
	}
	if e.GELU {
		geluVector(sums, sums)
	}
	if e.GELUGrad != nil {
		gather(other, e.GELUGrad[at:], rows, columns, ld)
		geluGradVector(sums, sums, other)
	}
	if residual != nil {
		gather(other, residual[at:], rows, columns, ld)
		addVector(sums, other)
	}
}

// tail is x from element i on, or nil where there is no slice.
func tail(x []float32, i int) []float32 {
	if x == nil {
		return nil
	}
	return x[i:]
}
