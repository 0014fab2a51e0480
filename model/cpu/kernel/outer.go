// Sums over rows: the gradients of a linear layer's weight and bias.

package kernel

// addOuter sums a tile of dw over all rows before it adds it, so that memory sees each entry of dw once.
func addOuter(dw, x, dy []float32, l, k, n int) {
	dw, x, dy = dw[:k*n], x[:l*k], dy[:l*n]
	for i := range k {
		j := 0
		for ; j+4 <= n; j += 4 {
			addOuter4(dw[i*n+j:i*n+j+4], x, dy, i, j, l, k, n)
		}
		for ; j < n; j++ {
			var s float32
			for r := range l {
				s += x[r*k+i] * dy[r*n+j]
			}
			dw[i*n+j] += s
		}
	}
}

// addOuter4 sums four neighbouring entries of dw.
func addOuter4(dw, x, dy []float32, i, j, l, k, n int) {
	var s0, s1, s2, s3 float32
	for r := range l {
		v, d := x[r*k+i], dy[r*n+j:r*n+j+4:r*n+j+4]
		s0 += v * d[0]
		s1 += v * d[1]
		s2 += v * d[2]
		s3 += v * d[3]
	}
	dw[0] += s0
	dw[1] += s1
	dw[2] += s2
	dw[3] += s3
}

func addColumnSums(db, dy []float32, l, n int) {
	db, dy = db[:n], dy[:l*n]
	for j := range db {
		var s float32
		for r := range l {
			s += dy[r*n+j]
		}
		db[j] += s
	}
}
