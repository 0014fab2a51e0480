package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/model/cpu"
	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
	"github.com/lacuna-ml/lacuna/model/random"
)

// testTable makes n rows of five columns that tell much of each other: x, 2x + noise, a category by x's third, whether
// the category is the first, and a count; every seventh value of the second and third column is null.
func testTable(n int) arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "x", Type: arrow.PrimitiveTypes.Float64},
		{Name: "twice", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
		{Name: "third", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "first", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "count", Type: arrow.PrimitiveTypes.Int64},
	}, nil))
	defer b.Release()
	for i := range n {
		s := random.New(1, random.Demo, uint64(i))
		x := s.Float64() * 3
		b.Field(0).(*array.Float64Builder).Append(x)
		if i%7 == 3 {
			b.Field(1).AppendNull()
			b.Field(2).AppendNull()
		} else {
			b.Field(1).(*array.Float32Builder).Append(float32(2*x + 0.1*s.Normal()))
			b.Field(2).(*array.StringBuilder).Append([]string{"low", "middle", "high"}[int(x)])
		}
		b.Field(3).(*array.BooleanBuilder).Append(x < 1)
		b.Field(4).(*array.Int64Builder).Append(int64(10 * x))
	}
	return b.NewRecord()
}

// configs are small models of every kind.
func configs() map[string]Config {
	return map[string]Config{
		"tabular": {Kind: "tabular", Seed: 5, MaskRatio: 0.5, Tabular: &TabularOptions{},
			Architecture: Architecture{Dim: 16, Depth: 1, Heads: 2, DecoderDim: 8, DecoderDepth: 1, DecoderHeads: 2}},
		"standard": {Kind: "standard", Seed: 5, MaskRatio: 0.4, Standard: &StandardOptions{Layers: []int{24}, Bottleneck: 6}},
	}
}

func options(rows int64) TrainOptions {
	return TrainOptions{Epochs: 12, BatchRows: 64, LearningRate: 5e-3, WeightDecay: 0.01, Warmup: 0.1, ClipNorm: 1,
		Validation: 0.1, Memory: 1 << 30, Rows: rows}
}

func withRows(o TrainOptions, rows int64) TrainOptions {
	o.Rows = rows
	return o
}

