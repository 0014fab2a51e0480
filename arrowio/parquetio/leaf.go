package parquetio

import (
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go"
)

// leaf reads a column chunk page by page.
type leaf struct {
	pages   parquet.Pages
	typ     arrow.DataType
	kind    parquet.Kind
	defined byte // definition level of a value that is there; 0 for a required column
	page    parquet.Page
	nulls   bool // whether the page has any
	values  pageValues
	level   int // levels of the page that are taken: rows, and for lists entries
	value   int // values of the page that are taken
}

func newLeaf(c *parquet.Column, t arrow.DataType, pages parquet.Pages) *leaf {
	return &leaf{pages: pages, typ: t, kind: c.Type().Kind(), defined: byte(c.MaxDefinitionLevel())}
}

func (l *leaf) close() {
	parquet.Release(l.page)
	l.page = nil
	l.pages.Close()
}

// left is the number of levels of the page that are not taken.
func (l *leaf) left() int {
	if l.page == nil {
		return 0
	}
	return int(l.page.NumValues()) - l.level
}

// errEnded is the end of a column chunk, which is only damage while rows are missing.
var errEnded = fmt.Errorf("%w: the column ends before its row group does", ErrCorrupt)

// ensure makes the next page the current one when nothing is left of it.
func (l *leaf) ensure() error {
	for l.left() == 0 {
		parquet.Release(l.page)
		l.page = nil
		page, err := l.pages.ReadPage()
		if err == io.EOF {
			return errEnded
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		l.page, l.level, l.value, l.nulls = page, 0, 0, l.defined > 0 && page.NumNulls() > 0
		if levels := len(page.DefinitionLevels()); l.defined > 0 && levels != int(page.NumValues()) {
			return fmt.Errorf("%w: a page of %d values has %d definition levels", ErrCorrupt, page.NumValues(), levels)
		}
		l.values = newPageValues(page)
	}
	return nil
}

func (l *leaf) read(n int, m allocators) (arrow.Array, error) {
	switch width := sameWidth(l.typ, l.kind); {
	case width == 4:
		return readFixed[uint32](l, n, m)
	case width == 8:
		return readFixed[uint64](l, n, m)
	case isText(l.typ, l.kind):
		return readStrings(l, n, m)
	}
	return l.build(n, m)
}

// build reads values that are converted, through an Arrow builder.
func (l *leaf) build(n int, m allocators) (arrow.Array, error) {
	b := array.NewBuilder(m.rest, l.typ)
	defer b.Release()
	b.Reserve(n)
	for n > 0 {
		if err := l.ensure(); err != nil {
			return nil, err
		}
		add, err := appender(b, l.values)
		if err != nil {
			return nil, err
		}
		taken := min(n, l.left())
		l.take(b, add, taken)
		n -= taken
	}
	return b.NewArray(), nil
}

// take moves the next levels of the page, run by run.
func (l *leaf) take(b array.Builder, add func(from, to int), levels int) {
	if l.defined == 0 {
		add(l.value, l.value+levels)
		l.value += levels
		l.level += levels
		return
	}
	definition := l.page.DefinitionLevels()[l.level : l.level+levels]
	l.level += levels
	for i := 0; i < len(definition); {
		from, there := i, definition[i] == l.defined
		for i < len(definition) && (definition[i] == l.defined) == there {
			i++
		}
		if there {
			add(l.value, l.value+i-from)
			l.value += i - from
		} else {
			b.AppendNulls(i - from)
		}
	}
}
