// Kind tabular: a token per column. Cells are hidden at random; missing cells are always hidden from the encoder and
// never counted in the loss. Numeric columns are rebuilt by regression on the normalised value, categorical ones by a
// softmax over their categories.
//
// Du, Melis and Wang, "ReMasker: Imputing Tabular Data with Masked Autoencoding" (ICLR 2024). Unlike ReMasker, every row
// keeps as many visible cells as it has, whatever the other rows of the batch have, so that its result is its own.

package model

import (
	"math"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
)

// TabularOptions are the kind's own options.
type TabularOptions struct {
	// Pool is how tokens become an embedding: "mean" of the row's token and all cells' (default), or "cls", the row's
	// token alone.
	Pool string `json:"pool,omitempty"`
}

// tabular implements Network. In shapes, N is rows, V visible tokens (each row's own token and its visible cells), T all
// tokens of the decoder, H hidden cells, C columns, D width, K the most outputs a column has.
type tabular struct {
	*table
	architecture Architecture
	pool         string
	number       []int // by column: its row in the table of numeric directions, −1 for a categorical column
	category     []int // by column: the first of its rows in the table of category embeddings
	output       []int // by column: the first of its outputs
	numbers      int
	categories   int
	outputs      int
	widest       int // K
	programs     Programs
	encoder      tabularEncoderInputs
	embedding    tabularEncoderInputs
	decoder      tabularDecoderInputs
}

// tabularEncoderInputs are the inputs that describe visible tokens.
type tabularEncoderInputs struct {
	visible                        program.Axis
	lengths                        program.Tensor // [N] tokens of each row
	first                          program.Tensor // [N] each row's own token; None where nobody asks
	token, number, category, value program.Tensor // [V] row of each table, −1 for none, and the normalised value
}

// tabularDecoderInputs are the inputs that describe all tokens and the hidden ones among them.
type tabularDecoderInputs struct {
	all, hidden          program.Axis
	lengths              program.Tensor // [N] tokens of each row
	from, mask, position program.Tensor // [T] which encoded token, or the mask token, and the column
	pick, start, count   program.Tensor // [H] which of T, and its range of outputs
	target, weight       program.Tensor // [H]
	prediction, loss     program.Tensor // [H, K], [H]
}

func newTabular(c Config, p *profile.Profile) (Network, error) {
	columns, err := newTable(p, c.Columns)
	if err != nil {
		return nil, err
	}
	if err := c.Architecture.validate(); err != nil {
		return nil, err
	}
	n := &tabular{table: columns, architecture: c.Architecture, pool: "mean"}
	if c.Tabular != nil && c.Tabular.Pool != "" {
		n.pool = c.Tabular.Pool
	}
	n.number, n.category, n.output = make([]int, len(n.columns)), make([]int, len(n.columns)), make([]int, len(n.columns))
	for j := range n.columns {
		n.number[j], n.category[j], n.output[j] = -1, n.categories, n.outputs
		if n.columns[j].categorical {
			n.categories += n.columns[j].outputs()
		} else {
			n.number[j] = n.numbers
			n.numbers++
		}
		n.outputs += n.columns[j].outputs()
		n.widest = max(n.widest, n.columns[j].outputs())
	}
	layout := program.NewLayout()
	n.programs.Training = n.autoencoder(layout, true)
	n.programs.Reconstruction = n.autoencoder(layout, false)
	n.programs.Embedding, n.programs.Embedded = n.embedder(layout)
	return n, nil
}

