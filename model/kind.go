// Kinds: what differs between tables, images, texts and so on, behind one interface.

package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
)

// State is what a token is to one forward pass.
type State uint8

const (
	Absent  State = iota // there is no value: never seen by the encoder, never counted in a loss
	Visible              // seen by the encoder
	Hidden               // to be rebuilt by the decoder
)

// Sample is one encoded row with the state of each of its tokens.
type Sample struct {
	Values []float32 // [Width]
	States []State   // [Tokens]
}

// Autoencoder is a kind's model without its data: what encoded rows are, and the programs that run on devices. It holds
// no weights and is safe for concurrent use.
type Autoencoder interface {
	// Tokens are the names of what is hidden and rebuilt, and what scores are given for.
	Tokens() []string
	// Width is the number of float32 values of an encoded row.
	Width() int
	// Present sets the state of every token of an encoded row to Visible or Absent.
	Present(values []float32, states []State)
	// Programs are what devices run. They share one layout of parameters.
	Programs() Programs
	// Fill writes the inputs of a micro-batch for p, one of the autoencoder's programs. weights are the samples' weights
	// in the loss.
	Fill(f *program.Feed, p *program.Program, samples []Sample, weights []float32)
}

// Network is a kind's model for the columns of one dataset: an autoencoder, how records become its rows, and how to read
// its results.
type Network interface {
	Autoencoder
	// Columns are the input columns it reads, in order.
	Columns() []string
	// Encode writes the rows of rec [N, Width] to dst.
	Encode(rec arrow.Record, dst []float32) error
	// Rebuilt calls visit for every hidden token of a micro-batch that has run through the Reconstruction program: its
	// loss (1 is about as good as knowing the column's distribution only) and its prediction, a normalised value or a
	// category's number.
	Rebuilt(f *program.Feed, samples []Sample, visit func(sample, token int, loss, prediction float32))

	// Baselines are the losses, by token, on held rows of a model that sees nothing and knows the training rows'
	// distribution only.
	Baselines(training, held Samples) []float64

	// Restore returns column token of rec with its missing values replaced by predictions [N] (as Rebuilt gives them).
	Restore(rec arrow.Record, token int, predictions []float32) (arrow.Array, error)
	// Describe writes a prediction of a token, whose column is of type t, for people to read.
	Describe(token int, prediction float32, t arrow.DataType) string
	// ScoreUnit says what a score is measured in.
	ScoreUnit() string
}

// Programs are the programs of one network.
type Programs struct {
	Training       *program.Program // forward with a loss, and backward
	Reconstruction *program.Program // the same forward pass only
	Embedding      *program.Program // the encoder over everything present
	// Embedded is the output of Embedding, [rows, d].
	Embedded program.Tensor
}

// EmbeddingWidth is the number of dimensions of an embedding.
func (p Programs) EmbeddingWidth() int { return p.Embedding.Info(p.Embedded).Width }

// kind makes the network of a kind.
type kind struct {
	name string
	new  func(Config, *profile.Profile) (Network, error)
}

// kinds is the table of kinds: a new one is a file of its own and a line here.
var kinds = []kind{
	{"tabular", newTabular},
	{"standard", newStandard},
}

// NewNetwork makes the network that c describes for the profiled columns. It fails when no two columns can be modelled.
func NewNetwork(c Config, p *profile.Profile) (Network, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == c.Kind })
	if i < 0 {
		var names []string
		for _, k := range kinds {
			names = append(names, k.name)
		}
		return nil, fmt.Errorf("kind %q is not known; this version has %s", c.Kind, strings.Join(names, " and "))
	}
	return kinds[i].new(c, p)
}
