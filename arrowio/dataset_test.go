package arrowio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

// onEveryStorage runs a test on local files and on a real S3 server, below an empty root.
func onEveryStorage(t *testing.T, test func(t *testing.T, store *storage.Store, root string)) {
	t.Helper()
	t.Run("files", func(t *testing.T) { test(t, storage.New(storage.Options{}), t.TempDir()) })
	t.Run("s3", func(t *testing.T) {
		server := s3server.Start(t)
		if err := server.Bucket("lake"); err != nil {
			t.Fatal(err)
		}
		test(t, storage.New(storage.Options{PathStyle: true}), "s3://lake/root")
	})
}

// columns makes a schema of "name type" texts; a type that ends in "?" is nullable.
func columns(texts ...string) *arrow.Schema {
	types := map[string]arrow.DataType{"int16": arrow.PrimitiveTypes.Int16, "int32": arrow.PrimitiveTypes.Int32, "uint32": arrow.PrimitiveTypes.Uint32, "int64": arrow.PrimitiveTypes.Int64,
		"float32": arrow.PrimitiveTypes.Float32, "float64": arrow.PrimitiveTypes.Float64, "string": arrow.BinaryTypes.String}
	var fields []arrow.Field
	for _, text := range texts {
		name, typ, _ := strings.Cut(text, " ")
		plain := strings.TrimSuffix(typ, "?")
		fields = append(fields, arrow.Field{Name: name, Type: types[plain], Nullable: plain != typ})
	}
	return arrow.NewSchema(fields, nil)
}

// parquetFile is a file of the rows of a JSON array.
func parquetFile(t testing.TB, schema *arrow.Schema, rows string, perGroup int64) []byte {
	t.Helper()
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	var file strings.Builder
	w, err := parquetio.NewWriter(&file, schema, parquetio.WriterOptions{RowGroupRows: perGroup})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return []byte(file.String())
}

func put(t testing.TB, store *storage.Store, uri string, data []byte) {
	t.Helper()
	if err := store.Write(t.Context(), uri, data, storage.Replace); err != nil {
		t.Fatal(err)
	}
}

// numbered puts files of one row each, whose column n is the file's place in the list from 1 on.
func numbered(t testing.TB, store *storage.Store, root string, names ...string) {
	t.Helper()
	for i, name := range names {
		put(t, store, storage.Join(root, name), parquetFile(t, columns("n int64"), fmt.Sprintf(`[{"n":%d}]`, i+1), 0))
	}
}

