package arrowio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

// lake is a place with Parquet files.
type lake struct {
	root  string
	store *storage.Store
}

// lakes are a local one and, where a server can be had, one on S3.
func lakes(t *testing.T, test func(t *testing.T, l lake)) {
	t.Run("files", func(t *testing.T) { test(t, lake{t.TempDir(), storage.New(storage.Options{})}) })
	t.Run("s3", func(t *testing.T) {
		server := s3server.Start(t)
		if err := server.Bucket("lake"); err != nil {
			t.Fatal(err)
		}
		test(t, lake{"s3://lake/data", storage.New(storage.Options{PathStyle: true})})
	})
}

func (l lake) put(t testing.TB, name string, data []byte) {
	t.Helper()
	if err := l.store.Write(t.Context(), storage.Join(l.root, name), data, storage.Replace); err != nil {
		t.Fatal(err)
	}
}

// numbers is a file with the column n counting from first, and the columns given as 1, 2, 3 …
func numbers(t testing.TB, first, rows, rowGroup int, more ...arrow.Field) []byte {
	t.Helper()
	fields := append([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, more...)
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for i := range rows {
		for j := range fields {
			value := fmt.Sprint(j)
			if j == 0 {
				value = fmt.Sprint(first + i)
			}
			if err := b.Field(j).AppendValueFromString(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	var file bytes.Buffer
	w, err := parquetio.NewWriter(&file, b.Schema(), parquetio.WriterOptions{RowGroupRows: int64(rowGroup)})
	if err != nil {
		t.Fatal(err)
	}
	rec := b.NewRecord()
	defer rec.Release()
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// column reads one column of a dataset as text, and checks the rows' positions.
func column(t testing.TB, d *Dataset, name string, o ReadOptions) (values []string) {
	t.Helper()
	o.Columns = []string{name}
	r, err := d.Read(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	row := int64(0)
	if o.To > 0 {
		row = d.RowGroups()[o.From].FirstRow
	}
	for {
		b, err := r.Next()
		if err == io.EOF {
			return values
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.FirstRow != row {
			t.Fatalf("a batch begins at row %d, want %d", b.FirstRow, row)
		}
		for i := range int(b.NumRows()) {
			values = append(values, b.Column(0).ValueStr(i))
		}
		row += b.NumRows()
		b.Release()
	}
}

func TestDatasetsAreFound(t *testing.T) {
	lakes(t, func(t *testing.T, l lake) {
		for name, first := range map[string]int{"b.parquet": 20, "a.parquet": 10, "deep/er/c.parquet": 30, "day=2026-01-02/x.parquet": 40, "_temporary/z.parquet": 90, ".hidden.parquet": 91, "deep/_SUCCESS": 92} {
			l.put(t, "all/"+name, numbers(t, first, 2, 10))
		}
		l.put(t, "all/notes.txt", []byte("x"))
		l.put(t, "all/deep/empty.parquet", nil)
		for _, c := range []struct {
			uris []string
			want string
		}{
			{[]string{"all/a.parquet"}, "10 11"},
			{[]string{"all/b.parquet", "all/a.parquet"}, "20 21 10 11"},
			{[]string{"all/*.parquet"}, "10 11 20 21"},
			{[]string{"all/deep"}, "30 31"},
			{[]string{"all/deep/", "all/deep/er/c.parquet"}, "30 31"},
			{[]string{"all/d*/*/*.parquet"}, "30 31"},
		} {
			var uris []string
			for _, u := range c.uris {
				uris = append(uris, l.root+"/"+u)
			}
			d, err := OpenDataset(t.Context(), l.store, uris)
			if err != nil {
				t.Errorf("%v: %v", c.uris, err)
				continue
			}
			if got := strings.Join(column(t, d, "n", ReadOptions{}), " "); got != c.want {
				t.Errorf("%v gives %s, want %s", c.uris, got, c.want)
			}
		}
	})
}

func TestHivePartitionsAreColumns(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	for _, c := range []struct{ name, values, typ string }{
		{"day=2026-01-02,day=2026-01-03", "2026-01-02 2026-01-03", "date32"},
		{"k=7,k=-3", "-3 7", "int64"},
		{"k=7,k=__HIVE_DEFAULT_PARTITION__", "7 (null)", "int64"},
		{"c=a%20b,c=x", "a b x", "utf8"},
	} {
		for i, folder := range strings.Split(c.name, ",") {
			l.put(t, c.name+"/"+folder+"/f.parquet", numbers(t, i, 1, 10))
		}
		d, err := OpenDataset(t.Context(), l.store, []string{storage.Join(l.root, c.name)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		f := d.Schema.Field(1)
		if got := strings.Join(column(t, d, f.Name, ReadOptions{}), " "); got != c.values || f.Type.String() != c.typ {
			t.Errorf("%s: %s of type %s", c.name, got, f.Type)
		}
	}
}

func TestSchemasAreReconciledOrRefused(t *testing.T) {
	float := func(name string, nullable bool) arrow.Field {
		return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Float64, Nullable: nullable}
	}
	text := arrow.Field{Name: "x", Type: arrow.BinaryTypes.String}
	for _, c := range []struct {
		name          string
		first, second []arrow.Field
		want          string // "" for a dataset that opens
	}{
		{"another order", []arrow.Field{float("x", false), float("y", false)}, []arrow.Field{float("y", false), float("x", false)}, ""},
		{"nullable in one", []arrow.Field{float("x", false)}, []arrow.Field{float("x", true)}, ""},
		{"missing", []arrow.Field{float("x", false)}, nil, `column "x"`},
		{"added", nil, []arrow.Field{float("x", false)}, `column "x"`},
		{"another type", []arrow.Field{float("x", false)}, []arrow.Field{text}, `column "x" is float64`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := lake{t.TempDir(), storage.New(storage.Options{})}
			l.put(t, "a.parquet", numbers(t, 0, 2, 10, c.first...))
			l.put(t, "b.parquet", numbers(t, 2, 2, 10, c.second...))
			d, err := OpenDataset(t.Context(), l.store, []string{l.root})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Join(column(t, d, "n", ReadOptions{}), " "); got != "0 1 2 3" {
					t.Errorf("got %s", got)
				}
				f, _ := d.Schema.FieldsByName("x")
				if f[0].Nullable != (c.name == "nullable in one") {
					t.Errorf("x is nullable: %v", f[0].Nullable)
				}
				return
			}
			if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "a.parquet") || !strings.Contains(err.Error(), "b.parquet") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRowsDoNotDependOnBatches(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	l.put(t, "a.parquet", numbers(t, 0, 57, 10))
	l.put(t, "b.parquet", numbers(t, 57, 13, 100))
	l.put(t, "c.parquet", numbers(t, 70, 0, 100))
	d, err := OpenDataset(t.Context(), l.store, []string{l.root})
	if err != nil {
		t.Fatal(err)
	}
	want := column(t, d, "n", ReadOptions{})
	if len(want) != 70 || d.Rows != 70 {
		t.Fatalf("%d rows of %d", len(want), d.Rows)
	}
	rapid.Check(t, func(rt *rapid.T) {
		from := rapid.IntRange(0, len(d.RowGroups())-1).Draw(rt, "from")
		to := rapid.IntRange(from+1, len(d.RowGroups())).Draw(rt, "to")
		o := ReadOptions{From: from, To: to, BatchRows: rapid.IntRange(1, 80).Draw(rt, "batch"), Ahead: rapid.IntRange(1, 5).Draw(rt, "ahead")}
		first, last := d.RowGroups()[from], d.RowGroups()[to-1]
		if got := column(t, d, "n", o); strings.Join(got, " ") != strings.Join(want[first.FirstRow:last.FirstRow+last.Rows], " ") {
			rt.Fatalf("%+v gives %v", o, got)
		}
	})
}

func TestFileThatChangesOrGoesIsNoticed(t *testing.T) {
	lakes(t, func(t *testing.T, l lake) {
		l.put(t, "a.parquet", numbers(t, 0, 50, 10))
		open := func() *Dataset {
			d, err := OpenDataset(t.Context(), l.store, []string{l.root})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		first := func(d *Dataset) error {
			r, err := d.Read(t.Context(), ReadOptions{})
			if err != nil {
				return err
			}
			defer r.Close()
			b, err := r.Next()
			if err == nil {
				b.Release()
			}
			return err
		}
		d := open()
		l.put(t, "a.parquet", numbers(t, 7, 50, 10))
		if err := first(d); !errors.Is(err, storage.ErrChanged) || !strings.Contains(err.Error(), "a.parquet") {
			t.Errorf("a changed file: %v", err)
		}
		d = open()
		if err := l.store.Delete(t.Context(), storage.Join(l.root, "a.parquet")); err != nil {
			t.Fatal(err)
		}
		if err := first(d); !errors.Is(err, storage.ErrNotFound) || !strings.Contains(err.Error(), "a.parquet") {
			t.Errorf("a deleted file: %v", err)
		}
	})
}

func TestClosedReaderLeavesNoMemory(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	l.put(t, "a.parquet", numbers(t, 0, 500, 100))
	d, err := OpenDataset(t.Context(), l.store, []string{l.root})
	if err != nil {
		t.Fatal(err)
	}
	for batches := range 4 {
		m := memory.NewCheckedAllocator(memory.NewGoAllocator())
		r, err := d.Read(t.Context(), ReadOptions{BatchRows: 7, Memory: m})
		if err != nil {
			t.Fatal(err)
		}
		for range batches {
			b, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		r.Close()
		m.AssertSize(t, 0)
	}
}

func TestMissingColumnIsNamed(t *testing.T) {
	l := lake{t.TempDir(), storage.New(storage.Options{})}
	l.put(t, "a.parquet", numbers(t, 0, 5, 100))
	d, err := OpenDataset(t.Context(), l.store, []string{l.root})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read(t.Context(), ReadOptions{Columns: []string{"nix"}}); !errors.Is(err, ErrColumn) || !strings.Contains(err.Error(), `"nix"`) || !strings.Contains(err.Error(), `"n"`) {
		t.Errorf("got %v", err)
	}
}
