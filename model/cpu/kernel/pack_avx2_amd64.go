//go:build !purego

// Laying matrices out in panels, by AVX2.

package kernel

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