// encode records tokens → encoder: a token is its column's vector, plus the value times the column's direction or the
// category's embedding. Row 0 of the token table is the row's own token.
func (n *tabular) encode(b *program.Builder) (program.Tensor, tabularEncoderInputs) {
	d := n.architecture.Dim
	visible := b.Axis("visible tokens", len(n.columns)+1)
	in := tabularEncoderInputs{
		visible: visible, lengths: b.Ints("visible tokens of each row", program.Rows), first: b.Ints("first token", program.Rows),
		token: b.Ints("token", visible), number: b.Ints("numeric column", visible), category: b.Ints("category", visible),
		value: b.Floats("value", visible, 1),
	}
	terms := []program.GatherTerm{{Source: b.Parameter("encoder.tokens", len(n.columns)+1, d, program.Normal, false), Index: in.token, Scale: program.None}}
	if n.numbers > 0 {
		directions := b.Parameter("encoder.directions", n.numbers, d, program.Normal, false)
		terms = append(terms, program.GatherTerm{Source: directions, Index: in.number, Scale: in.value})
	}
	if n.categories > 0 {
		embeddings := b.Parameter("encoder.categories", n.categories, d, program.Normal, false)
		terms = append(terms, program.GatherTerm{Source: embeddings, Index: in.category, Scale: program.None})
	}
	x := b.GatherSum("tokens", terms...)
	return blocks(b, "encoder", x, in.lengths, n.architecture.Depth, n.architecture.Heads, d), in
}

// autoencoder records the whole forward pass, with its gradient for training.
func (n *tabular) autoencoder(layout *program.Layout, training bool) *program.Program {
	b := program.NewBuilder(layout)
	encoded, encoder := n.encode(b)
	in := n.decoderInputs(b)
	width := n.architecture.DecoderDim
	z := b.Linear("decoder.embed", encoded, width, program.LinearOptions{Residual: program.None})
	x := b.GatherSum("decoder tokens",
		program.GatherTerm{Source: z, Index: in.from, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("decoder.mask_token", 1, width, program.Normal, false), Index: in.mask, Scale: program.None},
		program.GatherTerm{Source: b.Parameter("decoder.positions", len(n.columns)+1, width, program.Normal, false), Index: in.position, Scale: program.None})
	y := blocks(b, "decoder", x, in.lengths, n.architecture.DecoderDepth, n.architecture.DecoderHeads, width)
	hidden := b.GatherSum("hidden cells", program.GatherTerm{Source: y, Index: in.pick, Scale: program.None})
	in.prediction = b.RangeLinear("decoder.head", hidden, in.start, in.count, n.outputs, n.widest)
	in.loss = b.CellLoss("loss", in.prediction, in.target, in.count)
	n.encoder, n.decoder = encoder, in // the same in both programs: they are recorded by the same calls
	b.Output(in.prediction)
	b.Output(in.loss)
	if training {
		return b.BuildTraining(in.loss, in.weight)
	}
	return b.Build()
}

func (n *tabular) decoderInputs(b *program.Builder) tabularDecoderInputs {
	all, hidden := b.Axis("all tokens", len(n.columns)+1), b.Axis("hidden cells", len(n.columns))
	return tabularDecoderInputs{
		all: all, hidden: hidden, lengths: b.Ints("tokens of each row", program.Rows),
		from: b.Ints("encoded token", all), mask: b.Ints("mask token", all), position: b.Ints("column", all),
		pick: b.Ints("hidden token", hidden), start: b.Ints("first output", hidden), count: b.Ints("outputs", hidden),
		target: b.Floats("target", hidden, 1), weight: b.Floats("loss weight", hidden, 1),
	}
}

// embedder records the encoder and its pooling.
func (n *tabular) embedder(layout *program.Layout) (*program.Program, program.Tensor) {
	b := program.NewBuilder(layout)
	encoded, in := n.encode(b)
	n.embedding = in
	pooled := program.None
	if n.pool == "cls" {
		pooled = b.GatherSum("embedding", program.GatherTerm{Source: encoded, Index: in.first, Scale: program.None})
	} else {
		pooled = b.SegmentMean("embedding", encoded, in.lengths)
	}
	b.Output(pooled)
	return b.Build(), pooled
}

func (n *tabular) Columns() []string  { return n.names }
func (n *tabular) Tokens() []string   { return n.names }
func (n *tabular) Width() int         { return len(n.columns) }
func (n *tabular) Programs() Programs { return n.programs }

func (n *tabular) Encode(rec arrow.Record, dst []float32) error { return n.table.encode(rec, dst) }
func (n *tabular) Present(values []float32, states []State)     { present(values, states) }
func (n *tabular) ScoreUnit() string {
	return "mean loss of hidden cells; 1 is about as good as knowing each column's distribution only"
}

