// What makes a model beside its weights and its data's profile: config.json.

package model

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// formatVersion is the version of a model directory's files.
const formatVersion = 1

// Config describes a model: its kind and shape, and how it was trained.
type Config struct {
	Format  int      `json:"format"`
	Kind    string   `json:"kind"`
	Seed    uint64   `json:"seed"`
	Columns []string `json:"columns"` // the input columns that are modelled, in order
	Architecture
	Standard *StandardOptions `json:"standard,omitempty"` // of kind standard
	Tabular  *TabularOptions  `json:"tabular,omitempty"`  // of kind tabular
	Vision   *VisionOptions   `json:"vision,omitempty"`   // of kind vision
	// MaskRatio is the share of a row's tokens that training hides.
	MaskRatio float64 `json:"mask_ratio"`
	// TrainHash identifies the job that trained the weights, so that a changed job is not answered with an old model.
	TrainHash string `json:"train_hash,omitempty"`
}

// Architecture is the size of a transformer: encoder and decoder width, blocks and heads.
type Architecture struct {
	Dim          int `json:"dim,omitempty"`
	Depth        int `json:"depth,omitempty"`
	Heads        int `json:"heads,omitempty"`
	DecoderDim   int `json:"decoder_dim,omitempty"`
	DecoderDepth int `json:"decoder_depth,omitempty"`
	DecoderHeads int `json:"decoder_heads,omitempty"`
}

// validate checks what a transformer needs; kinds without one don't call it.
func (a Architecture) validate() error {
	for _, v := range []struct {
		name       string
		dim, heads int
	}{{"dim", a.Dim, a.Heads}, {"decoder_dim", a.DecoderDim, a.DecoderHeads}} {
		if v.dim < 1 || v.heads < 1 || v.dim%v.heads != 0 {
			return fmt.Errorf("model: %s %d must be a positive multiple of its %d heads", v.name, v.dim, v.heads)
		}
	}
	if a.Depth < 1 || a.DecoderDepth < 1 {
		return fmt.Errorf("model: depth %d and decoder_depth %d must be at least 1", a.Depth, a.DecoderDepth)
	}
	return nil
}

// parseConfig reads config.json strictly.
func parseConfig(data []byte) (Config, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, fmt.Errorf("config.json: %w", err)
	}
	if c.Format != formatVersion {
		return c, fmt.Errorf("config.json: format %d, but this version reads format %d; train the model again", c.Format, formatVersion)
	}
	return c, nil
}

// marshal writes JSON for people: indented, with a newline at the end.
func marshal(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}
