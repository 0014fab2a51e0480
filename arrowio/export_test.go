package arrowio

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

func identity(job string) Identity {
	return Identity{Version: "test", Job: job, ModelFingerprint: "f", Inputs: []Input{{URI: "in.parquet", ETag: "e", Size: 3, Rows: 6}}, Rows: 6}
}

// fillWith writes rows [from, to) in one record.
func fillWith(t testing.TB, from, to int64) func(write func(arrow.Record) error) error {
	return func(write func(arrow.Record) error) error {
		rows, _ := rowsOf(from, to)
		rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, columns("n int64", "x float64?", "s string"), strings.NewReader(rows))
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Release()
		return write(rec)
	}
}

// part writes part i, which has rows 3i to 3i+2.
func part(t testing.TB, e *Export, i int) PartInfo {
	t.Helper()
	if err := e.WritePart(t.Context(), i, columns("n int64", "x float64?", "s string"), parquetio.WriterOptions{}, fillWith(t, int64(3*i), int64(3*i+3))); err != nil {
		t.Fatal(err)
	}
	info, err := e.info(t.Context(), partName(i))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// commit finishes an export of so many parts, which are all there.
func commit(t testing.TB, e *Export, parts int) Manifest {
	t.Helper()
	m, err := e.Commit(t.Context(), parts)
	if err != nil || m == nil {
		t.Fatalf("%v, %v", m, err)
	}
	return *m
}

func begin(t testing.TB, store *storage.Store, uri string, id Identity) *Export {
	t.Helper()
	e, err := OpenExport(t.Context(), store, uri, id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// wantFiles checks the names below a place.
func wantFiles(t testing.TB, store *storage.Store, uri string, want ...string) {
	t.Helper()
	var got []string
	for o, err := range store.List(t.Context(), uri) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, storage.Base(o.URI))
	}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestAnExportClaimsWritesAndCommits(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		out := storage.Join(root, "out")
		e := begin(t, store, out, identity("a"))
		if e.Begun() || e.Finished() != nil {
			t.Error("a new export says that it was begun before")
		}
		wantFiles(t, store, out, "_started.json")
		parts := []PartInfo{part(t, e, 0), part(t, e, 1)}
		wantFiles(t, store, out, "_started.json", "_part-00000.parquet.json", "part-00000.parquet", "_part-00001.parquet.json", "part-00001.parquet")
		commit(t, e, 2)
		wantFiles(t, store, out, "_started.json", "part-00000.parquet", "part-00001.parquet", "_manifest.json", "_SUCCESS")

		_, want := rowsOf(0, 6)
		wantLines(t, lines(t, open(t, store, out), ReadOptions{}), want...)
		wantLines(t, lines(t, open(t, store, out+"/*"), ReadOptions{}), want...)
		data, err := store.Read(t.Context(), storage.Join(out, ManifestFile), 1<<20)
		var m Manifest
		if err = errors.Join(err, json.Unmarshal(data, &m)); err != nil || m.Format != ManifestFormat || m.Job != "a" || !slices.Equal(m.Parts, parts) || parts[1].Rows != 3 || len(parts[1].SHA256) != 64 {
			t.Errorf("manifest %+v, %v", m, err)
		}

		again := begin(t, store, out, identity("a"))
		if !again.Begun() || again.Finished() == nil || !reflect.DeepEqual(*again.Finished(), m) {
			t.Errorf("found finished: %+v, want %+v", again.Finished(), m)
		}
	})
}

// TestSuccessComesLast: without it, even with a manifest, the export isn't finished; where the manifest can't be
// written, there is no _SUCCESS.
func TestSuccessComesLast(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		e := begin(t, store, root, identity("a"))
		part(t, e, 0)
		commit(t, e, 1)
		if err := store.Delete(t.Context(), storage.Join(root, "_SUCCESS")); err != nil {
			t.Fatal(err)
		}
		again := begin(t, store, root, identity("a"))
		if again.Finished() != nil {
			t.Error("finished without _SUCCESS")
		}
		commit(t, again, 1)
		if begin(t, store, root, identity("a")).Finished() == nil {
			t.Error("not finished after the second commit")
		}
	})
	store, root := storage.New(storage.Options{}), t.TempDir()
	e := begin(t, store, root, identity("a"))
	put(t, store, root+"/"+ManifestFile+"/in-the-way", []byte("x")) // a folder has the manifest's name
	if _, err := e.Commit(t.Context(), 0); err == nil {
		t.Error("committed without a manifest")
	}
	if _, err := store.Stat(t.Context(), root+"/_SUCCESS"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("_SUCCESS without a manifest: %v", err)
	}
}

func TestTheSameJobContinues(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		first := part(t, begin(t, store, root, identity("a")), 0)
		uri := storage.Join(root, first.Name)
		before, err := store.Stat(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		e := begin(t, store, root, identity("a"))
		if !e.Begun() || e.Finished() != nil {
			t.Error("want an export that was begun and isn't finished")
		}
		err = e.WritePart(t.Context(), 0, columns("n int64"), parquetio.WriterOptions{}, func(func(arrow.Record) error) error {
			t.Error("a part that is there was made again")
			return nil
		})
		if found := part(t, e, 0); err != nil || found != first {
			t.Errorf("found %+v, %v; want %+v", found, err, first)
		}
		if after, err := store.Stat(t.Context(), uri); err != nil || after != before {
			t.Errorf("the part's object was %+v and is %+v, %v", before, after, err)
		}
		part(t, e, 1)
		commit(t, e, 2)
		_, want := rowsOf(0, 6)
		wantLines(t, lines(t, open(t, store, root), ReadOptions{}), want...)
	})
}

