// One run of a job: its stages in order, and the result that a scheduler picks up.

package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/cpu"
	"github.com/lacuna-ml/lacuna/model/program"
)

// Version is the version of Lacuna, part of every export's identity. The build sets it.
var Version = "0.1.0"

// Run is one run of a job.
type Run struct {
	job      *jobfile.Job
	store    *storage.Store
	progress *progress.Progress
	device   program.Device
	shard    Shard
	stages   []StageTime
	result   Result
}

// StageTime is how long a stage took.
type StageTime struct {
	Name    string
	Seconds float64
}

// Result is what a run says of itself in one line of JSON.
type Result struct {
	Job              string        `json:"job"`
	Kind             string        `json:"kind"`
	Model            string        `json:"model"`
	ModelFingerprint string        `json:"model_fingerprint,omitempty"`
	Trained          bool          `json:"trained"` // by this run
	Epochs           int           `json:"epochs,omitempty"`
	BestEpoch        int           `json:"best_epoch,omitempty"`
	Loss             float64       `json:"loss,omitempty"` // of the best epoch: held-out rows', or training rows' without
	Output           string        `json:"output,omitempty"`
	Rows             int64         `json:"rows"`
	Parts            int           `json:"parts,omitempty"`
	AlreadyDone      bool          `json:"already_done,omitempty"`
	Shard            string        `json:"shard,omitempty"`     // which of several, "I/N"
	Committed        *bool         `json:"committed,omitempty"` // of a shard: whether all parts were there, and it finished the export
	Scores           *ScoreSummary `json:"scores,omitempty"`
	Report           string        `json:"report,omitempty"`
	Seconds          float64       `json:"seconds"`
}

// ScoreSummary are quantiles of the scores of all rows, from a sample of them.
type ScoreSummary struct {
	Median float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// NewRun prepares a run. It sets the Go runtime's memory limit to three quarters of the job's: the collector may run over
// its limit for a moment, and the program itself and the kernel's buffers for its files count too.
func NewRun(job *jobfile.Job, p *progress.Progress) (*Run, error) {
	device, err := cpu.New(job.Runtime.Threads)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	debug.SetMemoryLimit(int64(job.Runtime.Memory) / 4 * 3)
	return &Run{
		job: job, progress: p, device: device,
		store:  storage.New(storageOptions(job)),
		result: Result{Job: job.Name, Kind: job.Kind, Model: job.Model.URI},
	}, nil
}

// SetShard makes the run one of several that apply a model together.
func (r *Run) SetShard(s Shard) {
	r.shard = s
	if !s.whole() {
		r.result.Shard = s.String()
	}
}

func storageOptions(job *jobfile.Job) storage.Options {
	encryption := job.S3.Encryption
	if encryption == "bucket" {
		encryption = ""
	}
	return storage.Options{Region: job.S3.Region, Endpoint: job.S3.Endpoint, PathStyle: job.S3.PathStyle, Anonymous: job.S3.Anonymous,
		Encryption: encryption, KMSKey: job.S3.KMSKey}
}

// All trains the model if it isn't there yet, applies it, and writes the report.
func (r *Run) All(ctx context.Context) (Result, error) {
	return r.timed(func() error {
		in, err := r.openInput(ctx)
		if err != nil {
			return err
		}
		if err := r.checkOutput(ctx); err != nil {
			return err
		}
		m, err := r.modelFor(ctx, in)
		if err != nil {
			return err
		}
		done, err := r.apply(ctx, in, m)
		if err != nil || done == nil {
			return err
		}
		return r.report(ctx, in, m, done)
	})
}

// Train trains the model if it isn't there yet.
func (r *Run) Train(ctx context.Context) (Result, error) {
	return r.timed(func() error {
		in, err := r.openInput(ctx)
		if err != nil {
			return err
		}
		_, err = r.modelFor(ctx, in)
		return err
	})
}

// Apply applies a model that is there.
func (r *Run) Apply(ctx context.Context) (Result, error) {
	return r.timed(func() error {
		in, m, err := r.inputAndModel(ctx)
		if err != nil {
			return err
		}
		if err := r.checkOutput(ctx); err != nil {
			return err
		}
		done, err := r.apply(ctx, in, m)
		if err != nil || done == nil {
			return err
		}
		return r.report(ctx, in, m, done)
	})
}

// Report writes the report of an export again.
func (r *Run) Report(ctx context.Context) (Result, error) {
	return r.timed(func() error {
		in, m, err := r.inputAndModel(ctx)
		if err != nil {
			return err
		}
		done, err := r.finishedExport(ctx, in, m)
		if err != nil {
			return err
		}
		return r.report(ctx, in, m, done)
	})
}

// inputAndModel opens the input and a model that must be there.
func (r *Run) inputAndModel(ctx context.Context) (*input, *model.Model, error) {
	in, err := r.openInput(ctx)
	if err != nil {
		return nil, nil, err
	}
	m, err := r.loadModel(ctx)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil, fmt.Errorf("model %s is not there; train it first with `lacuna train`, or do both with `lacuna run`: %w", r.job.Model.URI, err)
	}
	if err != nil {
		return nil, nil, err
	}
	if m.Config.TrainHash != r.job.TrainHash() {
		r.progress.Warn("the model was trained with other settings than this job file has", "model", r.job.Model.URI)
	}
	return in, m, r.noteModel(m)
}

// timed runs a job and completes its result.
func (r *Run) timed(job func() error) (Result, error) {
	began := time.Now()
	err := job()
	r.result.Seconds = time.Since(began).Round(time.Millisecond).Seconds()
	return r.result, err
}

// stage times one stage.
func (r *Run) stage(name string, work func() error) error {
	began := time.Now()
	err := work()
	r.stages = append(r.stages, StageTime{Name: name, Seconds: time.Since(began).Seconds()})
	return err
}