func open(t testing.TB, store *storage.Store, uris ...string) *Dataset {
	t.Helper()
	d, err := OpenDataset(t.Context(), store, uris)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// lines reads a dataset as a text a row, "number: value value", and releases everything.
func lines(t testing.TB, d *Dataset, o ReadOptions) []string {
	t.Helper()
	r, err := d.Read(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var all []string
	for {
		b, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(b.NumRows()) {
			row := fmt.Sprintf("%d:", b.FirstRow+int64(i))
			for _, c := range b.Columns() {
				row += " " + c.ValueStr(i)
			}
			all = append(all, row)
		}
		b.Release()
	}
}

func wantLines(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFilesAreFoundInLexicalOrderOnce(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		names := []string{"a.parquet", "b.parquet", "c-d/x.parquet", "c/x.pq", "c/y.parq", "d.parquet"}
		numbered(t, store, root, names...)
		for _, other := range []string{"_log.parquet", ".hidden.parquet", "_tmp/z.parquet", "c/.x/z.parquet", "notes.txt"} {
			put(t, store, storage.Join(root, other), []byte("not data"))
		}
		for _, marker := range []string{"_SUCCESS", "empty.parquet", "c/zero.parquet"} {
			put(t, store, storage.Join(root, marker), nil)
		}
		at := func(name string) string { return root + "/" + name }
		for _, c := range []struct {
			name string
			uris []string
			want []int // of names, from 1 on
		}{
			{"folder", []string{root}, []int{1, 2, 3, 4, 5, 6}},
			{"folder with a slash", []string{root + "/"}, []int{1, 2, 3, 4, 5, 6}},
			{"folder whose name begins another's", []string{at("c")}, []int{4, 5}},
			{"file", []string{at("b.parquet")}, []int{2}},
			{"glob", []string{at("*.parquet")}, []int{1, 2, 6}},
			{"glob that also matches what isn't data", []string{at("[_.ab]*")}, []int{1, 2}},
			{"glob over folders", []string{at("c*/x.*")}, []int{3, 4}},
			{"another spelling of the scheme", []string{otherScheme(root) + "/c*/x.*"}, []int{3, 4}},
			{"list in its own order", []string{at("d.parquet"), at("a.parquet")}, []int{6, 1}},
			{"list that repeats", []string{at("b.parquet"), root, at("b.parquet")}, []int{2, 1, 3, 4, 5, 6}},
		} {
			t.Run(c.name, func(t *testing.T) {
				var want []string
				for i, n := range c.want {
					want = append(want, fmt.Sprintf("%d: %d", i, n))
				}
				d := open(t, store, c.uris...)
				wantLines(t, lines(t, d, ReadOptions{}), want...)
				if d.Rows != int64(len(want)) || len(d.Inputs()) != len(want) {
					t.Errorf("%d rows, inputs %v", d.Rows, d.Inputs())
				}
			})
		}
	})
}

// otherScheme spells a URI's scheme in the other way that there is.
func otherScheme(uri string) string {
	if key, ok := strings.CutPrefix(uri, "s3://"); ok {
		return "s3a://" + key
	}
	return "file://" + uri
}

// TestSpellingsOfAPathFindTheSame: a path's spelling doesn't leak into what lies below it.
func TestSpellingsOfAPathFindTheSame(t *testing.T) {
	folder := filepath.Join(t.TempDir(), ".cache", "y=7")
	t.Chdir(t.TempDir())
	store := storage.New(storage.Options{})
	numbered(t, store, folder, "a.parquet", "b.parquet")
	numbered(t, store, "data", "a.parquet", "b.parquet")
	for _, uri := range []string{folder, "file://" + folder, "file://" + folder + "/*.parquet", folder + "//", "./data", "data", "./data/*", "data/../data", "./data/./?.parquet"} {
		t.Run(uri, func(t *testing.T) { wantLines(t, lines(t, open(t, store, uri), ReadOptions{}), "0: 1", "1: 2") })
	}
	wantLines(t, lines(t, open(t, store, "data", "./data/a.parquet"), ReadOptions{}), "0: 1", "1: 2")
	numbered(t, store, ".", "c.parquet", ".c.parquet", ".d.parquet")
	t.Chdir("data")
	numbered(t, store, ".", ".0.parquet")
	for _, uri := range []string{".", "./", "*", "*.parquet", "./*"} {
		t.Run(uri, func(t *testing.T) { wantLines(t, lines(t, open(t, store, uri), ReadOptions{}), "0: 1", "1: 2") })
	}
}

func TestHivePartitionsBecomeColumns(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		for _, c := range []struct {
			name  string
			files []string
			typ   arrow.DataType
			want  []string
		}{
			{"ints", []string{"p=-3/x.parquet", "p=10/x.parquet", "p=9/x.parquet"}, arrow.PrimitiveTypes.Int64, []string{"0: 1 -3", "1: 2 10", "2: 3 9"}},
			{"dates", []string{"p=2026-01-31/x.parquet", "p=2026-11-23/x.parquet"}, arrow.FixedWidthTypes.Date32, []string{"0: 1 2026-01-31", "1: 2 2026-11-23"}},
			{"strings", []string{"p=7/x.parquet", "p=north/x.parquet"}, arrow.BinaryTypes.String, []string{"0: 1 7", "1: 2 north"}},
			{"null", []string{"p=5/x.parquet", "p=__HIVE_DEFAULT_PARTITION__/x.parquet"}, arrow.PrimitiveTypes.Int64, []string{"0: 1 5", "1: 2 (null)"}},
			{"escapes", []string{"p=a%2Fb%20c/x.parquet", "p=ü%25/x.parquet"}, arrow.BinaryTypes.String, []string{"0: 1 a/b c", "1: 2 ü%"}},
			{"two levels", []string{"p=1/q=a/x.parquet", "p=2/q=a/x.parquet"}, arrow.PrimitiveTypes.Int64, []string{"0: 1 1 a", "1: 2 2 a"}},
			{"hidden name of a column", []string{"_p=1/x.parquet"}, arrow.PrimitiveTypes.Int64, []string{"0: 1 1"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				folder := storage.Join(root, strings.ReplaceAll(c.name, " ", "-"))
				numbered(t, store, folder, c.files...)
				d := open(t, store, folder)
				wantLines(t, lines(t, d, ReadOptions{}), c.want...)
				if f := d.Schema.Field(1); !arrow.TypeEqual(f.Type, c.typ) || !f.Nullable {
					t.Errorf("the partition's column is %v", f)
				}
			})
		}
	})
}