// TestTwoAttemptsOfOneJobShareTheirParts: the slower one finds the faster one's part, which has the same bytes.
func TestTwoAttemptsOfOneJobShareTheirParts(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		one, other := begin(t, store, root, identity("a")), begin(t, store, root, identity("a"))
		if a, b := part(t, one, 0), part(t, other, 0); a != b {
			t.Errorf("parts %+v and %+v", a, b)
		}
		wantFiles(t, store, root, "_part-00000.parquet.json", "_started.json", "part-00000.parquet")
	})
}

func TestWhatAnotherJobWroteIsLeftAlone(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		part(t, begin(t, store, storage.Join(root, "begun"), identity("a")), 0)
		for name, file := range map[string]string{"foreign": "notes.txt", "parts": "part-00000.parquet", "nested": "out/part-00000.parquet", "claim": "out/_started.json", "report": "sub/report.html"} {
			put(t, store, storage.Join(root, name, file), []byte("theirs"))
		}
		changed := identity("a")
		changed.Inputs[0].ETag = "other"
		for _, c := range []struct {
			place string
			id    Identity
		}{
			{"begun", identity("b")}, {"begun", changed}, {"foreign", identity("a")}, {"parts", identity("a")},
			{"nested", identity("a")}, {"claim", identity("a")}, {"report", identity("a")},
		} {
			uri := storage.Join(root, c.place)
			_, err := OpenExport(t.Context(), store, uri, c.id)
			wantError(t, err, ErrOutputExists, uri, "choose another output.uri")
		}
		wantFiles(t, store, storage.Join(root, "foreign"), "notes.txt")
		wantFiles(t, store, storage.Join(root, "begun"), "_part-00000.parquet.json", "_started.json", "part-00000.parquet")
	})
}

// TestAForeignFileStopsAContinuedJobToo, while the report may stand there.
func TestAForeignFileStopsAContinuedJobToo(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		put(t, store, storage.Join(root, ReportFile), []byte("<html>"))
		part(t, begin(t, store, root, identity("a")), 0)
		begin(t, store, root+"/", identity("a"))
		put(t, store, storage.Join(root, "theirs.csv"), []byte("1,2"))
		_, err := OpenExport(t.Context(), store, root, identity("a"))
		wantError(t, err, ErrOutputExists, "theirs.csv")
	})
}

func TestAPartThatFailsIsNotVisible(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		e := begin(t, store, root, identity("a"))
		broken := errors.New("the model broke")
		err := e.WritePart(t.Context(), 0, columns("n int64", "x float64?", "s string"), parquetio.WriterOptions{RowGroupRows: 2}, func(write func(arrow.Record) error) error {
			return errors.Join(fillWith(t, 0, 50)(write), broken)
		})
		wantError(t, err, broken)
		wantFiles(t, store, root, "_started.json")
		if info := part(t, e, 0); info.Rows != 3 {
			t.Errorf("the next attempt gives %+v", info)
		}
	})
}

func TestOfTwoJobsOneGetsThePlace(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		for round := range 5 {
			uri, errs := storage.Join(root, fmt.Sprint(round)), make([]error, 4)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() { _, errs[i] = OpenExport(t.Context(), store, uri, identity(fmt.Sprint(i))) })
			}
			wait.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else {
					wantError(t, err, ErrOutputExists, uri)
				}
			}
			if won != 1 {
				t.Errorf("%d jobs got the place: %v", won, errs)
			}
		}
	})
}

func TestCheckExportChangesNothing(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		e, err := CheckExport(t.Context(), store, root, nil)
		if err != nil || e.Begun() {
			t.Errorf("%+v, %v", e, err)
		}
		wantFiles(t, store, root)
		part(t, begin(t, store, root, identity("a")), 0)
		if e, err = CheckExport(t.Context(), store, root, nil); err != nil || !e.Begun() {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

// TestTheLastShardCommits: until every part is there, nobody does; then anybody may, more than one too, and what they
// leave is what one process leaves.
func TestTheLastShardCommits(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		one, other := begin(t, store, root, identity("a")), begin(t, store, root, identity("a"))
		part(t, one, 1)
		if m, err := one.Commit(t.Context(), 2); m != nil || err != nil {
			t.Errorf("committed without part 0: %v, %v", m, err)
		}
		part(t, other, 0)
		var wait sync.WaitGroup
		found, errs := make([]*Manifest, 2), make([]error, 2)
		for i, e := range []*Export{one, other} {
			wait.Go(func() { found[i], errs[i] = e.Commit(t.Context(), 2) })
		}
		wait.Wait()
		if err := errors.Join(errs...); err != nil || !reflect.DeepEqual(found[0], found[1]) || len(found[0].Parts) != 2 || found[0].Parts[1].Rows != 3 {
			t.Errorf("manifests %+v and %+v, %v", found[0], found[1], err)
		}
		wantFiles(t, store, root, "_SUCCESS", "_manifest.json", "_started.json", "part-00000.parquet", "part-00001.parquet")
	})
}
