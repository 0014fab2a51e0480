//go:build !purego

// Laying matrices out in panels for NEON. A panel is [k,8]: eight columns, zeros past the last.

package kernel

// panelNEON is the number of columns of a panel: two vectors.
const panelNEON = 8

// paddedNEON is n rounded up to whole panels.
func paddedNEON(n int) int { return (n + panelNEON - 1) / panelNEON * panelNEON }

func packedSizeNEON(k, n int) int { return k * paddedNEON(n) }

func packNEON(dst, w []float32, k, n int) {
	packStrided(dst[:packedSizeNEON(k, n)], w[:k*n], k, n, n)
}

// packStrided packs w [k,n] of stride ld.
func packStrided(dst, w []float32, k, n, ld int) {
	for j := 0; j < n && k > 0; j += panelNEON {
		gather(dst[j*k:], w[j:], k, min(panelNEON, n-j), ld)
	}
}

// gather copies src [rows,columns], of stride ld and up to eight columns, to dst [rows,8], with zeros past the columns.
func gather(dst, src []float32, rows, columns, ld int) {
	for r := range rows {
		to := (*[panelNEON]float32)(dst[r*panelNEON:])
		if columns == panelNEON {
			*to = [panelNEON]float32(src[r*ld:])
			continue
		}
		*to = [panelNEON]float32{}
		copy(to[:], src[r*ld:r*ld+columns])
	}
}

// scatter copies src [rows,8] to dst [rows,columns] of stride ld.
func scatter(dst, src []float32, rows, columns, ld int) {
	for r := range rows {
		from := (*[panelNEON]float32)(src[r*panelNEON:])
		if columns == panelNEON {
			*(*[panelNEON]float32)(dst[r*ld:]) = *from
			continue
		}
		copy(dst[r*ld:r*ld+columns], from[:])
	}
}

func packTransposedNEON(dst, w []float32, k, n int) {
	packTransposedStrided(dst[:packedSizeNEON(k, n)], w[:k*n], k, n, k, 1)
}

// packTransposedStrided packs the transpose of scale·w, with w [n,k] of stride ld.
func packTransposedStrided(dst, w []float32, k, n, ld int, scale float32) {
	clear(dst[k*(n/panelNEON*panelNEON) : packedSizeNEON(k, n)])
	for j := range n {
		column := dst[j/panelNEON*panelNEON*k+j%panelNEON:]
		for i, v := range w[j*ld : j*ld+k] {
			column[i*panelNEON] = scale * v
		}
	}
}
