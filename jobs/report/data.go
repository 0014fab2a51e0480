package report

import (
	"fmt"
	"math"
)

// Data is everything that a report shows. Parts that are empty say why instead of vanishing.
type Data struct {
	Title, Kind, Version, Device, Fingerprint string
	Summary                                   string   // the result in a sentence
	Warnings                                  []string // what the reader must know first
	Rows                                      int64
	Output, Model                             string
	Stages                                    []Stage

	Epochs   []Epoch
	Best     int     // number of the epoch that was kept
	Baseline float64 // loss of knowing each column's distribution only
	Columns  []Column

	Scores    []float64 // a sample
	ScoreUnit string
	Map       []Point // a sample
	Explained float64 // share of the embeddings' variance that the map shows
	Segments  []Segment
	Unusual   []UnusualRow
	IDs       []string // names of the id columns

	Settings []Setting
	Inputs   []Setting
}

// Stage is how long a stage took.
type Stage struct {
	Name    string
	Seconds float64
}

// Epoch is the losses of an epoch; Validation is nil without held-out rows.
type Epoch struct {
	Number     int
	Train      float64
	Validation *float64
}

// Column is how a column was read, and how well it is rebuilt.
type Column struct {
	Name, Reading, Why string
	Transform          string // of a number
	Missing            int64
	Used               bool
	Loss, Baseline     float64 // of a used column
}

// Point is a row on the map.
type Point struct {
	X, Y    float64
	Score   float64 // NaN without scores
	Segment int     // −1 without segments
	Label   string
}

// Segment is a cluster of rows, and what makes it different.
type Segment struct {
	Number      int
	Share       float64 // of the sampled rows
	Score       float64 // mean; NaN without scores
	Differences []string
}

// UnusualRow is a row with one of the highest scores, and the cells that make it so.
type UnusualRow struct {
	ID    []string
	Score float64
	Cells []Cell
}

// Cell is a cell with its share of the row's score, and what the model expected from the other cells.
type Cell struct {
	Column, Value, Expected string
	Share                   float64
}

// Setting is a name and a value.
type Setting struct{ Name, Value string }

// check refuses numbers that no chart can draw, naming the first one: SVG would show a gap or nothing, and not say why. NaN
// stays allowed where it means that there is no score.
func (d Data) check() error {
	for _, e := range d.Epochs {
		if !finite(e.Train) || e.Validation != nil && !finite(*e.Validation) {
			return fmt.Errorf("the loss of epoch %d is not finite", e.Number)
		}
	}
	for _, c := range d.Columns {
		if c.Used && !(finite(c.Loss) && finite(c.Baseline)) {
			return fmt.Errorf("the loss of column %q is not finite", c.Name)
		}
	}
	for i, p := range d.Map {
		if !finite(p.X) || !finite(p.Y) || math.IsInf(p.Score, 0) {
			return fmt.Errorf("point %d of the map, %q, has a place or a score that is not finite", i, p.Label)
		}
	}
	for i, s := range d.Scores {
		if math.IsInf(s, 0) {
			return fmt.Errorf("score %d of the sample is infinite", i)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
