// Training: epochs over shuffled rows, held-out rows after each, and the best weights kept.

package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
)

// TrainOptions say how to train.
type TrainOptions struct {
	Epochs       int
	BatchRows    int     // rows of a step; 0 chooses by the number of rows
	LearningRate float64 // peak, after warm-up
	WeightDecay  float64
	Warmup       float64 // share of all steps
	ClipNorm     float64 // 0: no clipping
	Validation   float64 // share of rows held out, in [0, 1)
	Patience     int     // epochs without a better validation loss before training stops; 0: never
	Segments     int     // clusters of embeddings to find; 0: none
	// Memory bounds the encoded training rows held at a time, in bytes. Where all fit, an epoch shuffles them all; else
	// it shuffles within runs of as many as fit.
	Memory int64
	// Rows is the number of rows that the source gives; Sample, unless 0, is about how many of them to learn from.
	Rows   int64
	Sample int64
	// Key identifies the training in its checkpoints. Resume, if not nil, is one of the same key to go on from.
	Key    string
	Resume []byte
	// SaveCheckpoint, if not nil, is given a checkpoint after every CheckpointEvery (0: never), and when the context is
	// cancelled.
	SaveCheckpoint  func(data []byte) error
	CheckpointEvery time.Duration
	// Progress, if not nil, is called after every step and epoch.
	Progress func(TrainProgress)
}

// TrainProgress is how far a training is.
type TrainProgress struct {
	Epoch, Epochs int
	Rows          int64 // trained on since the last call
	Loss          float64
	Validation    *float64 // after an epoch with held-out rows
}

// AdamW's constants as in MAE (He et al. 2022, appendix A.1).
const (
	beta1, beta2 = 0.9, 0.95
	adamEpsilon  = 1e-8
)

// validationDraw is the number of the held-out rows' masks: beyond any epoch's, so that they are the same after each.
const validationDraw = 1 << 15

// trainer is one training in progress.
type trainer struct {
	TrainOptions
	config    Config
	network   Network
	device    program.Device
	session   program.Session
	source    Source
	sample    holdout // rows that are learnt from, before some of them are held out
	holdout   holdout
	window    window
	held      window
	streaming bool // the rows don't fit into the window: each epoch reads the source again
	schedule  schedule
	state     trainingState
	skip      int       // batches of the first epoch that a checkpoint has done
	saved     time.Time // when the last checkpoint was
	history   History
	best      []float32
}

// Train trains the network that c describes on the rows of a source. It returns the weights of the best epoch.
//
// Errors: ErrNoColumns when there is nothing to learn, ErrDiverged when the loss stops being a number, the context's when
// it is cancelled, and the source's own.
func Train(ctx context.Context, c Config, p *profile.Profile, device program.Device, source Source, o TrainOptions) (*Model, error) {
	network, err := NewNetwork(c, p)
	if err != nil {
		return nil, err
	}
	c.Format, c.Columns = formatVersion, network.Columns()
	t := &trainer{
		TrainOptions: o, config: c, network: network, device: device, source: source,
		holdout: newHoldout(c.Seed, o.Validation, o.sampled(), network.Width()), sample: newSample(c.Seed, o.Sample, o.Rows),
	}
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	if err := t.run(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, errors.Join(err, t.save())
		}
		return nil, err
	}
	// What follows changes the session: an interruption there goes back to the last checkpoint.
	if err := t.saveIfDue(); err != nil {
		return nil, err
	}
	if err := t.judge(ctx); err != nil {
		return nil, err
	}
	m := &Model{Config: c, Profile: p, Network: network, Parameters: t.best, History: t.history}
	return m, t.fitSegments(ctx, m)
}

