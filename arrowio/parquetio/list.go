package parquetio

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// listReader reads a list of leaves. An entry with repetition level 0 begins a row; one whose definition level is below
// that of an element stands for an empty or a null list.
type listReader struct {
	leaf     *leaf
	typ      *arrow.ListType
	optional bool
}

func (l *listReader) close() { l.leaf.close() }

func (l *listReader) read(n int, m allocators) (arrow.Array, error) {
	b := array.NewListBuilderWithField(m.rest, l.typ.ElemField())
	defer b.Release()
	b.Reserve(n)
	for rows := 0; ; {
		if err := l.leaf.ensure(); err != nil {
			if rows == n && err == errEnded { // the last row of the row group ends with its last page
				break
			}
			return nil, err
		}
		add, err := appender(b.ValueBuilder(), l.leaf.values)
		if err != nil {
			return nil, err
		}
		taken := l.takeRows(b, add, n-rows)
		rows += taken
		if rows == n && l.leaf.left() > 0 {
			break
		}
	}
	return b.NewArray(), nil
}

// takeRows takes entries of the page until a row beyond the next n begins, and returns how many rows it began.
func (l *listReader) takeRows(b *array.ListBuilder, add func(from, to int), n int) int {
	leaf, rows := l.leaf, 0
	repetition, definition := leaf.page.RepetitionLevels(), leaf.page.DefinitionLevels()
	element := leaf.defined // definition level from which an entry stands for an element
	if l.typ.ElemField().Nullable {
		element--
	}
	for leaf.left() > 0 {
		i := leaf.level
		if repetition[i] == 0 {
			if rows == n {
				return rows
			}
			rows++
			// A null list has level 0; an empty one is one below an element.
			b.Append(!l.optional || definition[i] > 0)
		}
		leaf.level++
		switch {
		case definition[i] == leaf.defined:
			from := leaf.value
			leaf.value++
			add(from, leaf.value)
		case definition[i] == element:
			b.ValueBuilder().AppendNull()
		}
	}
	return rows
}
