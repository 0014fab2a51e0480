package model

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

// TestInterruptedTrainingEndsInTheSameBytes interrupts a training after every few steps, goes on from its checkpoint, and
// interrupts it again, with rows that fit into memory and with rows that don't.
func TestInterruptedTrainingEndsInTheSameBytes(t *testing.T) {
	rec := testTable(400)
	for name, memory := range map[string]int64{"in memory": 1 << 30, "streaming": 4000} {
		t.Run(name, func(t *testing.T) {
			o := options(400)
			o.Epochs, o.Patience, o.BatchRows, o.Memory = 5, 2, 32, memory
			want := files(t, train(t, configs()["tabular"], rec, 2, 100, o))
			o.Key = "this training"
			for _, steps := range []int{1, 7, 23} {
				m, attempts := trainInterrupted(t, o, steps)
				if attempts < 2 || !bytes.Equal(files(t, m), want) {
					t.Errorf("every %d steps: %d attempts, other bytes than without interruption", steps, attempts)
				}
			}
		})
	}
}

// trainInterrupted cancels the training after so many steps, until it is done.
func trainInterrupted(t *testing.T, o TrainOptions, steps int) (*Model, int) {
	t.Helper()
	rec := testTable(400)
	o.SaveCheckpoint = func(data []byte) error { o.Resume = bytes.Clone(data); return nil }
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithCancel(t.Context())
		done, resumed := 0, o.Resume != nil
		o.Progress = func(p TrainProgress) {
			if p.Rows > 0 {
				done++
			}
			if done > steps+skippedBy(o.Resume, resumed) {
				cancel()
			}
		}
		m, err := Train(ctx, configs()["tabular"], profiled(t, rec), device(t, 1+attempt%2), pieces(rec, 100), o)
		cancel()
		if err == nil {
			return m, attempt
		}
		if !errors.Is(err, context.Canceled) || o.Resume == nil {
			t.Fatalf("attempt %d: %v", attempt, err)
		}
		if key, err := CheckpointKey(o.Resume); err != nil || key != o.Key {
			t.Fatalf("the checkpoint is of %q: %v", key, err)
		}
	}
}

// skippedBy is how many batches of its epoch a checkpoint has done.
func skippedBy(checkpoint []byte, resumed bool) int {
	if !resumed {
		return 0
	}
	state, _, _ := parseCheckpoint(checkpoint)
	return state.Batches
}

func TestCheckpointsComeInTime(t *testing.T) {
	o, saved := options(200), 0
	o.Epochs, o.BatchRows, o.CheckpointEvery = 2, 20, time.Nanosecond
	o.SaveCheckpoint = func([]byte) error { saved++; return nil }
	train(t, configs()["standard"], testTable(200), 1, 50, o)
	if saved < 10 {
		t.Errorf("%d checkpoints", saved)
	}
}

func TestDamagedCheckpointIsRefused(t *testing.T) {
	o := options(200)
	var checkpoint []byte
	o.Epochs, o.CheckpointEvery = 2, time.Nanosecond
	o.SaveCheckpoint = func(data []byte) error { checkpoint = bytes.Clone(data); return nil }
	rec := testTable(200)
	train(t, configs()["tabular"], rec, 1, 50, o)
	for _, damaged := range [][]byte{nil, []byte("x"), checkpoint[:len(checkpoint)/2], checkpoint[:len(checkpoint)-4]} {
		if _, err := CheckpointKey(damaged); !errors.Is(err, ErrModel) {
			t.Errorf("%d bytes: %v", len(damaged), err)
		}
	}
	o.Resume = checkpoint
	if _, err := Train(t.Context(), configs()["standard"], profiled(t, rec), device(t, 1), pieces(rec, 50), o); !errors.Is(err, ErrModel) {
		t.Errorf("a checkpoint of another architecture: %v", err)
	}
}
