package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Reading is how a column is used.
type Reading string

const (
	Numeric     Reading = "numeric"
	Categorical Reading = "categorical"
	Boolean     Reading = "boolean"
	Time        Reading = "time"
	ID          Reading = "id"          // names a row: left out
	LongText    Reading = "text"        // long strings: left out
	Constant    Reading = "constant"    // one value, or none: left out
	Unsupported Reading = "unsupported" // of a type that has no cells to learn from: left out
	Ignored     Reading = "ignore"      // left out because the job says so
)

// Readings are those that a job may ask for.
var Readings = []Reading{Numeric, Categorical, Boolean, Time, Ignored}

// formatVersion is the version of profile.json.
const formatVersion = 1

// Profile is what a pass over a dataset has learnt.
type Profile struct {
	Format  int      `json:"format"`
	Rows    int64    `json:"rows"`
	Columns []Column `json:"columns"`
}

// Column is what is known of one column. Which of the figures are there depends on the reading.
type Column struct {
	Name    string  `json:"name"`
	Type    string  `json:"type"` // Arrow's
	Reading Reading `json:"reading"`
	Why     string  `json:"why"` // the rule that gave the reading, in plain words
	Nulls   int64   `json:"nulls"`
	// NotFinite counts NaN and ±Inf, which are treated as missing.
	NotFinite int64 `json:"not_finite,omitempty"`
	// Distinct is the number of different values: exact up to some thousand, then an estimate within 5 %.
	Distinct int64 `json:"distinct"`

	// Of numbers, and of times in the unit of Number.
	Mean   float64 `json:"mean,omitempty"`
	StdDev float64 `json:"std_dev,omitempty"`
	Skew   float64 `json:"skew,omitempty"`
	Min    float64 `json:"min,omitempty"`
	Max    float64 `json:"max,omitempty"`
	// Quantiles are 101 evenly spaced ones from the least to the greatest value.
	Quantiles []float64 `json:"quantiles,omitempty"`

	// Categories are the most frequent values, most frequent first; OtherCount is how many cells hold another.
	Categories []Category `json:"categories,omitempty"`
	OtherCount int64      `json:"other_count,omitempty"`
}

// Category is a value of a categorical column.
type Category struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Find returns the column of that name.
func (p *Profile) Find(name string) (*Column, bool) {
	i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return &p.Columns[i], true
}

// Marshal writes profile.json: the same profile gives the same bytes.
func (p *Profile) Marshal() ([]byte, error) {
	data, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		return nil, fmt.Errorf("profile.json: %w", err)
	}
	return append(data, '\n'), nil
}

// Unmarshal reads profile.json strictly.
func Unmarshal(data []byte) (*Profile, error) {
	p := &Profile{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("profile.json: %w", err)
	}
	if p.Format != formatVersion {
		return nil, fmt.Errorf("profile.json: format %d, but this version reads format %d", p.Format, formatVersion)
	}
	for _, c := range p.Columns {
		if n := len(c.Quantiles); n != 0 && n != quantileCount || !slices.IsSorted(c.Quantiles) {
			return nil, fmt.Errorf("profile.json: column %q: quantiles must be %d ascending numbers", c.Name, quantileCount)
		}
	}
	return p, nil
}
