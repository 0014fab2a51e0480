// Kind vision: a token per image patch. Three quarters of the patches are hidden; the encoder sees the others only, and a
// light decoder rebuilds the pixels of what is hidden.
//
// He et al., "Masked Autoencoders Are Scalable Vision Learners" (CVPR 2022).

package model

import (
	"fmt"
	"math"

	"github.com/lacuna-ml/lacuna/model/program"
)

// VisionOptions are the kind's own options.
type VisionOptions struct {
	ImageSize int `json:"image_size"` // pixels of a side; images are square
	PatchSize int `json:"patch_size"` // pixels of a patch's side, a divisor of ImageSize
	Channels  int `json:"channels"`   // 1: grey; 3: red, green, blue
	// NormalisePatches makes a target of each patch's pixels less their mean, over their standard deviation: better
	// embeddings, worse pictures.
	NormalisePatches bool `json:"normalise_patches,omitempty"`
}

// patches is the number of patches along a side.
func (o VisionOptions) patches() int { return o.ImageSize / o.PatchSize }

// patchValues is the number of values of a patch: P·P·C, in the order row, column, channel.
func (o VisionOptions) patchValues() int { return o.PatchSize * o.PatchSize * o.Channels }

func (o VisionOptions) validate() error {
	if o.PatchSize < 1 || o.ImageSize < o.PatchSize || o.ImageSize%o.PatchSize != 0 {
		return fmt.Errorf("model: image_size %d must be a multiple of patch_size %d", o.ImageSize, o.PatchSize)
	}
	if o.Channels != 1 && o.Channels != 3 {
		return fmt.Errorf("model: channels is %d, it must be 1 (grey) or 3 (colour)", o.Channels)
	}
	return nil
}

// vision implements Autoencoder. In shapes, N is rows, V visible tokens (each image's class token and its visible
// patches), T all tokens of the decoder, H hidden patches, P values of a patch, D width.
//
// An encoded row holds the patches one after the other, [patches², P]. An image that is missing starts with NaN.
type vision struct {
	options      VisionOptions
	architecture Architecture
	tokens       []string
	programs     Programs
	encoder      visionEncoderInputs // the same in the programs that rebuild
	embedding    visionEncoderInputs
	decoder      visionDecoderInputs
}

// visionEncoderInputs are the inputs that describe visible tokens.
type visionEncoderInputs struct {
	shown, visible         program.Axis
	lengths                program.Tensor // [N] tokens of each image
	pixels                 program.Tensor // [V without class tokens, P]
	patch, class, position program.Tensor // [V] row of pixels or −1, 0 for a class token or −1, row of the position table
}

// visionDecoderInputs are the inputs that describe all tokens and the hidden ones among them.
type visionDecoderInputs struct {
	all, hidden          program.Axis
	lengths              program.Tensor // [N] tokens of each image
	from, mask, position program.Tensor // [T] which encoded token or −1, 0 for a mask token or −1, row of the position table
	pick                 program.Tensor // [H] which of T
	target, share        program.Tensor // [H, P] values, and 1/P
	weight               program.Tensor // [H, 1]
	prediction, loss     program.Tensor // [H, P], [H, 1]
}

// newVisionAutoencoder makes the network of images of one size.
func newVisionAutoencoder(o VisionOptions, a Architecture) (*vision, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := a.validate(); err != nil {
		return nil, err
	}
	if a.Dim%4 != 0 || a.DecoderDim%4 != 0 {
		return nil, fmt.Errorf("model: dim %d and decoder_dim %d must be multiples of 4, for positions in two dimensions", a.Dim, a.DecoderDim)
	}
	n := &vision{options: o, architecture: a}
	for row := range o.patches() {
		for column := range o.patches() {
			n.tokens = append(n.tokens, fmt.Sprintf("patch_%d_%d", row, column))
		}
	}
	layout := program.NewLayout()
	n.programs.Training = n.autoencoder(layout, true)
	n.programs.Reconstruction = n.autoencoder(layout, false)
	n.programs.Embedding, n.programs.Embedded = n.embedder(layout)
	return n, nil
}

