package parquetio

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"pgregory.net/rapid"
)

// flatTypes are all types that are written and read back as they were, with values as text.
var flatTypes = []struct {
	typ    arrow.DataType
	values []string
}{
	{arrow.FixedWidthTypes.Boolean, []string{"true", "false"}},
	{arrow.PrimitiveTypes.Int8, []string{"-128", "127", "0"}},
	{arrow.PrimitiveTypes.Int16, []string{"-32768", "32767"}},
	{arrow.PrimitiveTypes.Int32, []string{"-2147483648", "2147483647", "5"}},
	{arrow.PrimitiveTypes.Int64, []string{"-9223372036854775808", "9223372036854775807"}},
	{arrow.PrimitiveTypes.Uint8, []string{"255", "0"}},
	{arrow.PrimitiveTypes.Uint16, []string{"65535", "1"}},
	{arrow.PrimitiveTypes.Uint32, []string{"4294967295", "1"}},
	{arrow.PrimitiveTypes.Uint64, []string{"18446744073709551615", "1"}},
	{arrow.PrimitiveTypes.Float32, []string{"1.5", "-0.25", "3e38"}},
	{arrow.PrimitiveTypes.Float64, []string{"1.5", "-1e300"}},
	{arrow.BinaryTypes.String, []string{"", "a", "ünïcode", strings.Repeat("long ", 50)}},
	{arrow.BinaryTypes.Binary, []string{"AAEC", "/w=="}},
	{&arrow.FixedSizeBinaryType{ByteWidth: 3}, []string{"AAEC", "////"}},
	{&arrow.Decimal128Type{Precision: 38, Scale: 3}, []string{"-12345678901234567890123456789012345.678", "0.001", "7"}},
	{arrow.FixedWidthTypes.Date32, []string{"1969-12-31", "2026-11-23"}},
	{arrow.FixedWidthTypes.Time32ms, []string{"00:00:00.001", "23:59:59"}},
	{arrow.FixedWidthTypes.Time64us, []string{"00:00:00.000001", "23:59:59"}},
	{&arrow.TimestampType{Unit: arrow.Millisecond}, []string{"2026-11-23 10:00:00.001"}},
	{&arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, []string{"1960-01-01T00:00:00.000001Z"}},
	{&arrow.TimestampType{Unit: arrow.Nanosecond}, []string{"2026-11-23 10:00:00.000000001"}},
}

// drawRecord makes a record of some of the flat types, with nulls where a column may have them.
func drawRecord(t *rapid.T, m memory.Allocator) arrow.Record {
	rows := rapid.IntRange(0, 40).Draw(t, "rows")
	var fields []arrow.Field
	var columns []arrow.Array
	for i, at := range rapid.SliceOfN(rapid.IntRange(0, len(flatTypes)-1), 1, 6).Draw(t, "types") {
		f := arrow.Field{Name: string(rune('z' - i)), Type: flatTypes[at].typ, Nullable: rapid.Bool().Draw(t, "nullable")}
		b := array.NewBuilder(m, f.Type)
		for range rows {
			if f.Nullable && rapid.Bool().Draw(t, "null") {
				b.AppendNull()
			} else if err := b.AppendValueFromString(rapid.SampledFrom(flatTypes[at].values).Draw(t, "value")); err != nil {
				t.Fatal(err)
			}
		}
		fields, columns = append(fields, f), append(columns, b.NewArray())
		b.Release()
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(rows))
	for _, c := range columns {
		c.Release()
	}
	return rec
}

// written returns the file of a record that is written in pieces.
func written(t testing.TB, rec arrow.Record, piece int64, o WriterOptions) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, rec.Schema(), o)
	if err != nil {
		t.Fatal(err)
	}
	for from := int64(0); from < rec.NumRows(); from += piece {
		part := rec.NewSlice(from, min(from+piece, rec.NumRows()))
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
		part.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// readAll returns all records of a file, every column.
func readAll(data []byte, batch int, m memory.Allocator) (records []arrow.Record, err error) {
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name)
	}
	for g := range f.RowGroups() {
		r, err := f.Read(g, names, ReadOptions{BatchRows: batch, Memory: m})
		if err != nil {
			return records, err
		}
		defer r.Close()
		for {
			rec, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return records, err
			}
			records = append(records, rec)
		}
	}
	return records, nil
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := memory.NewCheckedAllocator(memory.NewGoAllocator())
		rec := drawRecord(rt, m)
		data := written(t, rec, 1000, WriterOptions{RowGroupRows: rapid.Int64Range(1, 50).Draw(rt, "row group")})
		batch := rapid.IntRange(1, 50).Draw(rt, "batch")
		records, err := readAll(data, batch, m)
		if err != nil {
			rt.Fatal(err)
		}
		row := int64(0)
		for _, got := range records {
			want := rec.NewSlice(row, row+got.NumRows())
			if !array.RecordEqual(got, want) || !got.Schema().Equal(rec.Schema()) {
				rt.Fatalf("rows %d and on: wrote %v, read %v", row, want, got)
			}
			row += got.NumRows()
			want.Release()
			got.Release()
		}
		if row != rec.NumRows() {
			rt.Fatalf("%d rows came back of %d", row, rec.NumRows())
		}
		rec.Release()
		m.AssertSize(t, 0)
	})
}

func TestBytesDoNotDependOnBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rec := drawRecord(rt, memory.DefaultAllocator)
		o := WriterOptions{RowGroupRows: rapid.Int64Range(1, 50).Draw(rt, "row group"), Metadata: map[string]string{"b": "1", "a": "2"}}
		if !bytes.Equal(written(t, rec, 1000, o), written(t, rec, rapid.Int64Range(1, 9).Draw(rt, "piece"), o)) {
			rt.Fatal("the file depends on the pieces it was written in")
		}
	})
}

// export makes a record as the job's exports are: an id, an embedding, a score and a struct of scores.
func export(rows int) arrow.Record {
	ids, scores := array.NewInt64Builder(memory.DefaultAllocator), array.NewFloat32Builder(memory.DefaultAllocator)
	items := array.NewFloat32Builder(memory.DefaultAllocator)
	members := arrow.StructOf(arrow.Field{Name: "b", Type: arrow.PrimitiveTypes.Float32, Nullable: true}, arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Float32, Nullable: true})
	columns := array.NewStructBuilder(memory.DefaultAllocator, members)
	for i := range rows {
		ids.Append(int64(i))
		items.AppendValues([]float32{float32(10 * i), float32(10*i + 1), float32(10*i + 2)}, nil)
		columns.Append(true)
		columns.FieldBuilder(0).(*array.Float32Builder).Append(float32(i))
		if i%3 == 0 {
			scores.AppendNull()
			columns.FieldBuilder(1).AppendNull()
		} else {
			scores.Append(float32(i) / 2)
			columns.FieldBuilder(1).(*array.Float32Builder).Append(-float32(i))
		}
	}
	// Arrow's builder of fixed-size lists can't make lists without nulls.
	list := arrow.FixedSizeListOfNonNullable(3, arrow.PrimitiveTypes.Float32)
	embeddings := array.NewFixedSizeListData(array.NewData(list, rows, []*memory.Buffer{nil}, []arrow.ArrayData{items.NewArray().Data()}, 0, 0))
	return array.NewRecord(arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "embedding", Type: list},
		{Name: "score", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		{Name: "column_scores", Type: members},
	}, nil), []arrow.Array{ids.NewArray(), embeddings, scores.NewArray(), columns.NewArray()}, int64(rows))
}

func TestExportsAreReadBack(t *testing.T) {
	rec := export(2500)
	data := written(t, rec.NewSlice(7, 2500), 331, WriterOptions{RowGroupRows: 900})
	records, err := readAll(data, 200, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	row := 7
	for _, got := range records {
		for i := range int(got.NumRows()) {
			for j := range 4 {
				if want := rec.Column(j).ValueStr(row); got.Column(j).ValueStr(i) != want {
					t.Fatalf("row %d, %s: %s, want %s", row, rec.ColumnName(j), got.Column(j).ValueStr(i), want)
				}
			}
			row++
		}
	}
	if row != 2500 {
		t.Errorf("%d rows came back", row-7)
	}
}

func TestFooterKeepsMetadataAndOrderOfColumns(t *testing.T) {
	data := written(t, export(3), 3, WriterOptions{Metadata: map[string]string{"lacuna.model": "abc"}, Version: "1.2.3"})
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := f.Metadata("lacuna.model"); !ok || v != "abc" {
		t.Errorf("metadata %q, %v", v, ok)
	}
	var names []string
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name)
	}
	if !slices.Equal(names, []string{"id", "embedding", "score", "column_scores"}) {
		t.Errorf("columns %v", names)
	}
	if !bytes.Contains(data, []byte("lacuna version 1.2.3")) {
		t.Error("created_by does not name Lacuna and its version")
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	whole := written(t, export(100), 100, WriterOptions{})
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":              {nil, ErrNotParquet},
		"text":               {[]byte("id,name\n1,a\n"), ErrNotParquet},
		"two bytes":          {[]byte("PA"), ErrNotParquet},
		"only magic":         {[]byte("PAR1PAR1"), ErrCorrupt},
		"cut by a byte":      {whole[:len(whole)-1], ErrCorrupt},
		"cut in half":        {whole[:len(whole)/2], ErrCorrupt},
		"footer of nonsense": {append(slices.Clone(whole[:len(whole)-40]), whole[len(whole)-8:]...), ErrCorrupt},
	} {
		if _, err := Open(bytes.NewReader(c.data), int64(len(c.data))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStorageErrorsArePassedOn(t *testing.T) {
	whole := written(t, export(100), 100, WriterOptions{})
	broken := errors.New("the network is down")
	for n := range 20 {
		r := &failingReader{data: whole, after: n, err: broken}
		f, err := Open(r, int64(len(whole)))
		if err == nil {
			var reader *Reader
			if reader, err = f.Read(0, []string{"id", "embedding"}, ReadOptions{BatchRows: 10, Memory: memory.DefaultAllocator}); err == nil {
				for err == nil {
					_, err = reader.Next()
				}
				reader.Close()
			}
		}
		if n < r.reads && !errors.Is(err, broken) {
			t.Errorf("read %d failed: %v", n, err)
		}
	}
}

// failingReader fails every read after the first so many.
type failingReader struct {
	data         []byte
	after, reads int
	err          error
}

func (r *failingReader) ReadAt(p []byte, off int64) (int, error) {
	if r.reads++; r.reads > r.after {
		return 0, r.err
	}
	return bytes.NewReader(r.data).ReadAt(p, off)
}

// FuzzRead damages files: whatever comes, reading ends without a panic.
func FuzzRead(f *testing.F) {
	f.Add(written(f, export(50), 50, WriterOptions{RowGroupRows: 20}))
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := readAll(data, 16, memory.DefaultAllocator)
		for _, r := range records {
			r.Release()
		}
		if err != nil && strings.Contains(err.Error(), "\n\n") {
			t.Errorf("more than a message: %v", err)
		}
	})
}

