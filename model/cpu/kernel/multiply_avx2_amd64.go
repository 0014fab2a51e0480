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
	blockRows = 144
)

// roundUp is n rounded up to whole vectors.
func roundUp(n int) int { return (n + narrowPanel - 1) / narrowPanel * narrowPanel }

func packedSizeAVX2(k, n int) int { return k * roundUp(n) }

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
