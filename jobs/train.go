// The stages profile and train: a model that is there is used, one that isn't is made.

package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// modelFileLimit bounds a file of a model directory, in bytes.
const modelFileLimit = 16 << 30

// loadModel reads the model directory. Errors: storage.ErrNotFound where there is none.
func (r *Run) loadModel(ctx context.Context) (*model.Model, error) {
	m, err := model.Load(func(name string) ([]byte, error) {
		return r.store.Read(ctx, storage.Join(r.job.Model.URI, name), modelFileLimit)
	})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", r.job.Model.URI, err)
	}
	return m, nil
}

// modelFor returns the job's model, training it if it isn't there yet.
func (r *Run) modelFor(ctx context.Context, in *input) (*model.Model, error) {
	m, err := r.loadModel(ctx)
	switch {
	case errors.Is(err, storage.ErrNotFound) && !r.shard.whole():
		return nil, fmt.Errorf("model %s: %w: it is not there, and shard %s would train one beside the others; run `lacuna train` first", r.job.Model.URI, ErrInvalid, r.shard)
	case errors.Is(err, storage.ErrNotFound):
		if m, err = r.train(ctx, in); err != nil {
			return nil, err
		}
		r.result.Trained = true
	case err != nil:
		return nil, err
	case m.Config.TrainHash != r.job.TrainHash():
		return nil, fmt.Errorf("model %s: %w: it was trained with other settings; choose another model.uri, or delete it to train anew", r.job.Model.URI, model.ErrModel)
	default:
		if err := r.dropCheckpoint(ctx); err != nil {
			return nil, err
		}
	}
	return m, r.noteModel(m)
}

// noteModel puts the model into the result.
func (r *Run) noteModel(m *model.Model) (err error) {
	r.result.ModelFingerprint, err = m.Fingerprint()
	r.result.Epochs, r.result.BestEpoch = len(m.History.Epochs), m.History.Best
	r.result.Loss = m.History.BestLoss()
	r.result.Rows = m.History.Rows + m.History.ValidationRows
	return err
}

func (r *Run) train(ctx context.Context, in *input) (*model.Model, error) {
	p, err := r.profileStage(ctx, in)
	if err != nil {
		return nil, err
	}
	var m *model.Model
	err = r.stage("train", func() error {
		shown := r.progress.Stage("train", r.trainedRows(in.Rows, len(usable(p)))*int64(r.job.Train.Epochs), "rows")
		options := r.trainOptions(in.Rows)
		if err := r.checkpoints(ctx, in, &options); err != nil {
			shown.Abandon()
			return err
		}
		options.Progress = func(p model.TrainProgress) {
			notes := []any{"epoch", fmt.Sprintf("%d/%d", p.Epoch, p.Epochs), "loss", fmt.Sprintf("%.4f", p.Loss)}
			if p.Validation != nil {
				notes = append(notes, "validation", fmt.Sprintf("%.4f", *p.Validation))
			}
			shown.Add(p.Rows, notes...)
		}
		if m, err = model.Train(ctx, r.job.Config(), p, r.device, in.source(usable(p)), options); err != nil {
			shown.Abandon()
			return fmt.Errorf("train: %w", err)
		}
		shown.Done()
		if err := r.saveModel(ctx, m); err != nil {
			return err
		}
		return r.dropCheckpoint(ctx)
	})
	return m, err
}

func (r *Run) checkpointURI() string { return storage.Join(r.job.Model.URI, model.CheckpointFile) }

// dropCheckpoint deletes a checkpoint whose model is there. It looks first: whoever may only read a model has none to
// delete.
func (r *Run) dropCheckpoint(ctx context.Context) error {
	_, err := r.store.Stat(ctx, r.checkpointURI())
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = r.store.Delete(ctx, r.checkpointURI())
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// checkpointTime is how long the last checkpoint may take after the job was asked to stop: schedulers wait for two minutes
// at most before they kill.
const checkpointTime = 90 * time.Second

// checkpoints makes training write checkpoints, and go on from the one that is there if it is this training's own.
func (r *Run) checkpoints(ctx context.Context, in *input, o *model.TrainOptions) (err error) {
	if o.Key, err = r.trainingKey(in); err != nil {
		return err
	}
	o.CheckpointEvery = time.Duration(r.job.Train.CheckpointMinutes * float64(time.Minute))
	o.SaveCheckpoint = func(data []byte) error {
		saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkpointTime)
		defer cancel()
		if err := r.store.Write(saving, r.checkpointURI(), data, storage.Replace); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		return nil
	}
	data, err := r.store.Read(ctx, r.checkpointURI(), modelFileLimit)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	key, err := model.CheckpointKey(data)
	if err != nil || key != o.Key {
		r.progress.Warn("the checkpoint is of another training; this one begins anew", "checkpoint", r.checkpointURI())
		return nil
	}
	r.progress.Note("training goes on from its checkpoint", "checkpoint", r.checkpointURI())
	o.Resume = data
	return nil
}

// trainingKey identifies a training: the same version, settings and input files give the same weights.
func (r *Run) trainingKey(in *input) (string, error) {
	inputs, err := json.Marshal(in.Inputs())
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s", Version, r.job.TrainHash(), inputs))
	return hex.EncodeToString(sum[:]), nil
}

// profileStage is the pass over all rows.
func (r *Run) profileStage(ctx context.Context, in *input) (p *profile.Profile, err error) {
	err = r.stage("profile", func() error {
		shown := r.progress.Stage("profile", in.Rows, "rows")
		if p, err = r.profileInput(ctx, in, 0, func(n int64) { shown.Add(n) }); err != nil {
			shown.Abandon()
			return err
		}
		shown.Done()
		return nil
	})
	return p, err
}

// usable are the columns that a model of the profile reads.
func usable(p *profile.Profile) []string {
	var columns []string
	for _, c := range p.Columns {
		if model.Usable(c.Reading) {
			columns = append(columns, c.Name)
		}
	}
	return columns
}

// trainOptions are the job's, with a quarter of its memory for encoded rows: arenas, gradients, the decoder of Parquet
// and Go's own room share the rest.
func (r *Run) trainOptions(rows int64) model.TrainOptions {
	t := r.job.Train
	o := model.TrainOptions{Epochs: t.Epochs, BatchRows: t.BatchRows, LearningRate: t.LearningRate, WeightDecay: t.WeightDecay, Warmup: t.Warmup,
		ClipNorm: t.ClipNorm, Validation: t.Validation, Patience: t.Patience, Memory: int64(r.job.Runtime.Memory) / 4, Rows: rows, Sample: int64(t.Rows)}
	if r.job.Kind == "standard" {
		o.WeightDecay = 0
	}
	if r.job.Wants("segment") {
		o.Segments = r.job.Apply.Segments
	}
	return o
}

// trainedRows is about how many rows an epoch takes: those that are learnt from and not held out.
func (r *Run) trainedRows(rows int64, columns int) int64 {
	if r.job.Train.Rows > 0 {
		rows = min(rows, int64(r.job.Train.Rows))
	}
	return rows - model.ValidationRows(r.job.Train.Validation, rows, columns)
}

// saveModel writes the model directory; config.json comes last and makes it a model.
func (r *Run) saveModel(ctx context.Context, m *model.Model) error {
	files, err := m.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := r.store.Write(ctx, storage.Join(r.job.Model.URI, f.Name), f.Data, storage.Replace); err != nil {
			return fmt.Errorf("model %s: %w", r.job.Model.URI, err)
		}
	}
	return nil
}
