package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/cespare/xxhash/v2"
)

// Options say how columns are read where the rules would not do.
type Options struct {
	// Columns are readings set by the user, by column.
	Columns map[string]Reading
	// MaxCategories bounds a column's categories; the rest are one more, "other". Default 128.
	MaxCategories int
}

const (
	defaultMaxCategories = 128
	// sampleBytes bounds the samples of all columns together; a sample holds between fewest and most values.
	sampleBytes                = 256 << 20
	fewestSampled, mostSampled = 4096, 65_536
)

// Builder makes a profile of the records it is given.
type Builder struct {
	options Options
	rows    int64
	columns []*columnBuilder
}

// columnBuilder is what is known of a column so far.
type columnBuilder struct {
	field     arrow.Field
	asked     Reading // by the user, or ""
	nulls     int64
	notFinite int64
	numbers   moments
	sample    sample
	distinct  distinct
	values    categories
	length    int64 // of all texts together, bytes
	spaced    int64 // texts with a space
}

// NewBuilder starts a profile of records of the given schema.
//
// Errors: an override of a column that isn't there, or to a reading that its type doesn't allow.
func NewBuilder(schema *arrow.Schema, o Options) (*Builder, error) {
	if o.MaxCategories <= 0 {
		o.MaxCategories = defaultMaxCategories
	}
	limit := min(max(sampleBytes/16/max(len(schema.Fields()), 1), fewestSampled), mostSampled)
	b := &Builder{options: o}
	for _, field := range schema.Fields() {
		c := &columnBuilder{field: field, asked: o.Columns[field.Name], sample: sample{limit: limit}, distinct: newDistinct(),
			values: categories{counts: map[string]int64{}}}
		if err := c.check(); err != nil {
			return nil, err
		}
		b.columns = append(b.columns, c)
	}
	for _, name := range sortedKeys(o.Columns) {
		if !schema.HasField(name) {
			return nil, fmt.Errorf("column %q is to be read as %s, but the input has no such column; it has %s", name, o.Columns[name], strings.Join(names(schema), ", "))
		}
	}
	return b, nil
}

func sortedKeys(m map[string]Reading) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func names(schema *arrow.Schema) []string {
	var list []string
	for _, f := range schema.Fields() {
		list = append(list, f.Name)
	}
	return list
}

// check says whether the column's type allows the reading that the user asked for.
func (c *columnBuilder) check() error {
	kind := kindOf(c.field.Type)
	allowed := c.asked == "" || c.asked == Ignored || c.asked == ID ||
		c.asked == Categorical && kind != otherKind ||
		c.asked == Numeric && (kind == integerKind || kind == floatKind || kind == timeKind || kind == booleanKind) ||
		c.asked == Time && kind == timeKind || c.asked == Boolean && kind == booleanKind
	if !allowed {
		return fmt.Errorf("column %q of type %s can't be read as %s", c.field.Name, c.field.Type, c.asked)
	}
	return nil
}

// Add takes the next rows. Columns stand where the schema has them.
func (b *Builder) Add(rec arrow.Record) error {
	levels := make([]int, rec.NumRows())
	for i := range levels {
		levels[i] = rowLevel(b.rows + int64(i))
	}
	for j, c := range b.columns {
		if err := c.add(rec.Column(j), levels); err != nil {
			return fmt.Errorf("column %q: %w", c.field.Name, err)
		}
	}
	b.rows += rec.NumRows()
	return nil
}

func (c *columnBuilder) add(values arrow.Array, levels []int) error {
	kind := kindOf(c.field.Type)
	c.nulls += int64(values.NullN())
	switch {
	case c.asked == Ignored || c.asked == ID || kind == otherKind:
		return nil
	case c.counted():
		return c.addTexts(values)
	}
	number, err := Number(values)
	if err != nil {
		return err
	}
	for i, level := range levels {
		v, ok := number(i)
		if !ok {
			if values.IsValid(i) {
				c.notFinite++
			}
			continue
		}
		c.numbers.add(v)
		c.sample.add(v, level)
		c.distinct.add(mix(math.Float64bits(v)))
	}
	return nil
}

// counted says whether the column's values are counted as categories rather than measured as numbers.
func (c *columnBuilder) counted() bool {
	kind := kindOf(c.field.Type)
	return c.asked == Categorical || kind == textKind || kind == booleanKind && c.asked != Numeric
}

func (c *columnBuilder) addTexts(values arrow.Array) error {
	text, err := Text(values)
	if err != nil {
		return err
	}
	for i := range values.Len() {
		v, ok := text(i)
		if !ok {
			if values.IsValid(i) {
				c.notFinite++
			}
			continue
		}
		c.values.add(v)
		c.distinct.add(xxhash.Sum64String(v))
		c.length += int64(len(v))
		if strings.Contains(v, " ") {
			c.spaced++
		}
	}
	return nil
}

// mix spreads the bits of a number over a hash: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Finish returns the profile of all rows added.
func (b *Builder) Finish() *Profile {
	p := &Profile{Format: formatVersion, Rows: b.rows, Columns: []Column{}}
	for _, c := range b.columns {
		p.Columns = append(p.Columns, c.finish(b.rows, b.options.MaxCategories))
	}
	return p
}

func (c *columnBuilder) finish(rows int64, maxCategories int) Column {
	column := Column{Name: c.field.Name, Type: c.field.Type.String(), Nulls: c.nulls, NotFinite: c.notFinite, Distinct: c.distinct.estimate()}
	column.Reading, column.Why = c.reading(rows, maxCategories)
	if n := c.numbers.count; n > 0 {
		column.Mean, column.StdDev, column.Skew = c.numbers.mean, c.numbers.stdDev(), c.numbers.skew()
		column.Min, column.Max = c.numbers.least, c.numbers.greatest
		column.Quantiles = c.sample.quantiles(column.Min, column.Max)
	}
	if column.Reading == Categorical || column.Reading == Boolean {
		column.Categories, column.OtherCount = c.values.top(maxCategories)
	}
	return column
}

// moments are the first three moments of a stream, by Pébay's update formulas (Sandia report SAND2008-6212), which stay
// exact where sums of powers would cancel.
type moments struct {
	count           float64
	mean, m2, m3    float64
	least, greatest float64
}

func (m *moments) add(v float64) {
	if m.count == 0 {
		m.least, m.greatest = v, v
	}
	m.least, m.greatest = min(m.least, v), max(m.greatest, v)
	m.count++
	delta := v - m.mean
	step := delta / m.count
	term := delta * step * (m.count - 1)
	m.mean += step
	m.m3 += term*step*(m.count-2) - 3*step*m.m2
	m.m2 += term
}

func (m *moments) stdDev() float64 { return math.Sqrt(m.m2 / m.count) }

func (m *moments) skew() float64 {
	if m.m2 == 0 {
		return 0
	}
	return math.Sqrt(m.count) * m.m3 / math.Pow(m.m2, 1.5)
}
