// Columns of a table as the kinds of tables see them: a cell becomes one float32, a normalised value or a category's
// number, NaN where it is missing; and back.

package model

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/profile"
)

// table is the modelled columns of a dataset, in order.
type table struct {
	columns []tableColumn
	names   []string
}

// tableColumn is one modelled column.
type tableColumn struct {
	name        string
	transform   profile.Transform // of a numeric column
	categories  []string          // of a categorical column; one more stands for every other value
	codes       map[string]int
	categorical bool
	// scale makes losses comparable: a column's loss times its scale is about 1 for a model that knows nothing but the
	// column's distribution. 1 for numeric columns, which are normalised; 1/entropy for categorical ones.
	scale float32
}

// minEntropy, in nats, bounds the weight of columns that hardly vary: 0.25 is a yes/no column with 7 % yes.
const minEntropy = 0.25

// minColumns is what a masked autoencoder needs at least: one column to see and one to rebuild.
const minColumns = 2

// newTable picks the columns that can be modelled: those named, or all that are numeric, categorical, boolean or time.
func newTable(p *profile.Profile, names []string) (*table, error) {
	t := &table{}
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	for i := range p.Columns {
		c := &p.Columns[i]
		if len(names) > 0 && !wanted[c.Name] || !Usable(c.Reading) {
			continue
		}
		t.columns = append(t.columns, newTableColumn(c))
		t.names = append(t.names, c.Name)
	}
	if len(names) > 0 && len(t.names) != len(names) {
		return nil, fmt.Errorf("the model's columns are %v, but its profile can give only %v", names, t.names)
	}
	if len(t.columns) < minColumns {
		return nil, fmt.Errorf("%w: a masked autoencoder needs at least %d usable columns, and there are %d %v; see `lacuna plan` for why the others are left out",
			ErrNoColumns, minColumns, len(t.columns), t.names)
	}
	return t, nil
}

// Usable says whether a table's kinds can model a column that is read this way.
func Usable(r profile.Reading) bool {
	switch r {
	case profile.Numeric, profile.Time, profile.Categorical, profile.Boolean:
		return true
	}
	return false
}

func newTableColumn(c *profile.Column) tableColumn {
	if c.Reading == profile.Numeric || c.Reading == profile.Time {
		return tableColumn{name: c.Name, transform: c.Transform(), scale: 1}
	}
	column := tableColumn{name: c.Name, categorical: true, codes: map[string]int{}}
	counts := []int64{}
	for i, category := range c.Categories {
		column.categories = append(column.categories, category.Value)
		column.codes[category.Value] = i
		counts = append(counts, category.Count)
	}
	column.scale = float32(1 / max(entropy(append(counts, c.OtherCount)), minEntropy))
	return column
}

// entropy of a distribution given by counts, in nats.
func entropy(counts []int64) float64 {
	total, h := 0.0, 0.0
	for _, n := range counts {
		total += float64(n)
	}
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / total
			h -= p * math.Log(p)
		}
	}
	return h
}

// outputs is the number of values a head predicts for the column: one, or one for each category and one for the rest.
func (c *tableColumn) outputs() int {
	if c.categorical {
		return len(c.categories) + 1
	}
	return 1
}

// encode writes the cells of every row [N, columns] to dst.
func (t *table) encode(rec arrow.Record, dst []float32) error {
	for j := range t.columns {
		indices := rec.Schema().FieldIndices(t.names[j])
		if len(indices) == 0 {
			return fmt.Errorf("%w: column %q, which the model was trained on, is missing", ErrColumns, t.names[j])
		}
		if err := t.columns[j].encode(rec.Column(indices[0]), dst[j:], len(t.columns)); err != nil {
			return fmt.Errorf("%w: column %q: %w", ErrColumns, t.names[j], err)
		}
	}
	return nil
}

// encode writes the cells of one column to dst[0], dst[stride], …
func (c *tableColumn) encode(values arrow.Array, dst []float32, stride int) error {
	if c.categorical {
		text, err := profile.Text(values)
		if err != nil {
			return err
		}
		for i := range values.Len() {
			dst[i*stride] = c.code(text(i))
		}
		return nil
	}
	number, err := profile.Number(values)
	if err != nil {
		return err
	}
	for i := range values.Len() {
		dst[i*stride] = missing
		if v, ok := number(i); ok {
			dst[i*stride] = c.transform.Forward(v)
		}
	}
	return nil
}

// code is the number of a category; one never seen in training is one of the rest.
func (c *tableColumn) code(value string, ok bool) float32 {
	if !ok {
		return missing
	}
	if code, known := c.codes[value]; known {
		return float32(code)
	}
	return float32(len(c.categories))
}

// missing marks a cell without a value in an encoded row.
var missing = float32(math.NaN())

func isMissing(v float32) bool { return v != v }

// present sets the state of every cell of an encoded row.
func present(values []float32, states []State) {
	for i, v := range values {
		states[i] = Visible
		if isMissing(v) {
			states[i] = Absent
		}
	}
}

// distribution is what a training set says of one column: its mean, or the share of each category with one added to
// every count, so that none is impossible.
type distribution struct {
	mean   float64
	shares []float64
}

func (t *table) distribution(samples Samples, j int) distribution {
	values, width := samples.Values.Data().([]float32), len(t.columns)
	d, sum, n := distribution{shares: make([]float64, t.columns[j].outputs())}, 0.0, 0.0
	for i := j; i < len(values); i += width {
		if isMissing(values[i]) {
			continue
		}
		n++
		if t.columns[j].categorical {
			d.shares[int(values[i])]++
		} else {
			sum += float64(values[i])
		}
	}
	for k := range d.shares {
		d.shares[k] = (d.shares[k] + 1) / (n + float64(len(d.shares)))
	}
	d.mean = sum / max(n, 1)
	return d
}

// baselines returns, by column, the mean of loss over the held rows' present cells.
func (t *table) baselines(training, held Samples, loss func(c *tableColumn, d distribution, value float32) float64) []float64 {
	values, width := held.Values.Data().([]float32), len(t.columns)
	means := make([]float64, width)
	for j := range means {
		d, n := t.distribution(training, j), 0.0
		for i := j; i < len(values); i += width {
			if !isMissing(values[i]) {
				means[j] += loss(&t.columns[j], d, values[i])
				n++
			}
		}
		means[j] /= max(n, 1)
	}
	return means
}