// prepare reads the source once: it takes the held-out rows and as many training rows as fit, and plans the steps.
func (t *trainer) prepare(ctx context.Context) error {
	width := t.network.Width()
	t.BatchRows = BatchRows(t.BatchRows, t.sampled())
	t.held = window{width: width, limit: math.MaxInt}
	t.window = window{width: width, limit: windowRows(t.Memory, width, t.BatchRows)}
	rows := int64(0)
	err := t.eachRow(ctx, func(values []float32, row int64) error {
		if t.holdout.contains(row) {
			t.held.add(values, row)
			return nil
		}
		rows++
		if !t.window.full() {
			t.window.add(values, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if rows == 0 {
		return fmt.Errorf("%w: %d rows are held out for validation and none is left to train on", ErrNoColumns, len(t.held.rows))
	}
	t.streaming = rows > int64(len(t.window.rows))
	full, rest := rows/int64(t.window.limit), rows%int64(t.window.limit)
	steps := int(full)*steps(t.window.limit, t.BatchRows) + steps(int(rest), t.BatchRows)
	t.schedule = schedule{peak: t.LearningRate, warmup: int(t.Warmup * float64(steps*t.Epochs)), total: steps * t.Epochs}
	t.session = t.device.Compile(t.network.Programs().Training)
	t.session.Load(InitialParameters(t.network.Programs().Training.Layout, t.config.Seed))
	t.history = History{Format: formatVersion, Rows: rows, ValidationRows: int64(len(t.held.rows)), BatchRows: t.BatchRows,
		Parameters: t.network.Programs().Training.Layout.Size(), Stopped: "epochs"}
	t.state.Epoch, t.saved = 1, time.Now()
	if t.Resume != nil {
		return t.resume(t.Resume)
	}
	return nil
}

// BatchRows chooses a step's rows where the job leaves it open: some hundred steps an epoch for large data, and at
// least a dozen for small, since a transformer needs steps more than it needs smooth gradients.
func BatchRows(asked int, rows int64) int {
	if asked > 0 {
		return asked
	}
	return int(min(max(rows/16, 32), 256))
}

// windowRows is how many encoded rows fit into memory, a multiple of the batch.
func windowRows(memory int64, width, batch int) int {
	rows := int(min(memory/int64(4*width+8), math.MaxInt32))
	return max(rows/batch, 1) * batch
}

// TrainingMemory estimates what training takes, in bytes: encoded rows, weights with their gradients and moments, and the
// room that the engine and the reader need.
func TrainingMemory(c Config, p *profile.Profile, rows, window int64) int64 {
	network, err := NewNetwork(c, p)
	if err != nil {
		return 0
	}
	const room, copies = 128 << 20, 24 // copies: weights, two packings, two moments, the best, and gradient slots
	encoded := min(rows*int64(4*network.Width()+8), window)
	return room + encoded + int64(copies*4*network.Programs().Training.Layout.Size())
}

func steps(rows, batch int) int { return (rows + batch - 1) / batch }

func (t *trainer) run(ctx context.Context) error {
	for !t.finished() {
		epoch := t.state.Epoch
		if err := t.epoch(ctx, epoch); err != nil {
			return fmt.Errorf("epoch %d: %w", epoch, err)
		}
		last := t.history.Epochs[epoch-1]
		if t.history.Best == 0 || last.judged() < t.history.Epochs[t.history.Best-1].judged() {
			t.history.Best, t.best = epoch, slices.Clone(t.session.Parameters())
		}
		t.state.Epoch, t.state.Batches, t.state.Sum = epoch+1, 0, 0
	}
	return nil
}

// finished says whether no epoch is left, or none has been better for long enough.
func (t *trainer) finished() bool {
	done := len(t.history.Epochs)
	if t.Patience > 0 && done-t.history.Best >= t.Patience {
		t.history.Stopped = "patience"
		return true
	}
	return done >= t.Epochs
}

// epoch trains on every row once and looks at the held-out rows.
func (t *trainer) epoch(ctx context.Context, epoch int) error {
	seen := 0 // batches
	if err := t.eachWindow(ctx, func() error { return t.train(ctx, epoch, &seen) }); err != nil {
		return err
	}
	t.skip = 0
	result := Epoch{Number: epoch, Train: t.state.Sum / float64(t.history.Rows), LearningRate: t.schedule.at(t.state.Step - 1)}
	if len(t.held.rows) > 0 {
		loss, _, err := t.evaluate(ctx, t.held.samples())
		if err != nil {
			return err
		}
		result.Validation = &loss
	}
	t.history.Epochs = append(t.history.Epochs, result)
	t.report(TrainProgress{Epoch: epoch, Epochs: t.Epochs, Loss: result.Train, Validation: result.Validation})
	return nil
}

// eachWindow calls visit with the window filled with one run of training rows after the other.
func (t *trainer) eachWindow(ctx context.Context, visit func() error) error {
	if !t.streaming {
		return visit()
	}
	t.window.reset()
	err := t.eachRow(ctx, func(values []float32, row int64) error {
		if t.holdout.contains(row) {
			return nil
		}
		t.window.add(values, row)
		if !t.window.full() {
			return nil
		}
		defer t.window.reset()
		return visit()
	})
	if err != nil || len(t.window.rows) == 0 {
		return err
	}
	return visit()
}

// eachRow gives the rows that are learnt from or held out.
func (t *trainer) eachRow(ctx context.Context, yield func(values []float32, row int64) error) error {
	return eachRow(ctx, t.network, t.source, func(values []float32, row int64) error {
		if !t.sample.contains(row) {
			return nil
		}
		return yield(values, row)
	})
}

// sampled is about how many rows are learnt from or held out.
func (o *TrainOptions) sampled() int64 {
	if o.Sample > 0 {
		return min(o.Sample, o.Rows)
	}
	return o.Rows
}

// errFull ends a pass over the source when the window is full.
var errFull = errors.New("the window is full")

// firstWindow fills the window with the first rows again, where epochs have left others in it.
func (t *trainer) firstWindow(ctx context.Context) error {
	if !t.streaming {
		return nil
	}
	t.window.reset()
	err := t.eachRow(ctx, func(values []float32, row int64) error {
		switch {
		case t.window.full():
			return errFull
		case !t.holdout.contains(row):
			t.window.add(values, row)
		}
		return nil
	})
	if errors.Is(err, errFull) {
		return nil
	}
	return err
}

// train takes a step for each batch of the window that a checkpoint has not done. seen counts the epoch's batches.
func (t *trainer) train(ctx context.Context, epoch int, seen *int) error {
	order := t.window.order(t.config.Seed, epoch)
	b := &batch{network: t.network, program: t.network.Programs().Training, samples: t.window.samples(), counted: true,
		mask: RandomMask(t.config.Seed, t.config.MaskRatio, epoch)}
	for rows := range slices.Chunk(order, t.BatchRows) {
		if *seen++; *seen > t.skip {
			b.pick = rows
			if err := t.takeStep(ctx, b); err != nil {
				return err
			}
			if err := t.saveIfDue(); err != nil {
				return err
			}
		}
		t.report(TrainProgress{Epoch: epoch, Epochs: t.Epochs, Rows: int64(len(rows)), Loss: t.state.Loss})
	}
	return nil
}

// takeStep trains on one batch. It has no effect where it fails.
func (t *trainer) takeStep(ctx context.Context, b *batch) error {
	loss, err := t.session.Gradient(ctx, b)
	if err != nil {
		return err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return fmt.Errorf("%w: the loss is %v at step %d; a lower train.learning_rate (now %g) usually helps", ErrDiverged, loss, t.state.Step+1, t.LearningRate)
	}
	t.session.Update(t.adamW())
	t.state.Batches++
	t.state.Loss, t.state.Sum = loss, t.state.Sum+loss*float64(b.Rows())
	return nil
}

// adamW is the next step of the optimiser.
func (t *trainer) adamW() program.AdamW {
	t.state.Step++
	return program.AdamW{Step: t.state.Step, LearningRate: t.schedule.at(t.state.Step - 1), Beta1: beta1, Beta2: beta2, Epsilon: adamEpsilon,
		WeightDecay: t.WeightDecay, ClipNorm: t.ClipNorm}
}

func (t *trainer) report(p TrainProgress) {
	if t.Progress != nil {
		t.Progress(p)
	}
}

// judge compares the kept weights with the baseline, column by column.
func (t *trainer) judge(ctx context.Context) error {
	t.session.Load(t.best)
	if err := t.firstWindow(ctx); err != nil {
		return err
	}
	samples := t.held.samples()
	if samples.Len() == 0 {
		samples = t.window.samples()
	}
	_, columns, err := t.evaluate(ctx, samples)
	if err != nil {
		return err
	}
	for j, baseline := range t.network.Baselines(t.window.samples(), samples) {
		t.history.Columns = append(t.history.Columns, ColumnLoss{Name: t.network.Tokens()[j], Loss: columns[j], Baseline: baseline})
	}
	return nil
}

// evaluate returns the mean over rows of the mean loss of their hidden tokens, and the mean loss by token, under masks
// that are the same at every call.
func (t *trainer) evaluate(ctx context.Context, samples Samples) (mean float64, tokens []float64, err error) {
	n := len(t.network.Tokens())
	losses := make([]float32, samples.Len()*n) // by row and token; missing where not hidden
	for i := range losses {
		losses[i] = missing
	}
	b := &batch{network: t.network, program: t.network.Programs().Training, samples: samples,
		mask: RandomMask(t.config.Seed, t.config.MaskRatio, validationDraw),
		collect: func(from, _ int, f *program.Feed, samples []Sample) {
			t.network.Rebuilt(f, samples, func(i, token int, loss, _ float32) { losses[(from+i)*n+token] = loss })
		}}
	if err := t.session.Forward(ctx, b); err != nil {
		return 0, nil, err
	}
	mean, tokens = summarise(losses, n)
	return mean, tokens, nil
}

// summarise averages losses [rows, n] over rows of their means, and over each token's cells, leaving out missing ones.
func summarise(losses []float32, n int) (mean float64, tokens []float64) {
	tokens, counts, rows := make([]float64, n), make([]float64, n), 0.0
	for row := range slices.Chunk(losses, n) {
		sum, hidden := 0.0, 0.0
		for j, loss := range row {
			if !isMissing(loss) {
				sum, hidden = sum+float64(loss), hidden+1
				tokens[j], counts[j] = tokens[j]+float64(loss), counts[j]+1
			}
		}
		if hidden > 0 {
			mean, rows = mean+sum/hidden, rows+1
		}
	}
	for j := range tokens {
		tokens[j] /= max(counts[j], 1)
	}
	return mean / max(rows, 1), tokens
}
