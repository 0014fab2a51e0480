//go:build !purego

// The NEON set: four floats a register, and fused multiply-adds.

package kernel

// neon returns the kernels for arm64. In every one, an element's value comes from the same instructions whether it lies
// in a full vector or is one of the last few, which are taken one at a time.
func neon() *Set {
	return &Set{
		Name:             "neon",
		PackedSize:       packedSizeNEON,
		Pack:             packNEON,
		PackTransposed:   packTransposedNEON,
		Multiply:         multiplyNEON,
		AddOuter:         addOuterNEON,
		AddColumnSums:    addColumnSumsNEON,
		LayerNorm:        layerNormNEON,
		LayerNormGrad:    layerNormGradNEON,
		AttentionScratch: attentionScratchNEON,
		Attention:        attentionNEON,
		AttentionGrad:    attentionGradNEON,
		GELU:             geluNEON,
		GELUGrad:         geluGradNEON,
		SoftmaxRow:       softmaxRowNEON,
		Add:              addNEON,
		AddScaled:        addScaledNEON,
		Scale:            scaleVector,
		Dot:              dotNEON,
		SumSquares:       sumSquaresVector,
		AdamW:            adamWNEON,
		Peak:             peakNEON,
	}
}
