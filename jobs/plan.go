// The plan: what a run would do, without doing it.

package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// Plan is what a run would do.
type Plan struct {
	Job          string           `json:"job"`
	Files        int              `json:"files"`
	Bytes        int64            `json:"bytes"`
	Rows         int64            `json:"rows"`
	RowGroups    int              `json:"row_groups"`
	Parts        int              `json:"parts"`
	Profiled     int64            `json:"profiled_rows"` // the columns' figures are from so many of the first rows
	IDs          []string         `json:"ids"`
	Ignored      []string         `json:"ignored"`
	Columns      []profile.Column `json:"columns"`
	ModelExists  bool             `json:"model_exists"`
	OutputExists bool             `json:"output_exists"` // of this job: a run continues it
	Parameters   int              `json:"parameters"`
	Embedding    int              `json:"embedding_dimensions"`
	MemoryBytes  int64            `json:"memory_bytes"`
	Device       string           `json:"device"`
	TrainRows    int64            `json:"train_rows"` // of an epoch
	TrainRate    float64          `json:"train_rows_per_second"`
	ApplyRate    float64          `json:"apply_rows_per_second"`
	TrainSeconds float64          `json:"train_seconds"` // at most: training may stop early
	ApplySeconds float64          `json:"apply_seconds"`
	Outputs      []string         `json:"outputs"`
	Training     jobfile.Train    `json:"training"`
}

const (
	planRows = 200_000 // rows that a plan reads to know the columns
	planEach = 300 * time.Millisecond
)

// Plan looks at the input and measures the model's speed. It writes nothing.
func (r *Run) Plan(ctx context.Context) (*Plan, error) {
	in, err := r.openInput(ctx)
	if err != nil {
		return nil, err
	}
	p, err := r.profileInput(ctx, in, planRows, func(int64) {})
	if err != nil {
		return nil, err
	}
	plan := &Plan{Job: r.job.Name, Files: len(in.Files), Rows: in.Rows, RowGroups: len(in.RowGroups()), Profiled: p.Rows, IDs: in.ids,
		Ignored: r.job.Input.Ignore, Columns: p.Columns, Device: r.device.Name(), Outputs: r.job.Apply.Outputs, Training: r.job.Train,
		Parts: len(arrowio.PlanParts(in.RowGroups(), int64(r.job.Apply.PartRows)))}
	for _, f := range in.Files {
		plan.Bytes += f.Size
	}
	for _, name := range in.UnsupportedColumns() {
		if !slices.Contains(r.job.Input.Ignore, name) {
			plan.Columns = append(plan.Columns, profile.Column{Name: name, Type: "nested", Reading: profile.Unsupported, Why: in.Unsupported(name).Error()})
		}
	}
	if err := r.planPlaces(ctx, plan); err != nil {
		return nil, err
	}
	return plan, r.planModel(ctx, plan, p, in)
}

// planPlaces looks at what is at the model's and the output's places.
func (r *Run) planPlaces(ctx context.Context, plan *Plan) error {
	_, err := r.store.Stat(ctx, storage.Join(r.job.Model.URI, model.ConfigFile))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	plan.ModelExists = err == nil
	export, err := arrowio.CheckExport(ctx, r.store, r.job.Output.URI, nil)
	if err != nil {
		return err
	}
	plan.OutputExists = export.Begun()
	return nil
}

// planModel measures the model that would be trained.
func (r *Run) planModel(ctx context.Context, plan *Plan, p *profile.Profile, in *input) error {
	rows := in.Rows
	columns := usable(p)
	head, err := in.head(ctx, columns, model.BatchRows(r.job.Train.BatchRows, rows))
	if err != nil {
		return err
	}
	defer head.Release()
	network, err := model.NewNetwork(r.job.Config(), p)
	if err != nil {
		return err
	}
	samples, err := model.RecordRows(network, head)
	if err != nil {
		return err
	}
	measured, err := model.Bench(ctx, network, r.job.Train.MaskRatio, r.device, samples, planEach)
	if err != nil {
		return err
	}
	plan.Parameters, plan.Embedding = measured.Parameters, measured.EmbeddingWidth
	plan.MemoryBytes = model.TrainingMemory(r.job.Config(), p, rows, int64(r.job.Runtime.Memory)/4)
	plan.TrainRows = r.trainedRows(rows, len(columns))
	plan.TrainRate = measured.Train.RowsPerSecond
	if !plan.ModelExists {
		plan.TrainSeconds = float64(plan.TrainRows) * float64(r.job.Train.Epochs) / measured.Train.RowsPerSecond
	}
	perRow := 0.0
	if r.job.Wants("embedding") || r.job.Wants("segment") {
		perRow += 1 / measured.Embed.RowsPerSecond
	}
	if r.job.Wants("score") || r.job.Wants("column_scores") {
		perRow += float64(r.job.Apply.Masks) / measured.Score.RowsPerSecond
	}
	if r.job.Wants("restored") {
		perRow += 1 / measured.Score.RowsPerSecond
	}
	if perRow > 0 {
		plan.ApplyRate, plan.ApplySeconds = 1/perRow, float64(rows)*perRow
	}
	return nil
}

// Write prints the plan for people.
func (p *Plan) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "job\t%s\n", p.Job)
	fmt.Fprintf(t, "input\t%d file(s), %s, %s rows in %d row group(s)\n", p.Files, size(p.Bytes), report.Count(p.Rows), p.RowGroups)
	fmt.Fprintf(t, "ids\t%s\n", list(p.IDs))
	fmt.Fprintf(t, "left out\t%s\n", list(p.Ignored))
	fmt.Fprintf(t, "model\t%s parameters, embeddings of %d dimensions\n", report.Count(int64(p.Parameters)), p.Embedding)
	if p.ModelExists {
		fmt.Fprintf(t, "training\tnone: the model is there\n")
	} else {
		fmt.Fprintf(t, "training\t%d epochs of %s rows at %s rows/s: at most %s\n", p.Training.Epochs, report.Count(p.TrainRows), report.Count(int64(p.TrainRate)), duration(p.TrainSeconds))
	}
	fmt.Fprintf(t, "applying\t%s at about %s rows/s: %s, in %d part(s)\n", list(p.Outputs), report.Count(int64(p.ApplyRate)), duration(p.ApplySeconds), p.Parts)
	if p.OutputExists {
		fmt.Fprintf(t, "output\ta former run is there: this job continues it, or finds it done\n")
	}
	fmt.Fprintf(t, "memory\tabout %s\n", size(p.MemoryBytes))
	fmt.Fprintf(t, "device\t%s\n", p.Device)
	if err := t.Flush(); err != nil {
		return err
	}
	return p.writeColumns(w)
}

// writeColumns prints how each column is read, and why.
func (p *Plan) writeColumns(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\ncolumn\ttype\tread as\tmissing\tnot finite\twhy\n")
	for _, c := range p.Columns {
		reading := string(c.Reading)
		if len(c.Quantiles) > 0 && model.Usable(c.Reading) {
			reading += ", " + c.Transform().Kind()
		}
		if !model.Usable(c.Reading) {
			reading += " (left out)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Name, c.Type, reading, report.Count(c.Nulls), report.Count(c.NotFinite), c.Why)
	}
	if p.Profiled < p.Rows {
		fmt.Fprintf(t, "\nThe columns' figures are those of the first %s rows.\n", report.Count(p.Profiled))
	}
	return t.Flush()
}

func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	text := names[0]
	for _, n := range names[1:] {
		text += ", " + n
	}
	return text
}

// size writes bytes in units of 1024.
func size(bytes int64) string {
	v, units := float64(bytes), []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
