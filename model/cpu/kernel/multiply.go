// The product of a matrix with packed weights.

package kernel

// panel is the number of columns that are packed side by side, and of a tile of the product.
const panel = 4

func packedSize(k, n int) int { return k * ((n + panel - 1) / panel * panel) }

// pack writes panels one after another. A panel is [k,4]: four columns of w, zeros past the last.
func pack(dst, w []float32, k, n int) {
	clear(dst[:packedSize(k, n)])
	for i := range k {
		for j, v := range w[i*n : (i+1)*n] {
			dst[j/panel*panel*k+i*panel+j%panel] = v
		}
	}
}

func packTransposed(dst, w []float32, k, n int) {
	clear(dst[:packedSize(k, n)])
	for j := range n {
		for i, v := range w[j*k : (j+1)*k] {
			dst[j/panel*panel*k+i*panel+j%panel] = v
		}
	}
}

func multiply(y, x, packed []float32, m, k, n int, e Epilogue) {
	y, x, packed = y[:m*n], x[:m*k], packed[:packedSize(k, n)]
	for j := 0; j < n; j += panel {
		columns := packed[j*k : (j+panel)*k]
		i := 0
		for ; i+2 <= m; i += 2 {
			a, b := tile2(x[i*k:(i+1)*k], x[(i+1)*k:(i+2)*k], columns)
			e.store(y, &a, i, j, n)
			e.store(y, &b, i+1, j, n)
		}
		if i < m {
			a := tile1(x[i*k:(i+1)*k], columns)
			e.store(y, &a, i, j, n)
		}
	}
}

// tile1 is the row x [k] times a panel.
func tile1(x, columns []float32) (sum [panel]float32) {
	var s0, s1, s2, s3 float32
	for i, v := range x {
		c := columns[i*panel : i*panel+panel : i*panel+panel]
		s0 += v * c[0]
		s1 += v * c[1]
		s2 += v * c[2]
		s3 += v * c[3]
	}
	return [panel]float32{s0, s1, s2, s3}
}

// tile2 is two rows times a panel, which halves the loads. Each sum is that of tile1.
func tile2(x, z, columns []float32) (a, b [panel]float32) {
	var s0, s1, s2, s3, t0, t1, t2, t3 float32
	z = z[:len(x)]
	for i, v := range x {
		c := columns[i*panel : i*panel+panel : i*panel+panel]
		s0 += v * c[0]
		s1 += v * c[1]
		s2 += v * c[2]
		s3 += v * c[3]
		u := z[i]
		t0 += u * c[0]
		t1 += u * c[1]
		t2 += u * c[2]
		t3 += u * c[3]
	}
	return [panel]float32{s0, s1, s2, s3}, [panel]float32{t0, t1, t2, t3}
}

// store finishes the sums of row i and columns j, j+1, … of a matrix with n columns.
func (e *Epilogue) store(y []float32, sum *[panel]float32, i, j, n int) {
	residual := e.residual(y)
	for c := range min(panel, n-j) {
		v, at := sum[c], i*n+j+c
		if e.Bias != nil {
			v += e.Bias[j+c]
		}
		if e.Pre != nil {
			e.Pre[at] = v
		}
		if e.GELU {
			v = geluOf(v)
		}
		if e.GELUGrad != nil {
			v *= geluSlope(e.GELUGrad[at])
		}
		if residual != nil {
			v += residual[at]
		}
		y[at] = v
	}
}
