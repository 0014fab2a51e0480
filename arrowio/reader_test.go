package arrowio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

// rowsOf is a JSON array of the rows from..to, with nulls now and then, and what lines makes of each.
func rowsOf(from, to int64) (rows string, want []string) {
	var objects []string
	for n := from; n < to; n++ {
		x := "(null)"
		if n%3 != 0 {
			x = fmt.Sprint(float64(n) / 2)
		}
		objects = append(objects, fmt.Sprintf(`{"n":%d,"x":%s,"s":"row %d"}`, n, strings.Replace(x, "(null)", "null", 1), n))
		want = append(want, fmt.Sprintf("%d: %d %s row %d", n, n, x, n))
	}
	return "[" + strings.Join(objects, ",") + "]", want
}

// TestRowsDoNotDependOnHowTheyAreRead: rows are numbered through, and the same whatever the batches and the read-ahead.
func TestRowsDoNotDependOnHowTheyAreRead(t *testing.T) {
	store := storage.New(storage.Options{})
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		var want []string
		for i, n := range rapid.SliceOfN(rapid.Int64Range(0, 30), 1, 4).Draw(rt, "rows of the files") {
			rows, texts := rowsOf(int64(len(want)), int64(len(want))+n)
			put(t, store, fmt.Sprintf("%s/%d.parquet", root, i), parquetFile(t, columns("n int64", "x float64?", "s string"), rows, rapid.Int64Range(1, 20).Draw(rt, "row group")))
			want = append(want, texts...)
		}
		checked := memory.NewCheckedAllocator(memory.NewGoAllocator())
		defer checked.AssertSize(t, 0)
		o := ReadOptions{BatchRows: rapid.IntRange(0, 40).Draw(rt, "batch"), Ahead: rapid.IntRange(0, 3).Draw(rt, "ahead"), Memory: checked}
		d := open(t, store, root)
		if got := lines(t, d, o); !slices.Equal(got, want) || d.Rows != int64(len(want)) {
			rt.Fatalf("got  %q\nwant %q", got, want)
		}
		groups := d.RowGroups()
		if len(groups) == 0 {
			return
		}
		o.From = rapid.IntRange(0, len(groups)-1).Draw(rt, "from")
		o.To = rapid.IntRange(o.From+1, len(groups)).Draw(rt, "to")
		end := groups[o.To-1].FirstRow + groups[o.To-1].Rows
		if got := lines(t, d, o); !slices.Equal(got, want[groups[o.From].FirstRow:end]) {
			rt.Fatalf("row groups %d to %d: got %q", o.From, o.To, got)
		}
	})
}

// TestBatchesKeepToTheirSize and don't cross row groups.
func TestBatchesKeepToTheirSize(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	rows, _ := rowsOf(0, 20)
	put(t, store, root+"/a.parquet", parquetFile(t, columns("n int64", "x float64?", "s string"), rows, 10))
	r, err := open(t, store, root).Read(t.Context(), ReadOptions{BatchRows: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var sizes []int64
	for {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, b.NumRows())
		b.Release()
	}
	if !slices.Equal(sizes, []int64{4, 4, 2, 4, 4, 2}) {
		t.Errorf("batches of %v rows", sizes)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestClosingEarlyLeavesNothing: no goroutine, and no memory, wherever the reading stops.
func TestClosingEarlyLeavesNothing(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	rows, _ := rowsOf(0, 100)
	put(t, store, root+"/p=1/a.parquet", parquetFile(t, columns("n int64", "x float64?", "s string"), rows, 30))
	d := open(t, store, root)
	before := runtime.NumGoroutine()
	for taken := range 12 {
		for _, cancelled := range []bool{false, true} {
			checked := memory.NewCheckedAllocator(memory.NewGoAllocator())
			ctx, cancel := context.WithCancel(t.Context())
			r, err := d.Read(ctx, ReadOptions{BatchRows: 10, Ahead: 2, Memory: checked})
			if err != nil {
				t.Fatal(err)
			}
			for range taken {
				if b, err := r.Next(); err == nil {
					b.Release()
				} else if err != io.EOF {
					t.Fatal(err)
				}
			}
			if cancelled {
				cancel()
			}
			r.Close()
			r.Close() // again does no harm
			cancel()
			checked.AssertSize(t, 0)
		}
	}
	for wait := time.Millisecond; runtime.NumGoroutine() > before && wait < time.Second; wait *= 2 {
		time.Sleep(wait)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
}

func TestACancelledReadSaysSo(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	numbered(t, store, root, "a.parquet")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := open(t, store, root).Read(ctx, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownColumnIsNamedWithThoseThereAre(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	numbered(t, store, root, "p=1/a.parquet")
	_, err := open(t, store, root).Read(t.Context(), ReadOptions{Columns: []string{"n", "m"}})
	wantError(t, err, ErrColumn, `"m"`, `"n"`, `"p"`)
}

func TestDatasetWithoutRowsIsRead(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	put(t, store, root+"/a.parquet", parquetFile(t, columns("n int64"), "[]", 0))
	d := open(t, store, root)
	if got := lines(t, d, ReadOptions{}); len(got) != 0 || d.Rows != 0 || d.Schema.NumFields() != 1 {
		t.Errorf("rows %v, schema %v", got, d.Schema)
	}
}
