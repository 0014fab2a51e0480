//go:build !purego

// The AVX2 set: eight floats a register, and fused multiply-adds.

package kernel

// avx2 returns the kernels for processors with AVX2 and FMA. In every one, an element's value comes from the same
// operations whether it lies in a full vector or in the masked last one.
func avx2() *Set {
	return &Set{
		Name:             "avx2",
		PackedSize:       packedSizeAVX2,
		Pack:             packAVX2,
		PackTransposed:   packTransposedAVX2,
		Multiply:         multiplyAVX2,
		AddOuter:         addOuterAVX2,
		AddColumnSums:    addColumnSumsAVX2,
		LayerNorm:        layerNormAVX2,
		LayerNormGrad:    layerNormGradAVX2,
		AttentionScratch: attentionScratchAVX2,
		Attention:        attentionAVX2,
		AttentionGrad:    attentionGradAVX2,
		GELU:             geluAVX2,
		GELUGrad:         geluGradAVX2,
		SoftmaxRow:       softmaxRowAVX2,
		Add:              addAVX2,
		AddScaled:        addScaledAVX2,
		Scale:            scaleAVX2,
		Dot:              dotAVX2,
		SumSquares:       sumSquaresAVX2,
		AdamW:            adamWAVX2,
		Peak:             peakAVX2,
	}
}