// Fill writes the tokens of every sample: first the row's own, then its cells in the columns' order.
func (n *tabular) Fill(f *program.Feed, p *program.Program, samples []Sample, weights []float32) {
	if p == n.programs.Embedding {
		n.fillEncoder(f, n.embedding, samples)
		return
	}
	n.fillEncoder(f, n.encoder, samples)
	n.fillDecoder(f, samples)
	n.fillTargets(f, samples, weights)
}

// fillEncoder writes each row's own token and its visible cells.
func (n *tabular) fillEncoder(f *program.Feed, in tabularEncoderInputs, samples []Sample) {
	total := len(samples)
	for _, s := range samples {
		total += count(s.States, Visible)
	}
	f.Resize(in.visible, total)
	token, number, category, value := f.Ints(in.token), f.Ints(in.number), f.Ints(in.category), f.Floats(in.value)
	v := 0
	for i, s := range samples {
		f.Ints(in.first)[i] = int32(v)
		token[v], number[v], category[v], value[v] = 0, -1, -1, 0
		v++
		for j, state := range s.States {
			if state != Visible {
				continue
			}
			token[v], number[v], category[v], value[v] = int32(j+1), int32(n.number[j]), -1, s.Values[j]
			if n.columns[j].categorical {
				category[v] = int32(n.category[j] + int(s.Values[j]))
			}
			v++
		}
		f.Ints(in.lengths)[i] = int32(v) - f.Ints(in.first)[i]
	}
}

// fillDecoder writes, for each row, its own token and all its cells but the absent ones: encoded where visible, mask
// tokens where hidden.
func (n *tabular) fillDecoder(f *program.Feed, samples []Sample) {
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

// fillTargets writes what the hidden cells should be. A hidden cell without a value (one to be restored) has the target
// zero and no weight.
func (n *tabular) fillTargets(f *program.Feed, samples []Sample, weights []float32) {
	in, total := n.decoder, 0
	for _, s := range samples {
		total += count(s.States, Hidden)
	}
	f.Resize(in.hidden, total)
	pick, start, counts := f.Ints(in.pick), f.Ints(in.start), f.Ints(in.count)
	target, weight := f.Floats(in.target), f.Floats(in.weight)
	t, h := int32(0), 0
	for i, s := range samples {
		t++
		for j, state := range s.States {
			if state == Hidden {
				pick[h], start[h], counts[h] = t, int32(n.output[j]), int32(n.columns[j].outputs())
				target[h], weight[h] = s.Values[j], weights[i]*n.columns[j].scale
				if isMissing(s.Values[j]) {
					target[h], weight[h] = 0, 0
				}
				h++
			}
			if state != Absent {
				t++
			}
		}
	}
}

// Rebuilt walks the hidden cells in the order fillTargets wrote them.
func (n *tabular) Rebuilt(f *program.Feed, samples []Sample, visit func(sample, token int, loss, prediction float32)) {
	losses, predictions, h := f.Floats(n.decoder.loss), f.Floats(n.decoder.prediction), 0
	for i, s := range samples {
		for j, state := range s.States {
			if state != Hidden {
				continue
			}
			y := predictions[h*n.widest : h*n.widest+n.columns[j].outputs()]
			visit(i, j, losses[h]*n.columns[j].scale, n.columns[j].prediction(y))
			h++
		}
	}
}

// prediction is a head's value, or the number of its likeliest known category.
func (c *tableColumn) prediction(y []float32) float32 {
	if !c.categorical {
		return y[0]
	}
	best := 0
	for k := range c.categories {
		if y[k] > y[best] {
			best = k
		}
	}
	return float32(best)
}

func (n *tabular) Restore(rec arrow.Record, token int, predictions []float32) (arrow.Array, error) {
	return n.table.restore(rec, token, predictions)
}

// Baselines are the squared error of the training mean, and the cross-entropy of the training frequencies.
func (n *tabular) Baselines(training, held Samples) []float64 {
	return n.table.baselines(training, held, func(c *tableColumn, d distribution, value float32) float64 {
		if c.categorical {
			return -math.Log(d.shares[int(value)]) * float64(c.scale)
		}
		return (float64(value) - d.mean) * (float64(value) - d.mean)
	})
}