func TestAPartitionColumnCanBeReadAlone(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	numbered(t, store, root, "p=a/x.parquet", "p=b/x.parquet")
	wantLines(t, lines(t, open(t, store, root), ReadOptions{Columns: []string{"p"}}), "0: a", "1: b")
	wantLines(t, lines(t, open(t, store, root+"/p=*/x.parquet"), ReadOptions{Columns: []string{"p", "n"}}), "0: a 1", "1: b 2")
}

// TestAColumnOfTheFilesWinsOverThePath: the folder's name then only repeats it.
func TestAColumnOfTheFilesWinsOverThePath(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	numbered(t, store, root, "n=8/x.parquet", "n=9/x.parquet")
	wantLines(t, lines(t, open(t, store, root), ReadOptions{}), "0: 1", "1: 2")
}

func TestWithoutFilesTheErrorNamesThePlace(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		put(t, store, storage.Join(root, "full", "notes.txt"), []byte("hello"))
		put(t, store, storage.Join(root, "full", "_x.parquet"), []byte("hello"))
		for _, uri := range []string{root + "/full", root + "/missing", root + "/full/*.parquet", root + "/missing.parquet"} {
			_, err := OpenDataset(t.Context(), store, []string{uri})
			wantError(t, err, ErrNoFiles, uri)
		}
		_, err := OpenDataset(t.Context(), store, []string{root + "/full/[x"})
		wantError(t, err, nil, "[x", "malformed")
	})
}

// wantError checks an error's kind, that its text names what it should, and that it is one line.
func wantError(t testing.TB, err, kind error, names ...string) {
	t.Helper()
	if err == nil || kind != nil && !errors.Is(err, kind) {
		t.Errorf("got error %v, want %v", err, kind)
		return
	}
	for _, name := range names {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not name %s", err, name)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is not one line", err)
	}
}

func TestBadFilesAreNamed(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		good := parquetFile(t, columns("n int64"), `[{"n":1},{"n":2}]`, 0)
		for _, c := range []struct {
			name string
			data []byte
			want error
		}{
			{"text", []byte("id,value\n1,2\n"), parquetio.ErrNotParquet},
			{"tiny", []byte("P"), parquetio.ErrNotParquet},
			{"truncated", good[:len(good)-5], parquetio.ErrCorrupt},
			{"half", good[:len(good)/2], parquetio.ErrCorrupt},
		} {
			t.Run(c.name, func(t *testing.T) {
				folder := storage.Join(root, c.name)
				put(t, store, folder+"/a.parquet", good)
				put(t, store, folder+"/b.parquet", c.data)
				_, err := OpenDataset(t.Context(), store, []string{folder})
				wantError(t, err, c.want, folder+"/b.parquet")
			})
		}
	})
}

