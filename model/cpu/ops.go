// Operations that are a kernel call: linear layers and layer norms, forward and backward.

package cpu

import (
	"math"

	"github.com/lacuna-ml/lacuna/model/cpu/kernel"
	"github.com/lacuna-ml/lacuna/model/program"
)

func (w *worker) linear(o *program.Linear) {
	packed := w.session.packed[w.session.index(o.Weight)].forward
	w.kernels.Multiply(w.floats(o.Y), w.floats(o.X), packed, w.count(o.X), w.width(o.X), w.width(o.Y), kernel.Epilogue{
		Bias: w.floats(o.Bias), GELU: o.GELU, Pre: w.floats(o.Pre), Residual: w.floats(o.Residual),
	})
}

// dW [out, in] += dYᵀ·X.
func (w *worker) linearGradWeight(o *program.LinearGradWeight) {
	x, dy, l := w.floats(o.X), w.floats(o.DY), w.count(o.X)
	w.kernels.AddOuter(w.gradient(o.Weight), dy, x, l, w.width(o.DY), w.width(o.X))
	w.kernels.AddColumnSums(w.gradient(o.Bias), dy, l, w.width(o.DY))
}

func (w *worker) linearGradInput(o *program.LinearGradInput) {
	packed := w.session.packed[w.session.index(o.Weight)].backward
	w.kernels.Multiply(w.floats(o.DX), w.floats(o.DY), packed, w.count(o.DY), w.width(o.DY), w.width(o.DX), kernel.Epilogue{
		GELUGrad: w.floats(o.Pre), Accumulate: o.Accumulate,
	})
}

func (w *worker) layerNorm(o *program.LayerNorm) {
	w.kernels.LayerNorm(w.floats(o.Y), w.floats(o.Stats), w.floats(o.X), w.floats(o.Gamma), w.floats(o.Beta),
		w.count(o.X), w.width(o.X), o.Eps)
}

func (w *worker) layerNormGrad(o *program.LayerNormGrad) {
	w.kernels.LayerNormGrad(w.floats(o.DX), w.gradient(o.Gamma), w.gradient(o.Beta), w.floats(o.DY), w.floats(o.X),
		w.floats(o.Stats), w.floats(o.Gamma), w.count(o.X), w.width(o.X), o.Accumulate)
}

// step turns a step of AdamW into the kernel's constants; scale multiplies the gradients.
func step(a program.AdamW, scale, decay float64) kernel.AdamWStep {
	return kernel.AdamWStep{
		LearningRate: float32(a.LearningRate), Beta1: float32(a.Beta1), Beta2: float32(a.Beta2),
		Epsilon: float32(a.Epsilon), WeightDecay: float32(decay), GradScale: float32(scale),
		Correction1: float32(1 - math.Pow(a.Beta1, float64(a.Step))), Correction2: float32(1 - math.Pow(a.Beta2, float64(a.Step))),
	}
}
