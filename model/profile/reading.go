// The rules by which a column is read. Each gives its reason in plain words, for the plan.

package profile

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
)

// kind groups Arrow types by what can be done with their cells.
type kind int

const (
	otherKind kind = iota // binary, lists, nested: nothing to learn from
	integerKind
	floatKind // decimals too
	timeKind
	booleanKind
	textKind // dictionaries too
)

func kindOf(t arrow.DataType) kind {
	switch t.ID() {
	case arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64, arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		return integerKind
	case arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64, arrow.DECIMAL128:
		return floatKind
	case arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64:
		return timeKind
	case arrow.BOOL:
		return booleanKind
	case arrow.STRING, arrow.LARGE_STRING:
		return textKind
	case arrow.DICTIONARY:
		return kindOf(t.(*arrow.DictionaryType).ValueType)
	}
	return otherKind
}

const (
	// keyRows is how many rows a column must have before never repeating a value makes it a key.
	keyRows = 50
	// Texts are long strings with spaces that rarely repeat.
	textLength = 40
	textShare  = 0.5
)

// reading decides how the column is read, and why.
func (c *columnBuilder) reading(rows int64, maxCategories int) (Reading, string) {
	kind := kindOf(c.field.Type)
	present := rows - c.nulls - c.notFinite
	distinct := c.distinct.estimate()
	key := present == rows && rows >= keyRows && c.distinct.unique()
	switch {
	case c.asked == Ignored:
		return Ignored, "the job leaves it out"
	case c.asked == ID:
		return ID, "the job names it as id"
	case kind == otherKind:
		return Unsupported, fmt.Sprintf("type %s has no numbers or categories", c.field.Type)
	case present == 0:
		return Constant, "every value is missing"
	case distinct == 1:
		return Constant, "every value is the same"
	case c.asked != "":
		return c.asked, "the job says so"
	case kind == booleanKind:
		return Boolean, "true or false"
	case kind == timeKind:
		return Time, "dates or times"
	case kind == floatKind:
		return Numeric, "numbers"
	case kind == integerKind && key:
		return ID, "whole numbers that never repeat, as a key does; to learn from them, read the column as numeric"
	case kind == integerKind:
		return Numeric, "whole numbers"
	}
	return c.textReading(present, distinct, key, maxCategories)
}

func (c *columnBuilder) textReading(present, distinct int64, key bool, maxCategories int) (Reading, string) {
	long := c.length > textLength*present && float64(c.spaced) > textShare*float64(present)
	switch {
	case long && float64(distinct) > textShare*float64(present):
		return LongText, "long texts that rarely repeat"
	case key:
		return ID, "strings that never repeat, as a key does"
	case c.values.overflow:
		return ID, fmt.Sprintf("about %d different strings, too many to be categories", distinct)
	case distinct > int64(maxCategories):
		return Categorical, fmt.Sprintf("%d different strings: the %d most frequent, and one for the others", distinct, maxCategories)
	}
	return Categorical, fmt.Sprintf("%d different strings", distinct)
}
