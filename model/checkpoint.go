// Checkpoints: a training between two steps, so that one that was killed goes on where it was and ends in the same bytes.

package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nlpodyssey/safetensors"
)

// checkpointFormat is the version of a checkpoint.
const checkpointFormat = 1

// CheckpointFile is the name of a training's checkpoint in its model directory. It is gone when the model is there.
const CheckpointFile = "checkpoint.safetensors"

// trainingState is where a training is: what has been done when step steps are. Random numbers need no state, since they are
// looked up by seed, purpose and index.
type trainingState struct {
	Format  int     `json:"format"`
	Key     string  `json:"key"` // identifies the training: its job, its input and the version
	Step    int     `json:"step"`
	Epoch   int     `json:"epoch"`   // that is being trained, from 1
	Batches int     `json:"batches"` // of the epoch that are done
	Sum     float64 `json:"sum"`     // of the epoch's losses by row
	Loss    float64 `json:"loss"`    // of the last step
	History History `json:"history"`
}

// The tensors of a checkpoint: flat and in the layout's order, but for the state, which is JSON.
const (
	checkpointParameters = "parameters"
	checkpointFirst      = "adamw.first_moment"
	checkpointSecond     = "adamw.second_moment"
	checkpointBest       = "best"
	checkpointState      = "lacuna.state"
)

// CheckpointKey says which training a checkpoint belongs to. Errors: ErrModel for one that can't be read.
func CheckpointKey(data []byte) (string, error) {
	state, _, err := parseCheckpoint(data)
	return state.Key, err
}

func parseCheckpoint(data []byte) (trainingState, safetensors.SafeTensors, error) {
	var state trainingState
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return state, file, fmt.Errorf("%w: %s: %w", ErrModel, CheckpointFile, err)
	}
	view, _ := file.Tensor(checkpointState)
	if err := json.Unmarshal(view.Data(), &state); err != nil {
		return state, file, fmt.Errorf("%w: %s: %w", ErrModel, CheckpointFile, err)
	}
	if state.Format != checkpointFormat {
		return state, file, fmt.Errorf("%w: %s: format %d, but this version reads format %d", ErrModel, CheckpointFile, state.Format, checkpointFormat)
	}
	return state, file, nil
}

// checkpoint writes down where the training is.
func (t *trainer) checkpoint() ([]byte, error) {
	t.state.History, t.state.Format, t.state.Key = t.history, checkpointFormat, t.Key
	state, err := json.Marshal(t.state)
	if err != nil {
		return nil, err
	}
	first, second := t.session.Moments()
	views := map[string]safetensors.TensorView{}
	if views[checkpointState], err = safetensors.NewTensorView(safetensors.U8, []uint64{uint64(len(state))}, state); err != nil {
		return nil, err
	}
	for name, values := range map[string][]float32{checkpointParameters: t.session.Parameters(), checkpointFirst: first, checkpointSecond: second, checkpointBest: t.best} {
		if views[name], err = safetensors.NewTensorView(safetensors.F32, []uint64{uint64(len(values))}, bytesOf(values)); err != nil {
			return nil, err
		}
	}
	return safetensors.Serialize(views, nil)
}

// resume goes back to where a checkpoint was written.
func (t *trainer) resume(data []byte) error {
	state, file, err := parseCheckpoint(data)
	if err != nil {
		return err
	}
	size := t.network.Programs().Training.Layout.Size()
	read := func(name string, count int) ([]float32, error) {
		view, ok := file.Tensor(name)
		if !ok || view.DType() != safetensors.F32 || len(view.Data()) != 4*count {
			return nil, fmt.Errorf("%w: %s: %q doesn't hold %d numbers", ErrModel, CheckpointFile, name, count)
		}
		values := make([]float32, count)
		copy(bytesOf(values), view.Data())
		return values, nil
	}
	if state.History.Best > 0 {
		if t.best, err = read(checkpointBest, size); err != nil {
			return err
		}
	}
	parameters, err := read(checkpointParameters, size)
	if err != nil {
		return err
	}
	first, second := t.session.Moments()
	for name, moments := range map[string][]float32{checkpointFirst: first, checkpointSecond: second} {
		values, err := read(name, size)
		if err != nil {
			return err
		}
		copy(moments, values)
	}
	t.session.Load(parameters)
	t.state, t.history, t.skip = state, state.History, state.Batches
	t.history.Epochs = slices.Clone(state.History.Epochs)
	return nil
}

// save writes a checkpoint where the job wants it.
func (t *trainer) save() error {
	if t.SaveCheckpoint == nil || t.state.Step == 0 {
		return nil
	}
	data, err := t.checkpoint()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	t.saved = time.Now()
	return t.SaveCheckpoint(data)
}

// saveIfDue writes a checkpoint when the last one is old enough.
func (t *trainer) saveIfDue() error {
	if t.CheckpointEvery <= 0 || time.Since(t.saved) < t.CheckpointEvery {
		return nil
	}
	return t.save()
}
