// Restored columns: the input's own values, and predictions where they are missing, in the column's own type.

package model

import (
	"fmt"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/model/profile"
)

// restore returns column j of rec with missing values replaced; the caller releases it. Dictionaries become plain strings.
func (t *table) restore(rec arrow.Record, j int, predictions []float32) (arrow.Array, error) {
	column := rec.Column(rec.Schema().FieldIndices(t.names[j])[0])
	restored, err := t.columns[j].restore(column, predictions)
	if err != nil {
		return nil, fmt.Errorf("restored column %q: %w", t.names[j], err)
	}
	return restored, nil
}

// restore joins runs of the input's own values with runs of predictions, so that observed cells come back bit for bit
// whatever their type.
func (c *tableColumn) restore(values arrow.Array, predictions []float32) (arrow.Array, error) {
	values, err := plain(values)
	if err != nil {
		return nil, err
	}
	defer values.Release()
	observed, err := c.observed(values)
	if err != nil {
		return nil, err
	}
	predicted, err := c.predicted(values, observed, predictions)
	if err != nil {
		return nil, err
	}
	defer predicted.Release()
	return interleave(values, predicted, observed)
}

// observed says which rows have a value, in the same sense as encode.
func (c *tableColumn) observed(values arrow.Array) (func(i int) bool, error) {
	if c.categorical {
		text, err := profile.Text(values)
		return func(i int) bool { _, ok := text(i); return ok }, err
	}
	number, err := profile.Number(values)
	return func(i int) bool { _, ok := number(i); return ok }, err
}

// predicted is the predictions of the rows that are not observed, one after the other, in the column's type.
func (c *tableColumn) predicted(values arrow.Array, observed func(int) bool, predictions []float32) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, values.DataType())
	defer b.Release()
	for i, p := range predictions {
		if observed(i) {
			continue
		}
		if err := b.AppendValueFromString(c.format(p, values.DataType())); err != nil {
			return nil, fmt.Errorf("prediction %v: %w", p, err)
		}
	}
	return b.NewArray(), nil
}

// interleave takes rows from values where observed, and the next of predicted elsewhere.
func interleave(values, predicted arrow.Array, observed func(int) bool) (arrow.Array, error) {
	var pieces []arrow.Array
	defer func() {
		for _, p := range pieces {
			p.Release()
		}
	}()
	used := int64(0)
	for i := 0; i < values.Len(); {
		from, own := i, observed(i)
		for i < values.Len() && observed(i) == own {
			i++
		}
		if own {
			pieces = append(pieces, array.NewSlice(values, int64(from), int64(i)))
			continue
		}
		pieces = append(pieces, array.NewSlice(predicted, used, used+int64(i-from)))
		used += int64(i - from)
	}
	if len(pieces) == 0 {
		return array.NewSlice(values, 0, 0), nil
	}
	return array.Concatenate(pieces, memory.DefaultAllocator)
}

// format writes a prediction as text that the column's type reads back.
func (c *tableColumn) format(prediction float32, t arrow.DataType) string {
	if c.categorical {
		return c.categories[int(prediction)]
	}
	v := c.transform.Inverse(prediction)
	switch t := t.(type) {
	case *arrow.Float16Type, *arrow.Float32Type, *arrow.Float64Type:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *arrow.Decimal128Type:
		return strconv.FormatFloat(v, 'f', int(t.Scale), 64)
	case *arrow.BooleanType:
		return strconv.FormatBool(v >= 0.5)
	}
	return profile.FormatNumber(v, t)
}

// plain returns values without a dictionary; the caller releases it.
func plain(values arrow.Array) (arrow.Array, error) {
	d, ok := values.(*array.Dictionary)
	if !ok {
		values.Retain()
		return values, nil
	}
	b := array.NewBuilder(memory.DefaultAllocator, RestoredType(d.DataType()))
	defer b.Release()
	for i := range d.Len() {
		if d.IsNull(i) {
			b.AppendNull()
		} else if err := b.AppendValueFromString(d.Dictionary().ValueStr(d.GetValueIndex(i))); err != nil {
			return nil, err
		}
	}
	return b.NewArray(), nil
}

// RestoredType is the type of the restored column for a column of type t: its own, but for dictionaries.
func RestoredType(t arrow.DataType) arrow.DataType {
	if d, ok := t.(*arrow.DictionaryType); ok {
		return d.ValueType
	}
	return t
}
