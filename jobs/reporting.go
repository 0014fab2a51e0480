// The stage report: what an export, its model and its input say, as plain data for package report.

package jobs

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/random"
)

const (
	sampledRows = 4000 // on the map, and behind distributions and segments
	unusualRows = 12
	unusualCell = 3 // cells shown of an unusual row
)

// reporter collects what the report shows.
type reporter struct {
	run      *Run
	in       *input
	model    *model.Model
	data     report.Data
	unusual  []scoredRow // highest first
	sampled  []sampledRow
	vectors  [][]float32
	segments map[int64]int // of sampled rows
}

type scoredRow struct {
	row   int64
	score float64
}

// sampledRow is a row drawn for the report.
type sampledRow struct {
	row     int64
	score   float64
	segment int
	label   string
}

// report reads the export back and writes report.html beside it.
func (r *Run) report(ctx context.Context, in *input, m *model.Model, done *arrowio.Manifest) error {
	c := &reporter{run: r, in: in, model: m, segments: map[int64]int{}}
	err := r.stage("report", func() error {
		if err := c.readExport(ctx); err != nil {
			return err
		}
		if err := c.explainUnusual(ctx); err != nil {
			return err
		}
		return c.describeSegments(ctx)
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	c.describeTraining()
	c.describeRun(done)
	var page bytes.Buffer
	if err := report.Write(&page, c.data); err != nil {
		return err
	}
	r.result.Report = storage.Join(r.job.Output.URI, arrowio.ReportFile)
	if err := r.store.Write(ctx, r.result.Report, page.Bytes(), storage.Replace); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// readExport takes a sample of the export's rows, and the rows with the highest scores.
func (c *reporter) readExport(ctx context.Context) error {
	export, err := arrowio.OpenDataset(ctx, c.run.store, []string{c.run.job.Output.URI})
	if err != nil {
		return err
	}
	columns := slices.Clone(c.in.ids)
	for _, name := range []string{model.EmbeddingColumn, model.ScoreColumn, model.SegmentColumn} {
		if export.Schema.HasField(name) {
			columns = append(columns, name)
		}
	}
	err = (&input{Dataset: export}).each(ctx, arrowio.ReadOptions{Columns: columns}, func(b arrowio.Batch) error {
		for i := range int(b.NumRows()) {
			c.take(b, i, export.Rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.project()
	c.summariseScores()
	return nil
}

// take looks at one row of the export.
func (c *reporter) take(b arrowio.Batch, i int, rows int64) {
	row, s := b.FirstRow+int64(i), sampledRow{row: b.FirstRow + int64(i), score: math.NaN(), segment: -1}
	if scores, ok := columnOf[*array.Float32](b, model.ScoreColumn); ok && scores.IsValid(i) {
		s.score = float64(scores.Value(i))
		c.consider(scoredRow{row: row, score: s.score})
	}
	draw := random.New(uint64(c.run.job.Seed), random.Sample, uint64(row))
	if draw.Float64()*float64(rows) >= sampledRows {
		return
	}
	if segments, ok := columnOf[*array.Int32](b, model.SegmentColumn); ok {
		s.segment = int(segments.Value(i))
		c.segments[row] = s.segment
	}
	s.label = c.label(b, i, s)
	c.sampled = append(c.sampled, s)
	if lists, ok := columnOf[*array.List](b, model.EmbeddingColumn); ok {
		from, to := lists.ValueOffsets(i)
		values := lists.ListValues().(*array.Float32).Float32Values()
		c.vectors = append(c.vectors, slices.Clone(values[from:to]))
	}
}

// columnOf returns a column by name and type.
func columnOf[A arrow.Array](rec arrow.Record, name string) (column A, ok bool) {
	if at := rec.Schema().FieldIndices(name); len(at) > 0 {
		column, ok = rec.Column(at[0]).(A)
	}
	return column, ok
}

// consider keeps the rows with the highest scores; of equal ones the earlier.
func (c *reporter) consider(s scoredRow) {
	if len(c.unusual) == unusualRows && s.score <= c.unusual[unusualRows-1].score {
		return
	}
	at, _ := slices.BinarySearchFunc(c.unusual, s, func(a, b scoredRow) int {
		if a.score >= b.score {
			return -1
		}
		return 1
	})
	c.unusual = slices.Insert(c.unusual, at, s)
	c.unusual = c.unusual[:min(len(c.unusual), unusualRows)]
}

func (c *reporter) label(b arrowio.Batch, i int, s sampledRow) string {
	text := fmt.Sprintf("row %d", s.row)
	for j, id := range c.in.ids {
		text += fmt.Sprintf(", %s %s", id, b.Column(j).ValueStr(i))
	}
	if !math.IsNaN(s.score) {
		text += fmt.Sprintf(", score %.3g", s.score)
	}
	return text
}

// project puts the sampled rows on the map.
func (c *reporter) project() {
	if len(c.vectors) == 0 {
		return
	}
	xy, explained := report.Project(c.vectors)
	c.data.Explained = explained
	for i, s := range c.sampled {
		c.data.Map = append(c.data.Map, report.Point{X: xy[i][0], Y: xy[i][1], Score: s.score, Segment: s.segment, Label: s.label})
	}
}

func (c *reporter) summariseScores() {
	for _, s := range c.sampled {
		if !math.IsNaN(s.score) {
			c.data.Scores = append(c.data.Scores, s.score)
		}
	}
	if len(c.data.Scores) == 0 || len(c.unusual) == 0 {
		return
	}
	sorted := slices.Sorted(slices.Values(c.data.Scores))
	at := func(p float64) float64 { return sorted[int(p*float64(len(sorted)-1))] }
	c.run.result.Scores = &ScoreSummary{Median: at(0.5), P90: at(0.9), P99: at(0.99), Max: c.unusual[0].score}
}

// explainUnusual reads the most unusual rows from the input and asks the model about them.
func (c *reporter) explainUnusual(ctx context.Context) error {
	if len(c.unusual) == 0 {
		return nil
	}
	options := c.run.applyOptions()
	options.Embedding, options.Segment = false, false
	applier := model.NewApplier(c.model, c.run.device, options)
	columns := append(slices.Clone(c.in.ids), applier.Columns()...)
	for _, s := range c.unusual {
		rec, err := c.in.row(ctx, columns, s.row)
		if err != nil {
			return err
		}
		cells, err := applier.Explain(ctx, rec, s.row, unusualCell)
		if err != nil {
			return err
		}
		shown := report.UnusualRow{Score: s.score}
		for j := range c.in.ids {
			shown.ID = append(shown.ID, rec.Column(j).ValueStr(0))
		}
		for _, cell := range cells[0] {
			shown.Cells = append(shown.Cells, report.Cell(cell))
		}
		rec.Release()
		c.data.Unusual = append(c.data.Unusual, shown)
	}
	return nil
}

// row reads one row of the input; the caller releases it.
func (in *input) row(ctx context.Context, columns []string, row int64) (rec arrow.Record, err error) {
	groups := in.RowGroups()
	g := slices.IndexFunc(groups, func(g arrowio.RowGroup) bool { return row < g.FirstRow+g.Rows })
	err = in.each(ctx, arrowio.ReadOptions{Columns: columns, From: g, To: g + 1}, func(b arrowio.Batch) error {
		if at := row - b.FirstRow; at >= 0 && at < b.NumRows() {
			rec = b.NewSlice(at, at+1)
		}
		return nil
	})
	return rec, err
}

// describeTraining puts the model's history and columns into the report.
func (c *reporter) describeTraining() {
	h := c.model.History
	for _, e := range h.Epochs {
		c.data.Epochs = append(c.data.Epochs, report.Epoch{Number: e.Number, Train: e.Train, Validation: e.Validation})
	}
	c.data.Best, c.data.Baseline = h.Best, h.Baseline()
	for _, p := range c.model.Profile.Columns {
		column := report.Column{Name: p.Name, Reading: string(p.Reading), Why: p.Why, Missing: p.Nulls + p.NotFinite}
		for _, loss := range h.Columns {
			if loss.Name == p.Name {
				column.Used, column.Loss, column.Baseline = true, loss.Loss, loss.Baseline
			}
		}
		if column.Used && len(p.Quantiles) > 0 {
			column.Transform = p.Transform().Kind()
		}
		c.data.Columns = append(c.data.Columns, column)
	}
	c.warn()
}

// warn says on top what the reader must know before trusting the rest.
func (c *reporter) warn() {
	h := c.model.History
	if best := h.BestLoss(); best >= h.Baseline() {
		c.data.Warnings = append(c.data.Warnings, fmt.Sprintf("The model is no better than knowing each column's distribution (loss %.3f against %.3f): its embeddings and scores mean little. Train longer, or look for columns that say something of each other.", best, h.Baseline()))
	}
	if h.ValidationRows == 0 {
		c.data.Warnings = append(c.data.Warnings, "No rows were held out, so nothing here shows whether the model has learnt by heart. Set train.validation.")
		return
	}
	last, best := h.Epochs[len(h.Epochs)-1], h.Epochs[h.Best-1]
	if *last.Validation > 1.05**best.Validation && last.Train < best.Train {
		c.data.Warnings = append(c.data.Warnings, fmt.Sprintf("After epoch %d the held-out loss rose while the training loss fell: the model began to learn rows by heart. The weights of epoch %d were kept.", h.Best, h.Best))
	}
}

// describeRun puts the job and what it did into the report.
func (c *reporter) describeRun(done *arrowio.Manifest) {
	r, d := c.run, &c.data
	d.Title, d.Kind, d.Version, d.Device = r.job.Name, r.job.Kind, Version, r.device.Name()
	d.Fingerprint, d.Rows, d.Output, d.Model, d.IDs = r.result.ModelFingerprint, done.Rows, r.job.Output.URI, r.job.Model.URI, c.in.ids
	d.ScoreUnit = c.model.Network.ScoreUnit()
	d.Summary = fmt.Sprintf("%s rows became %s in %d part(s). The loss on held-out rows is %.3f, against %.3f for knowing each column's distribution only; epoch %d of %d was the best.",
		report.Count(done.Rows), strings.Join(r.job.Apply.Outputs, ", "), len(done.Parts), c.model.History.BestLoss(), c.model.History.Baseline(), c.model.History.Best, len(c.model.History.Epochs))
	for _, s := range r.stages {
		d.Stages = append(d.Stages, report.Stage(s))
	}
	for _, in := range done.Inputs[:min(len(done.Inputs), 5)] {
		d.Inputs = append(d.Inputs, report.Setting{Name: "input", Value: fmt.Sprintf("%s (%s rows)", in.URI, report.Count(in.Rows))})
	}
	if more := len(done.Inputs) - 5; more > 0 {
		d.Inputs = append(d.Inputs, report.Setting{Name: "input", Value: fmt.Sprintf("and %d more files", more)})
	}
	d.Settings = []report.Setting{
		{Name: "parameters", Value: report.Count(int64(c.model.History.Parameters))},
		{Name: "rows trained on, held out", Value: report.Count(c.model.History.Rows) + ", " + report.Count(c.model.History.ValidationRows)},
		{Name: "batch rows, learning rate, mask ratio", Value: fmt.Sprintf("%d, %g, %g", c.model.History.BatchRows, r.job.Train.LearningRate, r.job.Train.MaskRatio)},
		{Name: "seed", Value: fmt.Sprint(r.job.Seed)},
	}
}

// describeSegments reads the sampled rows of the input and says what makes each segment different.
func (c *reporter) describeSegments(ctx context.Context) error {
	if len(c.segments) == 0 {
		return nil
	}
	names := c.model.Network.Columns()
	values := newSegmentValues(c.model.Profile, names)
	err := c.in.each(ctx, arrowio.ReadOptions{Columns: names, BatchRows: batchRows(len(names))}, func(b arrowio.Batch) error {
		return values.add(b, c.segments)
	})
	if err != nil {
		return err
	}
	counts, scores := map[int]int{}, map[int]float64{}
	for _, s := range c.sampled {
		counts[s.segment]++
		scores[s.segment] += s.score
	}
	for _, number := range sortedSegments(counts) {
		n := float64(counts[number])
		c.data.Segments = append(c.data.Segments, report.Segment{Number: number, Share: n / float64(len(c.sampled)),
			Score: scores[number] / n, Differences: values.differences(number)})
	}
	return nil
}

func sortedSegments(counts map[int]int) []int {
	var numbers []int
	for n := range counts {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, cmp.Compare[int])
	return numbers
}
