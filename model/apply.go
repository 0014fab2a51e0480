// Applying a model: embeddings, scores and restored values of record batches, as Arrow columns.

package model

import (
	"context"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/program"
)

// ApplyOptions say what to compute.
type ApplyOptions struct {
	Embedding, Score, ColumnScores, Restored, Segment bool
	// Masks is how many masks a score is averaged over, rounded up so that every token is hidden equally often.
	Masks int
}

// Applier applies a model to record batches, one call at a time.
type Applier struct {
	model     *Model
	options   ApplyOptions
	embedding program.Session
	rebuilder program.Session
}

// NewApplier prepares a model to be applied on a device.
func NewApplier(m *Model, device program.Device, o ApplyOptions) *Applier {
	a := &Applier{model: m, options: o}
	if o.Embedding || o.Segment {
		a.embedding = device.Compile(m.Network.Programs().Embedding)
		a.embedding.Load(m.Parameters)
	}
	if o.Score || o.ColumnScores || o.Restored {
		a.rebuilder = device.Compile(m.Network.Programs().Reconstruction)
		a.rebuilder.Load(m.Parameters)
	}
	return a
}

// Columns are the input columns that Apply reads.
func (a *Applier) Columns() []string { return a.model.Network.Columns() }

// The names of the output columns.
const (
	EmbeddingColumn    = "embedding"
	ScoreColumn        = "score"
	ColumnScoresColumn = "column_scores"
	SegmentColumn      = "segment"
	RestoredPrefix     = "restored_"
)

// Fields are the output columns for input of the given schema, in the order of Apply's columns.
//
// Errors: ErrColumns when a restored column is missing from the input.
func (a *Applier) Fields(input *arrow.Schema) ([]arrow.Field, error) {
	var fields []arrow.Field
	network := a.model.Network
	if a.options.Embedding {
		fields = append(fields, arrow.Field{Name: EmbeddingColumn, Type: embeddingType(network.Programs().EmbeddingWidth())})
	}
	unit := arrow.NewMetadata([]string{"unit"}, []string{network.ScoreUnit()})
	if a.options.Score {
		fields = append(fields, arrow.Field{Name: ScoreColumn, Type: arrow.PrimitiveTypes.Float32, Nullable: true, Metadata: unit})
	}
	if a.options.ColumnScores {
		fields = append(fields, arrow.Field{Name: ColumnScoresColumn, Type: columnScoresType(network), Metadata: unit})
	}
	if a.options.Restored {
		for _, name := range network.Tokens() {
			field, ok := input.FieldsByName(name)
			if !ok {
				return nil, fmt.Errorf("%w: column %q, which the model was trained on, is missing", ErrColumns, name)
			}
			fields = append(fields, arrow.Field{Name: RestoredPrefix + name, Type: RestoredType(field[0].Type), Nullable: true})
		}
	}
	if a.options.Segment {
		if a.model.Segments == nil {
			return nil, fmt.Errorf("%w: it was trained without segments; train it again with apply.segments set and %q among apply.outputs", ErrColumns, SegmentColumn)
		}
		fields = append(fields, arrow.Field{Name: SegmentColumn, Type: arrow.PrimitiveTypes.Int32})
	}
	return fields, nil
}

func embeddingType(width int) *arrow.FixedSizeListType {
	return arrow.FixedSizeListOfNonNullable(int32(width), arrow.PrimitiveTypes.Float32)
}

func columnScoresType(n Network) *arrow.StructType {
	var fields []arrow.Field
	for _, name := range n.Tokens() {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float32, Nullable: true})
	}
	return arrow.StructOf(fields...)
}

// Apply returns the output columns of rec, whose first row stands at firstRow of its dataset. The caller releases them.
//
// Errors: ErrColumns when rec's columns are not those the model was trained on, and the context's.
func (a *Applier) Apply(ctx context.Context, rec arrow.Record, firstRow int64) (columns []arrow.Array, err error) {
	samples, err := encodeRecord(a.model.Network, rec, firstRow)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			release(columns)
		}
	}()
	var embedded *tensor.Dense
	if a.embedding != nil {
		if embedded, err = a.Embed(ctx, samples); err != nil {
			return columns, err
		}
	}
	if a.options.Embedding {
		columns = append(columns, embeddingArray(embedded))
	}
	if a.options.Score || a.options.ColumnScores {
		losses, err := a.Losses(ctx, samples)
		if err != nil {
			return columns, err
		}
		columns = append(columns, a.scoreArrays(losses)...)
	}
	if a.options.Restored {
		restored, err := a.restore(ctx, rec, samples)
		columns = append(columns, restored...)
		if err != nil {
			return columns, err
		}
	}
	if a.options.Segment {
		b := array.NewInt32Builder(memory.DefaultAllocator)
		defer b.Release()
		b.AppendValues(a.model.Segments.Assign(embedded), nil)
		columns = append(columns, b.NewArray())
	}
	return columns, nil
}

// encodeRecord encodes a record whose first row stands at firstRow of its dataset.
func encodeRecord(network Network, rec arrow.Record, firstRow int64) (Samples, error) {
	n, width := int(rec.NumRows()), network.Width()
	values, rows := make([]float32, n*width), make([]int64, n)
	for i := range rows {
		rows[i] = firstRow + int64(i)
	}
	if err := network.Encode(rec, values); err != nil {
		return Samples{}, err
	}
	return newSamples(values, rows, width), nil
}