// encode records visible patches → encoder: a token is its patch times a matrix, plus its fixed position.
func (n *vision) encode(b *program.Builder) (program.Tensor, visionEncoderInputs) {
	tokens, d := len(n.tokens), n.architecture.Dim
	shown, visible := b.Axis("visible patches", tokens), b.Axis("visible tokens", tokens+1)
	in := visionEncoderInputs{
		shown: shown, visible: visible, lengths: b.Ints("visible tokens of each image", program.Rows),
		pixels: b.Floats("visible pixels", shown, n.options.patchValues()),
		patch:  b.Ints("visible patch", visible), class: b.Ints("class token", visible), position: b.Ints("position", visible),
	}
	patches := b.Linear("encoder.patches", in.pixels, d, program.LinearOptions{Residual: program.None})
	x := b.GatherSum("tokens",
		program.GatherTerm{Source: patches, Index: in.patch, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("encoder.class_token", 1, d, program.Normal, false), Index: in.class, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("encoder.positions", tokens+1, d, program.Grid, false), Index: in.position, Scale: program.None})
	return blocks(b, "encoder", x, in.lengths, n.architecture.Depth, n.architecture.Heads, d), in
}

// autoencoder records the whole forward pass, with its gradient for training.
func (n *vision) autoencoder(layout *program.Layout, training bool) *program.Program {
	b := program.NewBuilder(layout)
	encoded, encoder := n.encode(b)
	in, tokens, d := n.decoderInputs(b), len(n.tokens), n.architecture.DecoderDim
	z := b.Linear("decoder.embed", encoded, d, program.LinearOptions{Residual: program.None})
	x := b.GatherSum("decoder tokens",
		program.GatherTerm{Source: z, Index: in.from, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("decoder.mask_token", 1, d, program.Normal, false), Index: in.mask, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("decoder.positions", tokens+1, d, program.Grid, false), Index: in.position, Scale: program.None})
	y := blocks(b, "decoder", x, in.lengths, n.architecture.DecoderDepth, n.architecture.DecoderHeads, d)
	hidden := b.GatherSum("hidden patches", program.GatherTerm{Source: y, Index: in.pick, Scale: program.None})
	in.prediction = b.Linear("decoder.head", hidden, n.options.patchValues(), program.LinearOptions{Residual: program.None})
	in.loss = b.SquaredError("loss", in.prediction, in.target, in.share)
	n.encoder, n.decoder = encoder, in // the same in both programs: they are recorded by the same calls
	b.Output(in.prediction)
	b.Output(in.loss)
	if training {
		return b.BuildTraining(in.loss, in.weight)
	}
	return b.Build()
}

func (n *vision) decoderInputs(b *program.Builder) visionDecoderInputs {
	tokens, values := len(n.tokens), n.options.patchValues()
	all, hidden := b.Axis("all tokens", tokens+1), b.Axis("hidden patches", tokens)
	return visionDecoderInputs{
		all: all, hidden: hidden, lengths: b.Ints("tokens of each image", program.Rows),
		from: b.Ints("encoded token", all), mask: b.Ints("mask token", all), position: b.Ints("position of each token", all),
		pick: b.Ints("hidden token", hidden), target: b.Floats("target", hidden, values), share: b.Floats("share", hidden, values),
		weight: b.Floats("loss weight", hidden, 1),
	}
}

// embedder records the encoder and its pooling: the mean of an image's tokens.
func (n *vision) embedder(layout *program.Layout) (*program.Program, program.Tensor) {
	b := program.NewBuilder(layout)
	encoded, in := n.encode(b)
	n.embedding = in
	pooled := b.SegmentMean("embedding", encoded, in.lengths)
	b.Output(pooled)
	return b.Build(), pooled
}

func (n *vision) Tokens() []string   { return n.tokens }
func (n *vision) Width() int         { return len(n.tokens) * n.options.patchValues() }
func (n *vision) Programs() Programs { return n.programs }

// Present says that all patches are visible, or absent where there is no image.
func (n *vision) Present(values []float32, states []State) {
	state := Visible
	if isMissing(values[0]) {
		state = Absent
	}
	for t := range states {
		states[t] = state
	}
}

