// The portable set: plain Go, the specification of every other.

package kernel

// Portable returns the kernels in plain Go, which run anywhere.
func Portable() *Set {
	return &Set{
		Name:             "portable",
		PackedSize:       packedSize,
		Pack:             pack,
		PackTransposed:   packTransposed,
		Multiply:         multiply,
		AddOuter:         addOuter,
		AddColumnSums:    addColumnSums,
		LayerNorm:        layerNorm,
		LayerNormGrad:    layerNormGrad,
		AttentionScratch: attentionScratch,
		Attention:        attention,
		AttentionGrad:    attentionGrad,
		GELU:             gelu,
		GELUGrad:         geluGrad,
		SoftmaxRow:       softmaxRow,
		Add:              add,
		AddScaled:        addScaled,
		Scale:            scale,
		Dot:              dot,
		SumSquares:       sumSquares,
		AdamW:            adamW,
		Peak:             peak,
	}
}
