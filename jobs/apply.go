// The stages apply and commit: every part of the input becomes a part of the export.

package jobs

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/model"
)

// checkOutput refuses a place that holds something else, before any work is done.
func (r *Run) checkOutput(ctx context.Context) error {
	_, err := arrowio.CheckExport(ctx, r.store, r.job.Output.URI, nil)
	return err
}

// identity is what makes two runs the same export.
func (r *Run) identity(in *input) arrowio.Identity {
	return arrowio.Identity{Version: Version, Job: r.job.Hash(), ModelFingerprint: r.result.ModelFingerprint, Inputs: in.Inputs(), Rows: in.Rows}
}

// apply writes the export, or finds it written. It returns nil where other shards are still at work: the last one
// finishes the export.
func (r *Run) apply(ctx context.Context, in *input, m *model.Model) (*arrowio.Manifest, error) {
	applier := model.NewApplier(m, r.device, r.applyOptions())
	schema, err := r.outputSchema(in, applier)
	if err != nil {
		return nil, err
	}
	export, err := arrowio.OpenExport(ctx, r.store, r.job.Output.URI, r.identity(in))
	if err != nil {
		return nil, err
	}
	if done := export.Finished(); done != nil {
		r.result.AlreadyDone = true
		r.noteExport(done)
		return done, nil
	}
	var done *arrowio.Manifest
	err = r.stage("apply", func() error {
		if err := r.applyParts(ctx, in, applier, export, schema); err != nil {
			return err
		}
		done, err = export.Commit(ctx, len(r.parts(in)))
		return err
	})
	if err != nil {
		return nil, err
	}
	committed := done != nil
	if !r.shard.whole() {
		r.result.Committed = &committed
	}
	if committed {
		r.noteExport(done)
	}
	return done, nil
}

// parts are those of all shards.
func (r *Run) parts(in *input) []arrowio.Part {
	return arrowio.PlanParts(in.RowGroups(), int64(r.job.Apply.PartRows))
}

// applyParts writes the shard's own parts, and puts them into the result.
func (r *Run) applyParts(ctx context.Context, in *input, applier *model.Applier, export *arrowio.Export, schema *arrow.Schema) error {
	own, rows := r.shard.own(r.parts(in), in.Rows), int64(0)
	for _, part := range own {
		rows += part.Rows
	}
	shown := r.progress.Stage("apply", rows, "rows")
	for _, part := range own {
		if err := r.applyPart(ctx, in, applier, export, schema, part, func(n int64) { shown.Add(n) }); err != nil {
			shown.Abandon()
			return err
		}
	}
	shown.Done()
	r.result.Output, r.result.Parts, r.result.Rows = r.job.Output.URI, len(own), rows
	return nil
}

// noteExport puts the export into the result.
func (r *Run) noteExport(done *arrowio.Manifest) {
	r.result.Output, r.result.Parts, r.result.Rows = r.job.Output.URI, len(done.Parts), 0
	for _, p := range done.Parts {
		r.result.Rows += p.Rows
	}
}

// finishedExport reads the manifest of the job's export, which must be done.
func (r *Run) finishedExport(ctx context.Context, in *input, m *model.Model) (*arrowio.Manifest, error) {
	identity := r.identity(in)
	identity.Format = arrowio.ManifestFormat
	export, err := arrowio.CheckExport(ctx, r.store, r.job.Output.URI, &identity)
	if err != nil {
		return nil, err
	}
	if export.Finished() == nil {
		return nil, fmt.Errorf("output %s: %w: the export is not finished; `lacuna run` continues it", r.job.Output.URI, ErrInvalid)
	}
	r.noteExport(export.Finished())
	return export.Finished(), nil
}

func (r *Run) applyOptions() model.ApplyOptions {
	return model.ApplyOptions{Embedding: r.job.Wants("embedding"), Score: r.job.Wants("score"), ColumnScores: r.job.Wants("column_scores"),
		Restored: r.job.Wants("restored"), Segment: r.job.Wants("segment"), Masks: r.job.Apply.Masks}
}

// outputSchema is the id columns and then what was asked for.
func (r *Run) outputSchema(in *input, applier *model.Applier) (*arrow.Schema, error) {
	fields := in.Project(in.ids).Fields()
	added, err := applier.Fields(in.Schema)
	if err != nil {
		return nil, err
	}
	for _, f := range added {
		for _, id := range in.ids {
			if f.Name == id {
				return nil, fmt.Errorf("input.id: %w: the id column %q has the name of an output column; rename it in the input", ErrInvalid, id)
			}
		}
	}
	return arrow.NewSchema(append(fields, added...), nil), nil
}

// applyPart writes one part.
func (r *Run) applyPart(ctx context.Context, in *input, applier *model.Applier, export *arrowio.Export, schema *arrow.Schema, part arrowio.Part, count func(n int64)) error {
	options := parquetio.WriterOptions{Version: Version, Metadata: map[string]string{"lacuna.version": Version, "lacuna.model": r.result.ModelFingerprint}}
	return export.WritePart(ctx, part.Index, schema, options, func(write func(arrow.Record) error) error {
		if part.Rows == 0 {
			return nil
		}
		columns := append(append([]string(nil), in.ids...), applier.Columns()...)
		return in.each(ctx, arrowio.ReadOptions{Columns: columns, From: part.From, To: part.To, BatchRows: batchRows(len(columns))}, func(b arrowio.Batch) error {
			out, err := applyBatch(ctx, applier, b, schema, len(in.ids))
			if err != nil {
				return err
			}
			defer out.Release()
			count(b.NumRows())
			return write(out)
		})
	})
}

// applyBatch puts the id columns of a batch, which come first, and the model's columns together.
func applyBatch(ctx context.Context, applier *model.Applier, b arrowio.Batch, schema *arrow.Schema, ids int) (arrow.Record, error) {
	made, err := applier.Apply(ctx, b.Record, b.FirstRow)
	if err != nil {
		return nil, fmt.Errorf("apply from row %d on: %w", b.FirstRow, err)
	}
	defer func() {
		for _, c := range made {
			c.Release()
		}
	}()
	return array.NewRecord(schema, append(append([]arrow.Array(nil), b.Columns()[:ids]...), made...), b.NumRows()), nil
}
