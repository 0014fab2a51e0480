// Kind standard: the classic masked autoencoder. A row is one dense vector (normalised numbers, one-hot categories);
// hidden features are set to zero; encoder layers lead to a bottleneck and mirrored decoder layers rebuild the vector;
// the loss is the squared error on the hidden entries.
//
// Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders" (2008), with the loss on what
// was hidden only.

package model

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
)

// StandardOptions are the kind's own options.
type StandardOptions struct {
	Layers     []int `json:"layers"`     // widths of the encoder's layers before the bottleneck; the decoder mirrors them
	Bottleneck int   `json:"bottleneck"` // dimensions of the embedding
}

// standard implements Network. In shapes, N is rows and F entries of the dense vector.
type standard struct {
	*table
	options  StandardOptions
	entry    []int // by column: the first of its entries
	entries  int   // F
	programs Programs
	input    program.Tensor // [N, F] visible entries, zero elsewhere; the same tensor in every program
	target   program.Tensor // [N, F]
	hidden   program.Tensor // [N, F] weight of an entry in its row's loss: 1/entries of its column where hidden
	weight   program.Tensor // [N, 1]
	rebuilt  program.Tensor // [N, F]
}

func newStandard(c Config, p *profile.Profile) (Network, error) {
	columns, err := newTable(p, c.Columns)
	if err != nil {
		return nil, err
	}
	n := &standard{table: columns, options: *c.Standard}
	for j := range n.columns {
		n.entry = append(n.entry, n.entries)
		n.entries += n.columns[j].outputs()
	}
	layout := program.NewLayout()
	n.programs.Training = n.autoencoder(layout, true)
	n.programs.Reconstruction = n.autoencoder(layout, false)
	b := program.NewBuilder(layout)
	n.programs.Embedded = n.encoder(b)
	b.Output(n.programs.Embedded)
	n.programs.Embedding = b.Build()
	return n, nil
}

// encoder records the layers from the dense vector to the bottleneck.
func (n *standard) encoder(b *program.Builder) program.Tensor {
	n.input = b.Floats("visible entries", program.Rows, n.entries)
	x := n.input
	for i, width := range n.options.Layers {
		x = b.Linear(fmt.Sprintf("encoder.layers.%d", i), x, width, program.LinearOptions{GELU: true, Residual: program.None})
	}
	return b.Linear("encoder.bottleneck", x, n.options.Bottleneck, program.LinearOptions{Residual: program.None})
}

// autoencoder records the whole forward pass, with its gradient for training.
func (n *standard) autoencoder(layout *program.Layout, training bool) *program.Program {
	b := program.NewBuilder(layout)
	x := n.encoder(b)
	for i := len(n.options.Layers) - 1; i >= 0; i-- {
		name := fmt.Sprintf("decoder.layers.%d", len(n.options.Layers)-1-i)
		x = b.Linear(name, x, n.options.Layers[i], program.LinearOptions{GELU: true, Residual: program.None})
	}
	n.rebuilt = b.Linear("decoder.output", x, n.entries, program.LinearOptions{Residual: program.None})
	n.target, n.hidden = b.Floats("target", program.Rows, n.entries), b.Floats("hidden entries", program.Rows, n.entries)
	n.weight = b.Floats("loss weight", program.Rows, 1)
	loss := b.SquaredError("loss", n.rebuilt, n.target, n.hidden)
	b.Output(n.rebuilt)
	if training {
		return b.BuildTraining(loss, n.weight)
	}
	return b.Build()
}

func (n *standard) Columns() []string  { return n.names }
func (n *standard) Tokens() []string   { return n.names }
func (n *standard) Width() int         { return len(n.columns) }
func (n *standard) Programs() Programs { return n.programs }

func (n *standard) Encode(rec arrow.Record, dst []float32) error { return n.table.encode(rec, dst) }
func (n *standard) Present(values []float32, states []State)     { present(values, states) }
func (n *standard) ScoreUnit() string {
	return "mean squared error of hidden features, normalised values and one-hot categories"
}

// Fill writes each sample's dense vector: what is visible as input, what is hidden as target.
func (n *standard) Fill(f *program.Feed, p *program.Program, samples []Sample, weights []float32) {
	input := f.Floats(n.input)
	clear(input)
	for i, s := range samples {
		for j, state := range s.States {
			if state == Visible {
				n.columns[j].expand(n.row(input, i, j), s.Values[j], 1)
			}
		}
	}
	if p == n.programs.Embedding {
		return
	}
	target, hidden := f.Floats(n.target), f.Floats(n.hidden)
	clear(target)
	clear(hidden)
	copy(f.Floats(n.weight), weights)
	for i, s := range samples {
		for j, state := range s.States {
			if state != Hidden || isMissing(s.Values[j]) {
				continue
			}
			n.columns[j].expand(n.row(target, i, j), s.Values[j], 1)
			share := 1 / float32(n.columns[j].outputs())
			for k := range n.row(hidden, i, j) {
				n.row(hidden, i, j)[k] = share
			}
		}
	}
}

// row returns the entries of column j in row i of an [N, F] matrix.
func (n *standard) row(x []float32, i, j int) []float32 {
	from := i*n.entries + n.entry[j]
	return x[from : from+n.columns[j].outputs()]
}

// expand writes a cell to its entries: the value, or a one at the category's place.
func (c *tableColumn) expand(dst []float32, value, one float32) {
	if c.categorical {
		dst[int(value)] = one
		return
	}
	dst[0] = value
}

// Rebuilt reads every hidden column's mean squared error and prediction.
func (n *standard) Rebuilt(f *program.Feed, samples []Sample, visit func(sample, token int, loss, prediction float32)) {
	rebuilt, target := f.Floats(n.rebuilt), f.Floats(n.target)
	for i, s := range samples {
		for j, state := range s.States {
			if state != Hidden {
				continue
			}
			y, loss := n.row(rebuilt, i, j), float32(0)
			for k, want := range n.row(target, i, j) {
				loss += (y[k] - want) * (y[k] - want) / float32(len(y))
			}
			visit(i, j, loss, n.columns[j].prediction(y))
		}
	}
}

func (n *standard) Restore(rec arrow.Record, token int, predictions []float32) (arrow.Array, error) {
	return n.table.restore(rec, token, predictions)
}

// Baselines are the squared errors of the training mean, entry by entry.
func (n *standard) Baselines(training, held Samples) []float64 {
	return n.table.baselines(training, held, func(c *tableColumn, d distribution, value float32) float64 {
		if !c.categorical {
			return (float64(value) - d.mean) * (float64(value) - d.mean)
		}
		sum := 0.0
		for k, share := range d.shares {
			if k == int(value) {
				share--
			}
			sum += share * share / float64(len(d.shares))
		}
		return sum
	})
}
