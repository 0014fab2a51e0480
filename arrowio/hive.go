// Hive partitions: folders named column=value, whose columns are not in the files.

package arrowio

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// partition is one column=value folder of a file's path.
type partition struct{ column, value string }

// nullPartition is how Hive writes a missing value.
const nullPartition = "__HIVE_DEFAULT_PARTITION__"

// partitions parses the folders of a path below the dataset's root.
func partitions(below string) (list []partition) {
	elements := strings.Split(below, "/")
	for _, folder := range elements[:len(elements)-1] {
		column, value, ok := strings.Cut(folder, "=")
		if !ok || column == "" {
			continue
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		list = append(list, partition{column, value})
	}
	return list
}

// partitionFields are the columns of the files' paths: whole numbers or dates where all values are, else strings. A
// column that the files hold themselves is left to them.
//
// Errors: ErrSchema when files lie in folders of different columns.
func (d *Dataset) partitionFields(schema *arrow.Schema) (fields []arrow.Field, err error) {
	first := d.Files[0]
	for _, f := range d.Files[1:] {
		if partitionColumns(f.partitions) != partitionColumns(first.partitions) {
			return nil, fmt.Errorf("%w: %s lies in partitions %q and %s in %q", ErrSchema, first.URI, partitionColumns(first.partitions), f.URI, partitionColumns(f.partitions))
		}
	}
	for i, p := range first.partitions {
		if schema.HasField(p.column) {
			continue
		}
		var values []string
		for _, f := range d.Files {
			values = append(values, f.partitions[i].value)
		}
		fields = append(fields, arrow.Field{Name: p.column, Type: partitionType(values), Nullable: true})
	}
	return fields, nil
}

func partitionColumns(list []partition) string {
	var names []string
	for _, p := range list {
		names = append(names, p.column)
	}
	return strings.Join(names, "/")
}

func partitionType(values []string) arrow.DataType {
	whole, dates := true, true
	for _, v := range values {
		if v == nullPartition {
			continue
		}
		_, err := strconv.ParseInt(v, 10, 64)
		whole = whole && err == nil
		_, err = time.Parse(time.DateOnly, v)
		dates = dates && err == nil
	}
	switch {
	case whole:
		return arrow.PrimitiveTypes.Int64
	case dates:
		return arrow.FixedWidthTypes.Date32
	}
	return arrow.BinaryTypes.String
}

// partitionArray is a column of n rows that all have the file's value; the caller releases it.
func partitionArray(f DataFile, field arrow.Field, n int, m memory.Allocator) (arrow.Array, error) {
	b := array.NewBuilder(m, field.Type)
	defer b.Release()
	for _, p := range f.partitions {
		if p.column != field.Name {
			continue
		}
		for range n {
			if p.value == nullPartition {
				b.AppendNull()
			} else if err := b.AppendValueFromString(p.value); err != nil {
				return nil, fmt.Errorf("partition %s=%s of %s: %w", p.column, p.value, f.URI, err)
			}
		}
	}
	return b.NewArray(), nil
}

// hasPartition says whether the file's path gives the column a value.
func (f DataFile) hasPartition(column string) bool {
	return slices.ContainsFunc(f.partitions, func(p partition) bool { return p.column == column })
}
