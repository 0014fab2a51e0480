// The table of kernels, and what each of them computes.

package kernel

// Set is the kernels of one instruction set.
//
// Unless its comment says otherwise, a function's slices must not overlap.
type Set struct {
	// Name is what LACUNA_CPU calls the set.
	Name string

	// PackedSize is the number of floats that Pack writes for a [k,n] matrix.
	PackedSize func(k, n int) int
	// Pack lays w [k,n] out in the panels that Multiply of the same set reads.
	Pack func(dst, w []float32, k, n int)
	// PackTransposed is Pack of the transpose of w [n,k].
	PackTransposed func(dst, w []float32, k, n int)
	// Multiply computes y [m,n] = epilogue(x [m,k] · packed [k,n]). Sums run over k in ascending order.
	Multiply func(y, x, packed []float32, m, k, n int, e Epilogue)
	// AddOuter adds xᵀ·dy to dw [k,n], with x [l,k] and dy [l,n]. Sums run over l in ascending order.
	AddOuter func(dw, x, dy []float32, l, k, n int)
	// AddColumnSums adds the sum of each column of dy [l,n] to db [n]. Sums run over l in ascending order.
	AddColumnSums func(db, dy []float32, l, n int)

	// LayerNorm normalises each row: y = (x−mean)/√(variance+eps)·gamma + beta, with x and y [rows,width], gamma and
	// beta [width]. stats [rows,2] receives mean and 1/√(variance+eps). y may be x.
	LayerNorm func(y, stats, x, gamma, beta []float32, rows, width int, eps float32)
	// LayerNormGrad is LayerNorm backward: it adds to dgamma and dbeta [width], and sets dx [rows,width], or adds to it
	// when accumulate is true. A nil dx is left out. dx may be dy unless it accumulates.
	LayerNormGrad func(dx, dgamma, dbeta, dy, x, stats, gamma []float32, rows, width int, accumulate bool)

	// AttentionScratch is the number of floats of scratch that Attention and AttentionGrad need for sequences of up to
	// maxLength tokens.
	AttentionScratch func(maxLength, width, heads int) int
	// Attention computes softmax(q·kᵀ/√d)·v for every head of every sequence. Sequences stand one after another:
	// lengths[r] tokens each, L in all. A row of qkv [L,3·width] is q, k and v side by side, head h at h·d within
	// each, with d = width/heads. y is [L,width].
	Attention func(y, qkv []float32, lengths []int32, width, heads int, scratch []float32)
	// AttentionGrad sets dqkv [L,3·width] from dy [L,width]. It computes the probabilities anew from qkv.
	AttentionGrad func(dqkv, dy, qkv []float32, lengths []int32, width, heads int, scratch []float32)

	// GELU computes y = x·Φ(x). y may be x.
	GELU func(y, x []float32)
	// GELUGrad computes dx = dy·(Φ(x) + x·φ(x)). dx may be dy or x.
	GELUGrad func(dx, dy, x []float32)
	// SoftmaxRow computes y = exp(x)/Σexp(x), and returns log Σexp(x). y may be x, which must not be empty.
	SoftmaxRow func(y, x []float32) (logSumExp float32)

	// Add computes dst += src.
	Add func(dst, src []float32)
	// AddScaled computes dst += s·src.
	AddScaled func(dst, src []float32, s float32)
	// Scale computes x *= s.
	Scale func(x []float32, s float32)
	// Dot is Σ a·b.
	Dot func(a, b []float32) float32
	// SumSquares is Σ x², in float64.
	SumSquares func(x []float32) float64

	// AdamW takes one step: w, and the moments m and v, from the gradient g. All four have the same length.
	AdamW func(w, g, m, v []float32, a AdamWStep)

	// Peak runs multiply-adds that touch no memory, and returns how many floating-point operations they were. Timed,
	// it is the ceiling that the other kernels are measured against.
	Peak func(iterations int) (operations float64)
}

// Epilogue is what happens to a product before it is stored, in the order of the fields.
type Epilogue struct {
	// Bias [n] is added to each row, unless nil.
	Bias []float32
	// Pre [m,n] receives x·W+bias, unless nil: what the backward pass of GELU needs.
	Pre []float32
	// GELU applies x·Φ(x).
	GELU bool
	// GELUGrad [m,n] multiplies by the slope of GELU at these inputs, unless nil.
	GELUGrad []float32
	// Residual [m,n] is added, unless nil. It may be y.
	Residual []float32
	// Accumulate adds to y what would have replaced it; it excludes Residual.
	Accumulate bool
}

// residual is the matrix to add last, or nil.
func (e *Epilogue) residual(y []float32) []float32 {
	if e.Accumulate {
		return y
	}
	return e.Residual
}

// AdamWStep is the constants of one step of AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
// 2019, algorithm 2). With g scaled by GradScale:
//
//	m ← Beta1·m + (1−Beta1)·g
//	v ← Beta2·v + (1−Beta2)·g²
//	w ← w − LearningRate·((m/Correction1)/(√(v/Correction2)+Epsilon) + WeightDecay·w)
type AdamWStep struct {
	LearningRate float32
	Beta1, Beta2 float32
	Epsilon      float32
	WeightDecay  float32
	GradScale    float32 // multiplies g: the clipping of its length
	Correction1  float32 // 1−Beta1ᵗ
	Correction2  float32 // 1−Beta2ᵗ
}
