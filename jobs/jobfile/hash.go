package jobfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// TrainHash identifies what determines a model's weights beside the data: kind, seed, how columns are read, size,
// options, training, and the segments if any. Not the input's place: the same job may train on today's files or a copy.
func (j *Job) TrainHash() string {
	segments := 0
	if j.Wants("segment") {
		segments = j.Apply.Segments
	}
	input := j.Input
	input.URI = nil
	if len(input.ID) == 0 {
		input.ID = nil // [] is the same as nothing
	}
	if len(input.Ignore) == 0 {
		input.Ignore = nil
	}
	if len(input.Columns) == 0 {
		input.Columns = nil
	}
	train := j.Train
	train.CheckpointMinutes = 0
	return hash(j.Kind, j.Seed, input, j.Architecture(), j.Tabular, j.Standard, train, segments)
}

// Hash identifies what determines an export beside the data and the model: TrainHash and what is computed of each row.
func (j *Job) Hash() string { return hash(j.TrainHash(), j.Apply) }

// Wants says whether an output is asked for.
func (j *Job) Wants(output string) bool { return slices.Contains(j.Apply.Outputs, output) }

// hash is the first 16 hexadecimal digits of the SHA-256 of the parts' JSON, which sorts the keys of maps.
func hash(parts ...any) string {
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // plain structs of numbers and texts always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:16]
}