func TestEveryFlippedFooterByteIsSurvived(t *testing.T) {
	whole := written(t, export(30), 30, WriterOptions{})
	for i := len(whole) - 400; i < len(whole); i++ {
		damaged := slices.Clone(whole)
		damaged[i] ^= 0x55
		if records, err := readAll(damaged, 16, memory.DefaultAllocator); err == nil && len(records) > 10 {
			t.Errorf("byte %d: %d records of 16 rows from a file of 30", i, len(records))
		}
	}
}

// dataFolder finds the evaluation data, or skips the test.
func dataFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("LACUNA_DATA")
	if folder == "" {
		folder = "../../../shared/data"
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the evaluation data is not here; set LACUNA_DATA to its folder")
	}
	return folder
}

// TestFilesOfDuckDBAreRead reads real files that another implementation wrote; the figures are DuckDB's own.
func TestFilesOfDuckDBAreRead(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(dataFolder(t), "customers", "bank_customers.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(data, 1000, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	rows, nulls, sum := int64(0), 0, 0.0
	for _, r := range records {
		rows += r.NumRows()
		nulls += r.Column(r.Schema().FieldIndices("Education_Level")[0]).NullN()
		for _, v := range r.Column(r.Schema().FieldIndices("Credit_Limit")[0]).(*array.Float64).Float64Values() {
			sum += v
		}
	}
	if rows != 10127 || nulls != 1519 || int64(sum) != 87415795 {
		t.Errorf("%d rows, %d customers of unknown education, credit limits of %v", rows, nulls, sum)
	}
}

// TestDamagedListsNeverGiveRowsOfElsewhere damages a page where batches end with pages: no record holds another row's list.
func TestDamagedListsNeverGiveRowsOfElsewhere(t *testing.T) {
	whole, failed := written(t, export(60_000), 60_000, WriterOptions{}), 0
	for at := 1000; at < len(whole)-2000; at += len(whole) / 40 {
		damaged := slices.Clone(whole)
		for i := range 16 {
			damaged[at+i] ^= 0xa5
		}
		if err := checkLists(t, damaged, 2048); err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no damage hit the lists")
	}
}

// checkLists reads the embeddings of an export, and fails where a record's first list is not its own.
func checkLists(t *testing.T, data []byte, batch int) error {
	t.Helper()
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	r, err := f.Read(0, []string{"embedding"}, ReadOptions{BatchRows: batch, Memory: memory.DefaultAllocator})
	if err != nil {
		return err
	}
	defer r.Close()
	for row := int64(0); ; {
		rec, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if first := rec.Column(0).(*array.List).ListValues().(*array.Float32).Value(0); first != float32(10*row) {
			t.Errorf("row %d holds the list of row %v", row, first/10)
		}
		row += rec.NumRows()
		rec.Release()
	}
}

func TestNullsInRequiredColumnsAreRefused(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{{Name: "id", Type: arrow.PrimitiveTypes.Int64}}, nil)
	b := array.NewInt64Builder(memory.DefaultAllocator)
	b.AppendValues([]int64{1, 2}, []bool{true, false})
	w, err := NewWriter(io.Discard, schema, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Write(array.NewRecord(schema, []arrow.Array{b.NewArray()}, 2))
	if err == nil || !strings.Contains(err.Error(), `column "id"`) {
		t.Errorf("a null in a required column: %v", err)
	}
}

// TestFooterLengthsBeyondTheFileAreRefused says so before a buffer of that length is made.
func TestFooterLengthsBeyondTheFileAreRefused(t *testing.T) {
	damaged := written(t, export(3), 3, WriterOptions{})
	damaged[len(damaged)-5] = 0x7f
	_, err := Open(bytes.NewReader(damaged), int64(len(damaged)))
	if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "a footer of") {
		t.Errorf("a footer of 2 GB: %v", err)
	}
}
