package model

// History is how a training went: history.json. It holds no times, so that the same training writes the same bytes.
type History struct {
	Format int `json:"format"`
	// Rows and ValidationRows are how many rows were trained on, and held out.
	Rows           int64   `json:"rows"`
	ValidationRows int64   `json:"validation_rows"`
	Parameters     int     `json:"parameters"`
	BatchRows      int     `json:"batch_rows"`
	Epochs         []Epoch `json:"epochs"`
	// Best is the number of the epoch whose weights were kept, from 1.
	Best int `json:"best"`
	// Stopped says why training ended: "epochs", "patience".
	Stopped string `json:"stopped"`
	// Columns compare the kept weights with knowing each column's distribution only, on the held-out rows (on the
	// training rows where none were held out).
	Columns []ColumnLoss `json:"columns"`
}

// Epoch is one pass over the training rows. Losses are means over rows of the mean over a row's hidden tokens.
type Epoch struct {
	Number       int      `json:"epoch"`
	Train        float64  `json:"train"`
	Validation   *float64 `json:"validation,omitempty"` // nil without held-out rows
	LearningRate float64  `json:"learning_rate"`        // at its end
}

// ColumnLoss is the mean loss of a column's hidden cells.
type ColumnLoss struct {
	Name     string  `json:"name"`
	Loss     float64 `json:"loss"`
	Baseline float64 `json:"baseline"` // of predicting the mean, or the training frequencies, whatever is visible
}

// judged is the loss that decides which epoch is best.
func (e Epoch) judged() float64 {
	if e.Validation != nil {
		return *e.Validation
	}
	return e.Train
}

// BestLoss is the loss of the best epoch: the held-out rows', or the training rows' where none were held out.
func (h *History) BestLoss() float64 {
	if h.Best == 0 {
		return 0
	}
	return h.Epochs[h.Best-1].judged()
}

// Baseline is the mean of the columns' baselines.
func (h *History) Baseline() float64 {
	sum := 0.0
	for _, c := range h.Columns {
		sum += c.Baseline / float64(len(h.Columns))
	}
	return sum
}
