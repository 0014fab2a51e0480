// What predicts and what judges predictions: heads with a range of outputs for each token, and losses.

package cpu

import (
	"github.com/lacuna-ml/lacuna/model/program"
)

func (w *worker) rangeLinear(o *program.RangeLinear) {
	x, weight, bias, y := w.floats(o.X), w.floats(o.Weight), w.floats(o.Bias), w.floats(o.Y)
	width, k, start := w.width(o.X), w.width(o.Y), w.ints(o.Start)
	for l, count := range w.ints(o.Count) {
		token := x[l*width : (l+1)*width]
		for j := range int(count) {
			out := int(start[l]) + j
			y[l*k+j] = w.kernels.Dot(token, weight[out*width:(out+1)*width]) + bias[out]
		}
	}
}

func (w *worker) rangeLinearGrad(o *program.RangeLinearGrad) {
	x, weight, dx, dy := w.floats(o.X), w.floats(o.Weight), w.floats(o.DX), w.floats(o.DY)
	dweight, dbias := w.gradient(o.Weight), w.gradient(o.Bias)
	width, k, start := w.width(o.X), w.width(o.DY), w.ints(o.Start)
	if dx != nil && !o.Accumulate {
		clear(dx)
	}
	for l, count := range w.ints(o.Count) {
		for j := range int(count) {
			out, d := int(start[l])+j, dy[l*k+j]
			w.kernels.AddScaled(dweight[out*width:(out+1)*width], x[l*width:(l+1)*width], d)
			dbias[out] += d
			if dx != nil {
				w.kernels.AddScaled(dx[l*width:(l+1)*width], weight[out*width:(out+1)*width], d)
			}
		}
	}
}

func (w *worker) cellLoss(o *program.CellLoss) {
	y, target, loss, k := w.floats(o.Y), w.floats(o.Target), w.floats(o.Loss), w.width(o.Y)
	for l, count := range w.ints(o.Count) {
		cell := y[l*k : l*k+int(count)]
		if count == 1 {
			e := cell[0] - target[l]
			loss[l] = e * e
			continue
		}
		loss[l] = w.kernels.SoftmaxRow(w.scratch[:count], cell) - cell[int(target[l])]
	}
}

func (w *worker) cellLossGrad(o *program.CellLossGrad) {
	y, target, dloss, dy, k := w.floats(o.Y), w.floats(o.Target), w.floats(o.DLoss), w.floats(o.DY), w.width(o.Y)
	for l, count := range w.ints(o.Count) {
		cell, d := y[l*k:l*k+int(count)], dy[l*k:l*k+int(count)]
		if count == 1 {
			d[0] = dloss[l] * 2 * (cell[0] - target[l])
			continue
		}
		w.kernels.SoftmaxRow(d, cell)
		d[int(target[l])]--
		for j := range d {
			d[j] *= dloss[l]
		}
	}
}

func (w *worker) squaredError(o *program.SquaredError) {
	y, target, weight, loss, width := w.floats(o.Y), w.floats(o.Target), w.floats(o.Weight), w.floats(o.Loss), w.width(o.Y)
	for l := range loss {
		loss[l] = 0
		for i := l * width; i < (l+1)*width; i++ {
			e := y[i] - target[i]
			loss[l] += weight[i] * e * e
		}
	}
}

func (w *worker) squaredErrorGrad(o *program.SquaredErrorGrad) {
	y, target, weight, dy, width := w.floats(o.Y), w.floats(o.Target), w.floats(o.Weight), w.floats(o.DY), w.width(o.Y)
	for l, d := range w.floats(o.DLoss) {
		for i := l * width; i < (l+1)*width; i++ {
			dy[i] = 2 * d * weight[i] * (y[i] - target[i])
		}
	}
}
