// A model directory: weights.safetensors, config.json, profile.json and history.json.

package model

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/lacuna-ml/lacuna/model/profile"
)

// Model is a trained model.
type Model struct {
	Config     Config
	Profile    *profile.Profile
	Network    Network
	Parameters []float32 // flat, in the layout's order
	History    History
	Segments   *Segments // nil when none were asked for
}

// File is one file of a model directory.
type File struct {
	Name string
	Data []byte
}

// The files of a model directory, in the order they are written: config.json comes last, so that a directory that has
// it has everything.
const (
	weightsFile = "weights.safetensors"
	profileFile = "profile.json"
	historyFile = "history.json"
	ConfigFile  = "config.json"
)

// segmentsName is the name of the segments' centres among the weights.
const segmentsName = "segments.centres"

// Weights are the model's parameters by name, sharing its memory, and the segments' centres where it has them.
func (m *Model) Weights() []Weight {
	ws := weights(m.Network.Programs().Training.Layout, m.Parameters)
	if m.Segments != nil {
		ws = append(ws, Weight{Name: segmentsName, Value: m.Segments.Centres})
	}
	return ws
}

// Files returns the model directory, in the order in which its files must be written.
func (m *Model) Files() ([]File, error) {
	weights, err := marshalWeights(m.Weights())
	if err != nil {
		return nil, err
	}
	profiled, err := m.Profile.Marshal()
	if err != nil {
		return nil, err
	}
	history, err := marshal(m.History)
	if err != nil {
		return nil, err
	}
	config, err := marshal(m.Config)
	if err != nil {
		return nil, err
	}
	return []File{{weightsFile, weights}, {profileFile, profiled}, {historyFile, history}, {ConfigFile, config}}, nil
}

// Load reads a model directory; read returns the contents of one of its files.
//
// Errors: read's own, and ErrModel for files that are damaged or don't belong together.
func Load(read func(name string) ([]byte, error)) (*Model, error) {
	m, contents := &Model{}, map[string][]byte{}
	for _, name := range []string{ConfigFile, profileFile, historyFile, weightsFile} {
		data, err := read(name)
		if err != nil {
			return nil, err
		}
		contents[name] = data
	}
	var err error
	if m.Config, err = parseConfig(contents[ConfigFile]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	if m.Profile, err = profile.Unmarshal(contents[profileFile]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	if err := json.Unmarshal(contents[historyFile], &m.History); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrModel, historyFile, err)
	}
	if m.Network, err = NewNetwork(m.Config, m.Profile); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	m.Parameters, m.Segments, err = unmarshalWeights(m.Network.Programs(), contents[weightsFile])
	return m, err
}

// Fingerprint identifies the model: the first 16 hexadecimal digits of the SHA-256 of its configuration, profile and
// weights.
func (m *Model) Fingerprint() (string, error) {
	files, err := m.Files()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, f := range files {
		if f.Name != historyFile {
			h.Write(f.Data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