// Embed returns the embeddings [N, d] of encoded rows: the encoder over everything present.
func (a *Applier) Embed(ctx context.Context, samples Samples) (*tensor.Dense, error) {
	programs := a.model.Network.Programs()
	width := programs.EmbeddingWidth()
	embedded := make([]float32, samples.Len()*width)
	b := &batch{network: a.model.Network, program: programs.Embedding, samples: samples, mask: NoMask,
		collect: func(from, to int, f *program.Feed, _ []Sample) {
			copy(embedded[from*width:to*width], f.Floats(programs.Embedded))
		}}
	if err := a.embedding.Forward(ctx, b); err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(samples.Len(), width), tensor.WithBacking(embedded)), nil
}

// Losses returns each token's mean loss [N, tokens] over the masks that hide it, NaN for absent tokens. Masks come in
// rounds of complementary ones, so that each token is hidden once a round.
func (a *Applier) Losses(ctx context.Context, samples Samples) (*tensor.Dense, error) {
	network, n := a.model.Network, len(a.model.Network.Tokens())
	groups := max(int(math.Round(1/a.model.Config.MaskRatio)), 2)
	rounds := max((a.options.Masks+groups-1)/groups, 1)
	losses := make([]float32, samples.Len()*n)
	a.markAbsent(samples, losses)
	for mask := range rounds * groups {
		b := &batch{network: network, program: network.Programs().Reconstruction, samples: samples,
			mask: ComplementaryMask(a.model.Config.Seed, groups, mask/groups, mask%groups),
			collect: func(from, _ int, f *program.Feed, samples []Sample) {
				network.Rebuilt(f, samples, func(i, token int, loss, _ float32) { losses[(from+i)*n+token] += loss / float32(rounds) })
			}}
		if err := a.rebuilder.Forward(ctx, b); err != nil {
			return nil, err
		}
	}
	return tensor.New(tensor.WithShape(samples.Len(), n), tensor.WithBacking(losses)), nil
}

// markAbsent makes the losses of absent tokens NaN.
func (a *Applier) markAbsent(samples Samples, losses []float32) {
	n, width := len(a.model.Network.Tokens()), a.model.Network.Width()
	values, states := samples.Values.Data().([]float32), make([]State, n)
	for i := range samples.Len() {
		a.model.Network.Present(values[i*width:(i+1)*width], states)
		for j, s := range states {
			if s == Absent {
				losses[i*n+j] = missing
			}
		}
	}
}

// scoreArrays makes the score columns from losses [N, tokens]: a row's score is the mean over its present tokens.
func (a *Applier) scoreArrays(losses *tensor.Dense) (columns []arrow.Array) {
	n, values := len(a.model.Network.Tokens()), losses.Data().([]float32)
	rows := losses.Shape()[0]
	if a.options.Score {
		b := array.NewFloat32Builder(memory.DefaultAllocator)
		defer b.Release()
		for i := range rows {
			appendPresent(b, meanPresent(values[i*n:(i+1)*n]))
		}
		columns = append(columns, b.NewArray())
	}
	if a.options.ColumnScores {
		b := array.NewStructBuilder(memory.DefaultAllocator, columnScoresType(a.model.Network))
		defer b.Release()
		for i := range rows {
			b.Append(true)
			for j := range n {
				appendPresent(b.FieldBuilder(j).(*array.Float32Builder), values[i*n+j])
			}
		}
		columns = append(columns, b.NewArray())
	}
	return columns
}

// meanPresent is the mean of what is not missing, missing where nothing is.
func meanPresent(losses []float32) float32 {
	sum, n := 0.0, 0
	for _, l := range losses {
		if !isMissing(l) {
			sum, n = sum+float64(l), n+1
		}
	}
	return float32(sum / float64(n))
}

func appendPresent(b *array.Float32Builder, v float32) {
	if isMissing(v) {
		b.AppendNull()
		return
	}
	b.Append(v)
}

// embeddingArray wraps embeddings [N, d] as a fixed-size list, sharing their memory.
func embeddingArray(embedded *tensor.Dense) arrow.Array {
	rows, width := embedded.Shape()[0], embedded.Shape()[1]
	values := memory.NewBufferBytes(bytesOf(embedded.Data().([]float32)))
	items := array.NewData(arrow.PrimitiveTypes.Float32, rows*width, []*memory.Buffer{nil, values}, nil, 0, 0)
	defer items.Release()
	list := array.NewData(embeddingType(width), rows, []*memory.Buffer{nil}, []arrow.ArrayData{items}, 0, 0)
	defer list.Release()
	return array.NewFixedSizeListData(list)
}

// restore predicts every absent cell from all that is present, and fills the columns.
func (a *Applier) restore(ctx context.Context, rec arrow.Record, samples Samples) (columns []arrow.Array, err error) {
	network, n := a.model.Network, len(a.model.Network.Tokens())
	predictions := make([][]float32, n) // by column, so that each can be restored by itself
	for j := range predictions {
		predictions[j] = make([]float32, samples.Len())
	}
	b := &batch{network: network, program: network.Programs().Reconstruction, samples: samples, mask: AbsentMask,
		collect: func(from, _ int, f *program.Feed, samples []Sample) {
			network.Rebuilt(f, samples, func(i, token int, _, prediction float32) { predictions[token][from+i] = prediction })
		}}
	if err := a.rebuilder.Forward(ctx, b); err != nil {
		return nil, err
	}
	for j := range predictions {
		column, err := network.Restore(rec, j, predictions[j])
		if err != nil {
			return columns, err
		}
		columns = append(columns, column)
	}
	return columns, nil
}

func release(columns []arrow.Array) {
	for _, c := range columns {
		c.Release()
	}
}
