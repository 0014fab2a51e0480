// Operations that move rows: gathering, scattering and pooling of tokens.

package cpu

import "github.com/lacuna-ml/lacuna/model/program"

func (w *worker) gatherSum(o *program.GatherSum) {
	y, width := w.floats(o.Y), w.width(o.Y)
	clear(y)
	for _, t := range o.Terms {
		source, index, scale := w.floats(t.Source), w.ints(t.Index), w.floats(t.Scale)
		for l, i := range index {
			if i < 0 {
				continue
			}
			to, from := y[l*width:(l+1)*width], source[int(i)*width:(int(i)+1)*width]
			if scale == nil {
				w.kernels.Add(to, from)
			} else {
				w.kernels.AddScaled(to, from, scale[l])
			}
		}
	}
}

func (w *worker) scatterAdd(o *program.ScatterAdd) {
	to, width := w.floats(o.DX), w.width(o.DY)
	if o.Weight != program.None {
		to = w.gradient(o.Weight)
	} else if !o.Accumulate {
		clear(to)
	}
	dy, scale := w.floats(o.DY), w.floats(o.Scale)
	for l, i := range w.ints(o.Index) {
		if i < 0 {
			continue
		}
		row, from := to[int(i)*width:(int(i)+1)*width], dy[l*width:(l+1)*width]
		if scale == nil {
			w.kernels.Add(row, from)
		} else {
			w.kernels.AddScaled(row, from, scale[l])
		}
	}
}

func (w *worker) segmentMean(o *program.SegmentMean) {
	x, y, width := w.floats(o.X), w.floats(o.Y), w.width(o.Y)
	clear(y)
	for r, length := range w.ints(o.Lengths) {
		for range length {
			w.kernels.AddScaled(y[r*width:(r+1)*width], x[:width], 1/float32(length))
			x = x[width:]
		}
	}
}

func (w *worker) segmentMeanGrad(o *program.SegmentMeanGrad) {
	dx, dy, width := w.floats(o.DX), w.floats(o.DY), w.width(o.DY)
	if !o.Accumulate {
		clear(dx)
	}
	for r, length := range w.ints(o.Lengths) {
		for range length {
			w.kernels.AddScaled(dx[:width], dy[r*width:(r+1)*width], 1/float32(length))
			dx = dx[width:]
		}
	}
}
