package arrowio

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

var partSchema = arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil)

// part writes part i with the values i, i+1.
func part(t testing.TB, e *Export, i int) (PartInfo, error) {
	t.Helper()
	return e.WritePart(t.Context(), i, partSchema, parquetio.WriterOptions{}, func(write func(arrow.Record) error) error {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		b.AppendValues([]int64{int64(i), int64(i + 1)}, nil)
		return write(array.NewRecord(partSchema, []arrow.Array{b.NewArray()}, 2))
	})
}

func mine(job string) Identity { return Identity{Version: "1", Job: job, Rows: 4} }

func names(t testing.TB, l lake, folder string) string {
	t.Helper()
	var list []string
	for o, err := range l.store.List(t.Context(), storage.Join(l.root, folder)) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, storage.Base(o.URI))
	}
	return strings.Join(list, " ")
}

func TestExportIsContinuedAndThenFound(t *testing.T) {
	lakes(t, func(t *testing.T, l lake) {
		uri := storage.Join(l.root, "out")
		first, err := OpenExport(t.Context(), l.store, uri, mine("a"))
		if err != nil {
			t.Fatal(err)
		}
		one, err := part(t, first, 0)
		if err != nil || one.Rows != 2 || one.Name != "part-00000.parquet" || len(one.SHA256) != 64 {
			t.Fatalf("%+v, %v", one, err)
		}
		before, err := l.store.Stat(t.Context(), storage.Join(uri, one.Name))
		if err != nil {
			t.Fatal(err)
		}
		second, err := OpenExport(t.Context(), l.store, uri, mine("a"))
		if err != nil || second.Finished() != nil || !second.Begun() {
			t.Fatalf("an unfinished export: %+v, %v", second, err)
		}
		again, err := part(t, second, 0)
		if err != nil || again != one {
			t.Errorf("the part that is there: %+v, want %+v, %v", again, one, err)
		}
		if after, err := l.store.Stat(t.Context(), storage.Join(uri, one.Name)); err != nil || after.ETag != before.ETag {
			t.Errorf("the part was written again: %v", err)
		}
		two, err := part(t, second, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Commit(t.Context(), []PartInfo{one, two}); err != nil {
			t.Fatal(err)
		}
		third, err := OpenExport(t.Context(), l.store, uri, mine("a"))
		if err != nil || third.Finished() == nil || len(third.Finished().Parts) != 2 || third.Finished().Parts[1] != two {
			t.Errorf("a finished export: %+v, %v", third, err)
		}
		if got := names(t, l, "out"); got != "_SUCCESS _manifest.json _started.json part-00000.parquet part-00001.parquet" {
			t.Errorf("there is %s", got)
		}
	})
}

func TestOtherExportsAreNotTouched(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	if _, err := OpenExport(t.Context(), l.store, storage.Join(l.root, "job"), mine("a")); err != nil {
		t.Fatal(err)
	}
	l.put(t, "foreign/data.csv", []byte("x"))
	l.put(t, "parts/part-00000.parquet", []byte("x"))
	for _, folder := range []string{"job", "foreign", "parts"} {
		before := names(t, l, folder)
		_, err := OpenExport(t.Context(), l.store, storage.Join(l.root, folder), mine("b"))
		if !errors.Is(err, ErrOutputExists) || !strings.Contains(err.Error(), "choose another output.uri") {
			t.Errorf("%s: %v", folder, err)
		}
		if after := names(t, l, folder); after != before {
			t.Errorf("%s had %s and has %s", folder, before, after)
		}
	}
}

func TestOneOfTwoJobsClaimsThePlace(t *testing.T) {
	lakes(t, func(t *testing.T, l lake) {
		var wait sync.WaitGroup
		var won atomic.Int32
		for _, job := range []string{"a", "b", "c", "d"} {
			wait.Go(func() {
				switch _, err := OpenExport(t.Context(), l.store, storage.Join(l.root, "race"), mine(job)); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrOutputExists):
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 {
			t.Errorf("%d jobs claimed one place", won.Load())
		}
	})
}

func TestFailedPartIsNotThere(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	e, err := OpenExport(t.Context(), l.store, storage.Join(l.root, "out"), mine("a"))
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the model failed")
	_, err = e.WritePart(t.Context(), 0, partSchema, parquetio.WriterOptions{}, func(func(arrow.Record) error) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := names(t, l, "out"); got != "_started.json" {
		t.Errorf("there is %s", got)
	}
}

func TestPartsCoverAllRowGroupsInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var groups []RowGroup
		rows := int64(0)
		for i, n := range rapid.SliceOf(rapid.Int64Range(0, 50)).Draw(t, "row groups") {
			groups = append(groups, RowGroup{Index: i, FirstRow: rows, Rows: n})
			rows += n
		}
		target := rapid.Int64Range(1, 100).Draw(t, "target")
		parts := PlanParts(groups, target)
		group, row := 0, int64(0)
		for i, p := range parts {
			if p.Index != i || p.From != group || p.FirstRow != row || p.To < p.From || i < len(parts)-1 && p.Rows < target {
				t.Fatalf("part %+v at row group %d, row %d", p, group, row)
			}
			group, row = p.To, row+p.Rows
		}
		if group != len(groups) || row != rows {
			t.Fatalf("parts end at row group %d of %d, row %d of %d", group, len(groups), row, rows)
		}
	})
}