func TestSchemasThatDontFitAreNamed(t *testing.T) {
	store := storage.New(storage.Options{})
	for _, c := range []struct {
		name          string
		first, second []string
		column        string
	}{
		{"another type", []string{"n int64", "x float64"}, []string{"n int64", "x string"}, `"x"`},
		{"signed and unsigned", []string{"n int64", "x int32"}, []string{"n int64", "x uint32"}, `"x"`},
		{"nothing in common", []string{"n int64"}, []string{"x int64"}, `"n"`},
		{"another case", []string{"n int64", "x int64"}, []string{"N int64", "x int64"}, `"N"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			put(t, store, root+"/a.parquet", parquetFile(t, columns(c.first...), "[]", 0))
			put(t, store, root+"/b.parquet", parquetFile(t, columns(c.first...), "[]", 0))
			put(t, store, root+"/c.parquet", parquetFile(t, columns(c.second...), "[]", 0))
			_, err := OpenDataset(t.Context(), store, []string{root})
			wantError(t, err, ErrSchema, root+"/a.parquet", root+"/c.parquet", c.column)
		})
	}
	t.Run("other partitions", func(t *testing.T) {
		root := t.TempDir()
		numbered(t, store, root, "p=1/x.parquet", "q=1/x.parquet")
		_, err := OpenDataset(t.Context(), store, []string{root})
		wantError(t, err, ErrSchema, root+"/p=1/x.parquet", root+"/q=1/x.parquet", `"q"`)
	})
}

func TestColumnsThatChangeBetweenFiles(t *testing.T) {
	store := storage.New(storage.Options{})
	for _, c := range []struct {
		name          string
		first, second []string
		rows          [2]string
		want          []string
		schema        string
	}{
		{"added and missing", []string{"n int64", "x float64"}, []string{"y string", "n int64"}, [2]string{`[{"n":1,"x":0.5}]`, `[{"y":"b","n":2}]`},
			[]string{"0: 1 0.5 (null)", "1: 2 (null) b"}, "n int64, x float64?, y utf8?"},
		{"wider integers", []string{"n int32", "m int64"}, []string{"n int64", "m int16"}, [2]string{`[{"n":-1,"m":7}]`, `[{"n":8589934592,"m":-3}]`},
			[]string{"0: -1 7", "1: 8589934592 -3"}, "n int64, m int64"},
		{"integers and floats", []string{"n int32", "m float32"}, []string{"n float64?", "m int64"}, [2]string{`[{"n":3,"m":0.25}]`, `[{"n":null,"m":9}]`},
			[]string{"0: 3 0.25", "1: (null) 9"}, "n float64?, m float64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			put(t, store, root+"/a.parquet", parquetFile(t, columns(c.first...), c.rows[0], 0))
			put(t, store, root+"/b.parquet", parquetFile(t, columns(c.second...), c.rows[1], 0))
			d := open(t, store, root)
			checked := memory.NewCheckedAllocator(memory.NewGoAllocator())
			wantLines(t, lines(t, d, ReadOptions{Memory: checked}), c.want...)
			checked.AssertSize(t, 0)
			var schema []string
			for _, f := range d.Schema.Fields() {
				text := f.Name + " " + f.Type.String()
				if f.Nullable {
					text += "?"
				}
				schema = append(schema, text)
			}
			if got := strings.Join(schema, ", "); got != c.schema {
				t.Errorf("schema %s, want %s", got, c.schema)
			}
		})
	}
}

func TestReorderedAndWidenedColumnsAreReadRight(t *testing.T) {
	store, root := storage.New(storage.Options{}), t.TempDir()
	put(t, store, root+"/a.parquet", parquetFile(t, columns("n int64", "x float64", "s string"), `[{"n":1,"x":1.5,"s":"a"}]`, 0))
	put(t, store, root+"/b.parquet", parquetFile(t, columns("s string?", "x float64?", "n int64"), `[{"n":2,"x":null,"s":null},{"n":3,"x":3.5,"s":"c"}]`, 0))
	for _, files := range [][]string{{"a", "b"}, {"b", "a"}} {
		d := open(t, store, root+"/"+files[0]+".parquet", root+"/"+files[1]+".parquet")
		for name, nullable := range map[string]bool{"n": false, "x": true, "s": true} {
			if f, _ := d.Schema.FieldsByName(name); f[0].Nullable != nullable {
				t.Errorf("files %v: column %s is %v", files, name, f[0])
			}
		}
		want := []string{"0: a 1 1.5", "1: (null) 2 (null)", "2: c 3 3.5"}
		if files[0] == "b" {
			want = []string{"0: (null) 2 (null)", "1: c 3 3.5", "2: a 1 1.5"}
		}
		wantLines(t, lines(t, d, ReadOptions{Columns: []string{"s", "n", "x"}}), want...)
	}
}

func TestAChangedFileIsNoticed(t *testing.T) {
	onEveryStorage(t, func(t *testing.T, store *storage.Store, root string) {
		numbered(t, store, root, "a.parquet", "b.parquet")
		for _, c := range []struct {
			name   string
			change func(uri string) error
			want   error
		}{
			{"changed", func(uri string) error {
				return store.Write(t.Context(), uri, parquetFile(t, columns("n int64"), `[{"n":9}]`, 0), storage.Replace)
			}, storage.ErrChanged},
			{"deleted", func(uri string) error { return store.Delete(t.Context(), uri) }, storage.ErrNotFound},
		} {
			d, victim := open(t, store, root), storage.Join(root, "b.parquet")
			if err := c.change(victim); err != nil {
				t.Fatal(err)
			}
			r, err := d.Read(t.Context(), ReadOptions{})
			for err == nil {
				var b Batch
				if b, err = r.Next(); err == nil {
					b.Release()
				}
			}
			wantError(t, err, c.want, victim)
			r.Close()
		}
	})
}

func TestUnreadableFolderIsAnError(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	root := t.TempDir()
	if err := os.Chmod(root, 0); err != nil {
		t.Fatal(err)
	}
	_, err := OpenDataset(t.Context(), storage.New(storage.Options{}), []string{root})
	wantError(t, err, storage.ErrDenied, root)
}