// pieces gives a record in pieces of at most size rows.
func pieces(rec arrow.Record, size int64) Source {
	return func(_ context.Context, yield func(arrow.Record, int64) error) error {
		for from := int64(0); from < rec.NumRows(); from += size {
			piece := rec.NewSlice(from, min(from+size, rec.NumRows()))
			err := yield(piece, from)
			piece.Release()
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func profiled(t *testing.T, rec arrow.Record) *profile.Profile {
	t.Helper()
	b, err := profile.NewBuilder(rec.Schema(), profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(rec); err != nil {
		t.Fatal(err)
	}
	return b.Finish()
}

func device(t *testing.T, threads int) program.Device {
	t.Helper()
	d, err := cpu.New(threads)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func train(t *testing.T, c Config, rec arrow.Record, threads int, piece int64, o TrainOptions) *Model {
	t.Helper()
	m, err := Train(context.Background(), c, profiled(t, rec), device(t, threads), pieces(rec, piece), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTrainingLearnsWhatColumnsTellOfEachOther(t *testing.T) {
	rec := testTable(2000)
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			m := train(t, c, rec, 2, 500, options(2000))
			first, best := m.History.Epochs[0], m.History.Epochs[m.History.Best-1]
			if *best.Validation > 0.7**first.Validation {
				t.Errorf("validation loss went from %v to %v only", *first.Validation, *best.Validation)
			}
			for _, column := range m.History.Columns {
				if column.Loss > 0.8*column.Baseline {
					t.Errorf("column %s: loss %v, against %v without looking at the others", column.Name, column.Loss, column.Baseline)
				}
			}
		})
	}
}

// files returns a model's files joined, to compare two models byte by byte.
func files(t *testing.T, m *Model) []byte {
	t.Helper()
	list, err := m.Files()
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, f := range list {
		all = append(all, f.Data...)
	}
	return all
}

func TestModelDoesNotDependOnThreadsOrPieces(t *testing.T) {
	rec, o := testTable(700), options(700)
	o.Epochs = 3
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			want := files(t, train(t, c, rec, 1, 700, o))
			for _, run := range []struct {
				threads int
				piece   int64
			}{{2, 700}, {5, 7}, {1, 1}} {
				if got := files(t, train(t, c, rec, run.threads, run.piece, o)); !bytes.Equal(got, want) {
					t.Errorf("on %d threads, read in pieces of %d rows, the model differs", run.threads, run.piece)
				}
			}
		})
	}
}

func TestRowsBeyondMemoryAreTrainedInWindows(t *testing.T) {
	rec, o := testTable(700), options(700)
	o.Epochs, o.Memory, o.Segments = 3, 200*28, 3
	c := configs()["tabular"]
	small := train(t, c, rec, 1, 700, o)
	if again := train(t, c, rec, 2, 9, o); !bytes.Equal(files(t, small), files(t, again)) {
		t.Error("pieces or threads change the model")
	}
	o.Memory = 1 << 30
	if whole := train(t, c, rec, 1, 700, o); bytes.Equal(files(t, small), files(t, whole)) {
		t.Error("the memory bound had no effect: the test shows nothing")
	}
	if baseline := small.History.Columns[0].Baseline; small.Segments == nil || math.Abs(baseline-1) > 0.3 {
		t.Errorf("segments %v, baseline of x %v", small.Segments, baseline)
	}
	o.Memory = 64 * 28 // a whole number of batches: the last window of an epoch is full
	if o.Validation = 0; train(t, c, testTable(640), 1, 700, withRows(o, 640)).Segments == nil {
		t.Error("no segments where windows come out even")
	}
	if small.History.Rows+small.History.ValidationRows != 700 {
		t.Errorf("%d rows trained on and %d held out, of 700", small.History.Rows, small.History.ValidationRows)
	}
}

func TestSampleOfRowsIsLearntFrom(t *testing.T) {
	rec, o := testTable(700), options(700)
	o.Epochs, o.Sample = 2, 200
	c := configs()["tabular"]
	m := train(t, c, rec, 1, 700, o)
	if rows := m.History.Rows + m.History.ValidationRows; rows < 150 || rows > 250 {
		t.Errorf("%d rows were learnt from, want about 200", rows)
	}
	if again := train(t, c, rec, 2, 13, o); !bytes.Equal(files(t, m), files(t, again)) {
		t.Error("pieces or threads change which rows are drawn")
	}
}

func TestResultsDoNotDependOnChunks(t *testing.T) {
	rec, o := testTable(300), options(300)
	o.Epochs = 2
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			m := train(t, c, rec, 1, 300, o)
			whole := apply(t, m, rec, 300, 1)
			for _, chunk := range []int64{1, 7, 64} {
				if got := apply(t, m, rec, chunk, 2); got != whole {
					t.Errorf("in chunks of %d rows the results differ", chunk)
				}
			}
		})
	}
}

var everything = ApplyOptions{Embedding: true, Score: true, ColumnScores: true, Restored: true, Masks: 4}

