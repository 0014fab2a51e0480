package jobfile

import (
	"cmp"

	"github.com/lacuna-ml/lacuna/model"
)

// sizes are the presets of model.size.
var sizes = map[string]model.Architecture{
	"tiny":  {Dim: 32, Depth: 2, Heads: 2, DecoderDim: 32, DecoderDepth: 1, DecoderHeads: 2},
	"small": {Dim: 64, Depth: 3, Heads: 4, DecoderDim: 32, DecoderDepth: 1, DecoderHeads: 2},
	"base":  {Dim: 128, Depth: 4, Heads: 4, DecoderDim: 64, DecoderDepth: 2, DecoderHeads: 4},
	"large": {Dim: 256, Depth: 6, Heads: 8, DecoderDim: 128, DecoderDepth: 2, DecoderHeads: 4},
}

// Architecture is the preset of model.size with the fields that are set one by one.
func (j *Job) Architecture() model.Architecture {
	preset := sizes[j.Model.Size]
	return model.Architecture{
		Dim: cmp.Or(j.Model.Dim, preset.Dim), Depth: cmp.Or(j.Model.Depth, preset.Depth), Heads: cmp.Or(j.Model.Heads, preset.Heads),
		DecoderDim: cmp.Or(j.Model.DecoderDim, preset.DecoderDim), DecoderDepth: cmp.Or(j.Model.DecoderDepth, preset.DecoderDepth),
		DecoderHeads: cmp.Or(j.Model.DecoderHeads, preset.DecoderHeads),
	}
}

// Config is the model that the job describes.
func (j *Job) Config() model.Config {
	c := model.Config{Kind: j.Kind, Seed: uint64(j.Seed), MaskRatio: j.Train.MaskRatio, TrainHash: j.TrainHash()}
	switch j.Kind {
	case "tabular":
		c.Architecture = j.Architecture()
		c.Tabular = &model.TabularOptions{Pool: j.Tabular.Pool}
	case "standard":
		c.Standard = &model.StandardOptions{Layers: j.Standard.Layers, Bottleneck: j.Standard.Bottleneck}
	}
	return c
}
