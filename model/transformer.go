// Transformer blocks, shared by every kind that has tokens.

package model

import (
	"fmt"

	"github.com/lacuna-ml/lacuna/model/program"
)

// normEps is the layer norms' epsilon, as in the original MAE and in ReMasker.
const normEps = 1e-6

// blocks records depth pre-norm transformer blocks over packed sequences x [L, D], with a last layer norm:
//
//	x ← x + proj(attention(norm1(x)))
//	x ← x + fc2(gelu(fc1(norm2(x))))      fc1: D → 4·D
//
// Dosovitskiy et al., "An Image is Worth 16x16 Words" (2021), eqs. 2–4.
func blocks(b *program.Builder, name string, x, lengths program.Tensor, depth, heads int, width int) program.Tensor {
	plain := program.LinearOptions{Residual: program.None}
	for i := range depth {
		at := fmt.Sprintf("%s.blocks.%d.", name, i)
		qkv := b.Linear(at+"attention.qkv", b.LayerNorm(at+"norm1", x, normEps), 3*width, plain)
		mixed := b.Attention(at+"attention", qkv, lengths, heads)
		x = b.Linear(at+"attention.proj", mixed, width, program.LinearOptions{Residual: x})
		hidden := b.Linear(at+"mlp.fc1", b.LayerNorm(at+"norm2", x, normEps), 4*width, program.LinearOptions{GELU: true, Residual: program.None})
		x = b.Linear(at+"mlp.fc2", hidden, width, program.LinearOptions{Residual: x})
	}
	return b.LayerNorm(name+".norm", x, normEps)
}