// apply returns the printed results of a record applied in chunks, row by row.
func apply(t *testing.T, m *Model, rec arrow.Record, chunk int64, threads int) string {
	t.Helper()
	a, text := NewApplier(m, device(t, threads), everything), ""
	err := pieces(rec, chunk)(context.Background(), func(piece arrow.Record, firstRow int64) error {
		columns, err := a.Apply(context.Background(), piece, firstRow)
		if err != nil {
			return err
		}
		defer release(columns)
		for i := range int(piece.NumRows()) {
			for _, c := range columns {
				text += c.ValueStr(i) + " "
			}
			text += "\n"
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSavedModelIsTheSameModel(t *testing.T) {
	rec, o := testTable(200), options(200)
	o.Epochs = 1
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			m := train(t, c, rec, 1, 200, o)
			list, err := m.Files()
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := Load(func(name string) ([]byte, error) {
				i := slices.IndexFunc(list, func(f File) bool { return f.Name == name })
				return list[i].Data, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(files(t, m), files(t, loaded)) {
				t.Error("files of the loaded model differ")
			}
			if apply(t, m, rec, 200, 1) != apply(t, loaded, rec, 200, 1) {
				t.Error("results of the loaded model differ")
			}
		})
	}
}

func TestDamagedModelIsRefused(t *testing.T) {
	o := options(200)
	o.Epochs = 1
	m := train(t, configs()["tabular"], testTable(200), 1, 200, o)
	list, err := m.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range list {
		for _, size := range []int{0, 9, len(damaged.Data) / 2} {
			_, err := Load(func(name string) ([]byte, error) {
				i := slices.IndexFunc(list, func(f File) bool { return f.Name == name })
				if name == damaged.Name {
					return list[i].Data[:size], nil
				}
				return list[i].Data, nil
			})
			if !errors.Is(err, ErrModel) {
				t.Errorf("%s cut to %d bytes: %v", damaged.Name, size, err)
			}
		}
	}
}

func TestOtherColumnsAreRefused(t *testing.T) {
	o := options(200)
	o.Epochs = 1
	rec := testTable(200)
	m := train(t, configs()["tabular"], rec, 1, 200, o)
	schema := arrow.NewSchema(rec.Schema().Fields()[:4], nil)
	without := array.NewRecord(schema, rec.Columns()[:4], 200)
	_, err := NewApplier(m, device(t, 1), everything).Apply(context.Background(), without, 0)
	if !errors.Is(err, ErrColumns) {
		t.Errorf("a missing column: %v", err)
	}
}

func TestOneColumnIsNothingToLearnFrom(t *testing.T) {
	rec := testTable(100)
	one := array.NewRecord(arrow.NewSchema(rec.Schema().Fields()[:1], nil), rec.Columns()[:1], 100)
	for name, c := range configs() {
		_, err := Train(context.Background(), c, profiled(t, one), device(t, 1), pieces(one, 100), options(100))
		if !errors.Is(err, ErrNoColumns) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnseenCategoryIsAppliedAndLooksUnusual(t *testing.T) {
	rec := testTable(2000)
	m := train(t, configs()["tabular"], rec, 2, 2000, options(2000))
	strange := array.NewStringBuilder(memory.DefaultAllocator)
	for range 100 {
		strange.Append("never seen")
	}
	piece := rec.NewSlice(0, 100)
	columns := slices.Clone(piece.Columns())
	columns[2] = strange.NewArray()
	scored := func(rec arrow.Record) (mean float64) {
		out, err := NewApplier(m, device(t, 1), ApplyOptions{Score: true, Masks: 4}).Apply(context.Background(), rec, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range out[0].(*array.Float32).Float32Values() {
			mean += float64(v) / 100
		}
		return mean
	}
	if usual, unusual := scored(piece), scored(array.NewRecord(rec.Schema(), columns, 100)); unusual < 2*usual {
		t.Errorf("mean score %v with unseen categories, %v without", unusual, usual)
	}
}

func TestRestoredColumnsKeepObservedCellsAndFillTheRest(t *testing.T) {
	rec := testTable(1000)
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			m := train(t, c, rec, 2, 1000, options(1000))
			columns, err := NewApplier(m, device(t, 1), ApplyOptions{Restored: true}).Apply(context.Background(), rec, 0)
			if err != nil {
				t.Fatal(err)
			}
			right := 0
			for j, column := range columns {
				original := rec.Column(j)
				if !arrow.TypeEqual(column.DataType(), original.DataType()) || column.NullN() > 0 {
					t.Errorf("%s: %v with %d nulls", rec.ColumnName(j), column.DataType(), column.NullN())
				}
				for i := range original.Len() {
					if original.IsValid(i) && original.ValueStr(i) != column.ValueStr(i) {
						t.Fatalf("%s, row %d: %s became %s", rec.ColumnName(j), i, original.ValueStr(i), column.ValueStr(i))
					}
				}
			}
			for i := 3; i < 1000; i += 7 {
				x := rec.Column(0).(*array.Float64).Value(i)
				if columns[2].ValueStr(i) == []string{"low", "middle", "high"}[int(x)] {
					right++
				}
			}
			if right < 110 { // of 142; guessing gives 47
				t.Errorf("%d of 142 missing categories restored rightly", right)
			}
		})
	}
}

func TestDivergedTrainingSaysSo(t *testing.T) {
	o := options(500)
	o.LearningRate, o.ClipNorm = 1e30, 0
	_, err := Train(context.Background(), configs()["standard"], profiled(t, testTable(500)), device(t, 1), pieces(testTable(500), 500), o)
	if !errors.Is(err, ErrDiverged) {
		t.Errorf("got %v", err)
	}
}

func TestPatienceStopsTraining(t *testing.T) {
	o := options(300)
	o.Epochs, o.Patience, o.LearningRate = 50, 2, 1e-12 // nothing is learnt, so nothing gets better for long
	m := train(t, configs()["standard"], testTable(300), 1, 300, o)
	if m.History.Stopped != "patience" || len(m.History.Epochs) == 50 {
		t.Errorf("stopped by %s after %d epochs", m.History.Stopped, len(m.History.Epochs))
	}
}

func TestScheduleWarmsUpAndEndsAtZero(t *testing.T) {
	s := schedule{peak: 2, warmup: 10, total: 110}
	if s.at(0) != 0.2 || s.at(9) != 2 || s.at(10) != 2 || math.Abs(s.at(60)-1) > 1e-12 || s.at(110) > 1e-12 {
		t.Error(fmt.Sprint(s.at(0), s.at(9), s.at(10), s.at(60), s.at(110)))
	}
}