// Fill writes the tokens of every sample: first the image's class token, then its patches, row by row.
func (n *vision) Fill(f *program.Feed, p *program.Program, samples []Sample, weights []float32) {
	if p == n.programs.Embedding {
		n.fillEncoder(f, n.embedding, samples)
		return
	}
	n.fillEncoder(f, n.encoder, samples)
	n.fillDecoder(f, samples)
	n.fillTargets(f, samples, weights)
}

// fillEncoder writes each image's class token and its visible patches.
func (n *vision) fillEncoder(f *program.Feed, in visionEncoderInputs, samples []Sample) {
	total, size := 0, n.options.patchValues()
	for _, s := range samples {
		total += count(s.States, Visible)
	}
	f.Resize(in.shown, total)
	f.Resize(in.visible, total+len(samples))
	pixels, patch, class, position := f.Floats(in.pixels), f.Ints(in.patch), f.Ints(in.class), f.Ints(in.position)
	v, shown := 0, 0
	for i, s := range samples {
		first := v
		patch[v], class[v], position[v] = -1, 0, 0
		v++
		for t, state := range s.States {
			if state != Visible {
				continue
			}
			copy(pixels[shown*size:(shown+1)*size], s.Values[t*size:])
			patch[v], class[v], position[v] = int32(shown), -1, int32(t+1)
			v, shown = v+1, shown+1
		}
		f.Ints(in.lengths)[i] = int32(v - first)
	}
}

// fillDecoder writes, for each image, its class token and all its patches: encoded where visible, mask tokens where hidden.
func (n *vision) fillDecoder(f *program.Feed, samples []Sample) {
	in, total := n.decoder, len(samples)
	for _, s := range samples {
		total += len(s.States) - count(s.States, Absent)
	}
	f.Resize(in.all, total)
	from, mask, position := f.Ints(in.from), f.Ints(in.mask), f.Ints(in.position)
	t, v := 0, int32(0)
	for i, s := range samples {
		first := t
		from[t], mask[t], position[t] = v, -1, 0
		t, v = t+1, v+1
		for j, state := range s.States {
			switch state {
			case Visible:
				from[t], mask[t], position[t] = v, -1, int32(j+1)
				t, v = t+1, v+1
			case Hidden:
				from[t], mask[t], position[t] = -1, 0, int32(j+1)
				t++
			}
		}
		f.Ints(in.lengths)[i] = int32(t - first)
	}
}

// fillTargets writes what the hidden patches should be. Each counts by the mean over its values.
func (n *vision) fillTargets(f *program.Feed, samples []Sample, weights []float32) {
	in, total, size := n.decoder, 0, n.options.patchValues()
	for _, s := range samples {
		total += count(s.States, Hidden)
	}
	f.Resize(in.hidden, total)
	pick, target, share, weight := f.Ints(in.pick), f.Floats(in.target), f.Floats(in.share), f.Floats(in.weight)
	for i := range share {
		share[i] = 1 / float32(size)
	}
	t, h := int32(0), 0
	for i, s := range samples {
		t++
		for j, state := range s.States {
			if state == Hidden {
				pick[h], weight[h] = t, weights[i]
				n.target(target[h*size:(h+1)*size], s.Values[j*size:])
				h++
			}
			if state != Absent {
				t++
			}
		}
	}
}

// patchEps keeps the deviation of an even patch from zero, as in the original MAE.
const patchEps = 1e-6

// target writes what a patch's prediction should be: its values, or (x−mean)/√(variance+eps) with the unbiased variance.
func (n *vision) target(dst, patch []float32) {
	copy(dst, patch)
	if !n.options.NormalisePatches {
		return
	}
	mean, deviation := patchStatistics(dst)
	for i, v := range dst {
		dst[i] = float32((float64(v) - mean) / deviation)
	}
}

// patchStatistics returns the mean of a patch's values and √(unbiased variance + eps).
func patchStatistics(values []float32) (mean, deviation float64) {
	for _, v := range values {
		mean += float64(v) / float64(len(values))
	}
	variance := 0.0
	for _, v := range values {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(variance/float64(max(len(values)-1, 1)) + patchEps)
}
