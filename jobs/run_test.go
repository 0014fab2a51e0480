package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
	"github.com/lacuna-ml/lacuna/jobs/demo"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
)

// place is where a test's job reads and writes: a local folder or an S3 prefix.
type place struct {
	root  string
	store *storage.Store
}

func local(t *testing.T) place {
	return place{root: t.TempDir(), store: storage.New(storage.Options{})}
}

// onS3 starts a real S3 server.
func onS3(t *testing.T) place {
	t.Helper()
	server := s3server.Start(t)
	if err := server.Bucket("lake"); err != nil {
		t.Fatal(err)
	}
	return place{root: "s3://lake/test", store: storage.New(storage.Options{PathStyle: true})}
}

func (p place) at(name string) string { return storage.Join(p.root, name) }

// put writes records as one Parquet file, a row group each.
func (p place) put(t *testing.T, name string, rec arrow.Record, rowGroup int64) {
	t.Helper()
	var file bytes.Buffer
	w, err := parquetio.NewWriter(&file, rec.Schema(), parquetio.WriterOptions{RowGroupRows: rowGroup})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Write(rec), w.Close()); err != nil {
		t.Fatal(err)
	}
	p.putBytes(t, name, file.Bytes())
}

func (p place) putBytes(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := p.store.Write(t.Context(), p.at(name), data, storage.Replace); err != nil {
		t.Fatal(err)
	}
}

// job is a small job over the place's "input".
func (p place) job(settings ...string) []string {
	return append([]string{"input.uri=" + p.at("input"), "model.uri=" + p.at("model"), "output.uri=" + p.at("export"), "s3.path_style=true",
		"input.id=[customer_id]", "input.ignore=[true_segment, planted_anomaly]", "model.size=tiny", "train.epochs=2", "train.batch_rows=64",
		"apply.outputs=[embedding, score, column_scores, restored, segment]", "apply.masks=2", "apply.segments=3", "apply.part_rows=200"}, settings...)
}

// prepare makes the run of a job from its settings.
func prepare(t *testing.T, settings []string) (*Run, error) {
	t.Helper()
	job, err := jobfile.Parse("test", []byte("name: test\n"), settings)
	if err != nil {
		return nil, err
	}
	p := progress.New(io.Discard, progress.Options{Mode: progress.Quiet})
	t.Cleanup(p.Close)
	return NewRun(job, p)
}

func runJob(t *testing.T, settings []string) (Result, error) {
	t.Helper()
	r, err := prepare(t, settings)
	if err != nil {
		return Result{}, err
	}
	return r.All(t.Context())
}

func mustRun(t *testing.T, settings []string) Result {
	t.Helper()
	result, err := runJob(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// contents returns the bytes of everything below a folder by name.
func (p place) contents(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for o, err := range p.store.List(t.Context(), p.at(folder)) {
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.store.Read(t.Context(), o.URI, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(o.URI, p.at(folder)+"/")] = data
	}
	return files
}

// compare checks that two places hold the same model and the same parts.
func compare(t *testing.T, a, b place) {
	t.Helper()
	for _, folder := range []string{"model", "export"} {
		one, two := a.contents(t, folder), b.contents(t, folder)
		for name, data := range one {
			if place := strings.HasPrefix(name, "_") || name == arrowio.ReportFile; !place && !bytes.Equal(data, two[name]) {
				t.Errorf("%s/%s differs", folder, name)
			}
		}
		if len(one) == 0 || len(one) != len(two) {
			t.Errorf("%s has %d files and %d", folder, len(one), len(two))
		}
	}
}

func TestJobWritesItsExport(t *testing.T) {
	p := local(t)
	p.put(t, "input/a.parquet", demo.Generate(600, 1), 150)
	result := mustRun(t, p.job())
	if result.Rows != 600 || result.Parts != 2 || !result.Trained || result.Scores == nil || result.ModelFingerprint == "" {
		t.Errorf("%+v", result)
	}
	d, err := arrowio.OpenDataset(t.Context(), p.store, []string{p.at("export")})
	if err != nil {
		t.Fatal(err)
	}
	if d.Schema.Field(0).Name != "customer_id" || d.Schema.Field(1).Name != "embedding" || d.Rows != 600 {
		t.Errorf("%d rows of %v", d.Rows, d.Names())
	}
	want, rows := demo.Generate(600, 1).Column(0).(*array.Int64), int64(0)
	err = (&input{Dataset: d}).each(t.Context(), arrowio.ReadOptions{Columns: []string{"customer_id"}}, func(b arrowio.Batch) error {
		for i := range int(b.NumRows()) {
			if b.Column(0).(*array.Int64).Value(i) != want.Value(int(rows)) {
				return fmt.Errorf("row %d has another id", rows)
			}
			rows++
		}
		return nil
	})
	if err != nil || rows != 600 {
		t.Errorf("%d ids, %v", rows, err)
	}
	files := p.contents(t, "export")
	for _, name := range []string{"_started.json", "_manifest.json", "_SUCCESS", "report.html", "part-00000.parquet"} {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestS3AndFilesGiveTheSameBytes runs the whole job against a real S3 server and locally.
func TestS3AndFilesGiveTheSameBytes(t *testing.T) {
	cloud, folder := onS3(t), local(t)
	for _, p := range []place{cloud, folder} {
		p.put(t, "input/day=2026-11-22/a.parquet", demo.Generate(300, 1), 150)
		p.put(t, "input/day=2026-11-23/b.parquet", demo.Generate(300, 2), 150)
		mustRun(t, p.job())
	}
	compare(t, cloud, folder)
}

func TestThreadsDoNotChangeBytes(t *testing.T) {
	one, three := local(t), local(t)
	for i, p := range []place{one, three} {
		p.put(t, "input/a.parquet", demo.Generate(600, 1), 150)
		mustRun(t, p.job(fmt.Sprintf("runtime.threads=%d", 1+2*i)))
	}
	compare(t, one, three)
}

func TestFinishedJobIsNotDoneAgain(t *testing.T) {
	p := local(t)
	p.put(t, "input/a.parquet", demo.Generate(300, 1), 150)
	first := mustRun(t, p.job())
	before := p.contents(t, "export")
	again := mustRun(t, p.job())
	if again.Trained || !again.AlreadyDone || again.Rows != first.Rows || again.ModelFingerprint != first.ModelFingerprint {
		t.Errorf("%+v", again)
	}
	after := p.contents(t, "export")
	for name, data := range before {
		if name != arrowio.ReportFile && !bytes.Equal(data, after[name]) {
			t.Errorf("%s changed", name)
		}
	}
}

// TestInterruptedApplyContinues stops a run after its first part, as a signal does, and runs it again.
func TestInterruptedApplyContinues(t *testing.T) {
	whole, stopped := local(t), local(t)
	for _, p := range []place{whole, stopped} {
		p.put(t, "input/a.parquet", demo.Generate(900, 1), 150)
	}
	mustRun(t, whole.job())
	r, err := prepare(t, stopped.job())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for {
			if _, err := os.Stat(filepath.Join(stopped.root, "export", "part-00000.parquet")); err == nil || ctx.Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := r.All(ctx); ExitCode(err) != ExitInterrupted {
		t.Fatalf("stopped with %v", err)
	}
	if _, err := os.Stat(filepath.Join(stopped.root, "export", "_SUCCESS")); err == nil {
		t.Error("an interrupted export says _SUCCESS")
	}
	if result := mustRun(t, stopped.job()); result.Trained {
		t.Error("the model was trained again")
	}
	compare(t, whole, stopped)
}

// table makes a record of float columns from text; "" is null.
func table(t *testing.T, names []string, rows ...[]string) arrow.Record {
	t.Helper()
	var fields []arrow.Field
	for _, n := range names {
		fields = append(fields, arrow.Field{Name: n, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, row := range rows {
		for j, v := range row {
			if v == "" {
				b.Field(j).AppendNull()
			} else if err := b.Field(j).AppendValueFromString(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b.NewRecord()
}

func repeated(n int, row ...string) [][]string { return slices.Repeat([][]string{row}, n) }

// TestBadInputIsExplained: each ends with exit code 2 and an error that names what is wrong, and nothing is written.
func TestBadInputIsExplained(t *testing.T) {
	two := [][]string{{"1", "2"}, {"2", "3"}, {"3", "5"}}
	for _, c := range []struct {
		name string
		make func(t *testing.T, p place)
		set  []string
		want string
	}{
		{"nothing there", func(*testing.T, place) {}, nil, "no Parquet files"},
		{"a folder without Parquet", func(t *testing.T, p place) { p.putBytes(t, "input/readme.txt", []byte("x")) }, nil, "no Parquet files"},
		{"no rows", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}), 10) }, nil, "no rows"},
		{"text named .parquet", func(t *testing.T, p place) { p.putBytes(t, "input/a.parquet", []byte("a,b\n1,2\n")) }, nil, "input/a.parquet: not a Parquet file"},
		{"truncated", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10)
			data := p.contents(t, "input")["a.parquet"]
			p.putBytes(t, "input/a.parquet", data[:len(data)-30])
		}, nil, "input/a.parquet: damaged Parquet file"},
		{"damaged page", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", demo.Generate(300, 1), 300)
			data := p.contents(t, "input")["a.parquet"]
			for i := 200; i < 400; i++ {
				data[i] ^= 0xff
			}
			p.putBytes(t, "input/a.parquet", data)
		}, nil, "row group 0"},
		{"clashing schemas", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10)
			p.put(t, "input/b.parquet", table(t, []string{"c", "d"}, two...), 10)
		}, nil, "has none of the columns"},
		{"missing id", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10) }, []string{"input.id=nix"}, `input.id: no such column "nix"`},
		{"missing ignored column", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10) }, []string{"input.ignore=nix"}, `input.ignore: no such column "nix"`},
		{"override of a missing column", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10) }, []string{"input.columns.nix=numeric"}, `column "nix"`},
		{"no usable column", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, repeated(5, "7", "8")...), 10)
		}, nil, "nothing to learn from"},
		{"all null", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, repeated(5, "", "")...), 10)
		}, nil, "nothing to learn from"},
		{"all NaN", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, repeated(5, "NaN", "+Inf")...), 10)
		}, nil, "nothing to learn from"},
		{"one column", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"a"}, []string{"1"}, []string{"2"}), 10)
		}, nil, "nothing to learn from"},
		{"one row", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two[0]), 10) }, nil, "nothing to learn from"},
		{"every column ignored", func(t *testing.T, p place) { p.put(t, "input/a.parquet", table(t, []string{"a", "b"}, two...), 10) }, []string{"input.ignore=[a, b]"}, "every column is an id or ignored"},
		{"an id named as an output", func(t *testing.T, p place) {
			p.put(t, "input/a.parquet", table(t, []string{"score", "a", "b"}, []string{"1", "1", "2"}, []string{"2", "3", "1"}), 10)
		}, []string{"input.id=score", "train.validation=0"}, "has the name of an output column"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := local(t)
			c.make(t, p)
			before := p.contents(t, "")
			_, err := runJob(t, append([]string{"input.uri=" + p.at("input"), "model.uri=" + p.at("model"), "output.uri=" + p.at("export"), "train.epochs=1"}, c.set...))
			if err == nil || ExitCode(err) != ExitInvalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("exit code %d: %v", ExitCode(err), err)
			}
			if len(p.contents(t, "export")) > 0 || len(p.contents(t, "model")) > 0 && c.name != "an id named as an output" {
				t.Errorf("something was written: %d files before", len(before))
			}
		})
	}
}

func TestOtherOutputAndOtherModelAreRefused(t *testing.T) {
	p := local(t)
	p.put(t, "input/a.parquet", demo.Generate(300, 1), 150)
	p.putBytes(t, "taken/notes.txt", []byte("mine"))
	for _, c := range []struct {
		name string
		set  []string
		want string
	}{
		{"a folder that holds something", []string{"output.uri=" + p.at("taken")}, "the output exists: it holds"},
		{"none", nil, ""},
		{"another job's export", []string{"apply.masks=4"}, "another job, model or input wrote it"},
		{"another job's model", []string{"seed=3", "output.uri=" + p.at("other")}, "trained with other settings"},
	} {
		_, err := runJob(t, p.job(c.set...))
		if c.want == "" {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if ExitCode(err) != ExitInvalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: exit code %d: %v", c.name, ExitCode(err), err)
		}
	}
	p.put(t, "narrow/a.parquet", table(t, []string{"customer_id", "age", "true_segment", "planted_anomaly"}, []string{"1", "2", "3", "4"}), 10)
	r, err := prepare(t, p.job("input.uri="+p.at("narrow"), "output.uri="+p.at("other")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context()); ExitCode(err) != ExitInvalid || !strings.Contains(err.Error(), "is missing") {
		t.Errorf("a model made for other columns: %v", err)
	}
}

func TestNotFiniteNumbersAreMissingAndCounted(t *testing.T) {
	p := local(t)
	rows := [][]string{}
	for i := range 60 {
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprint(2*i + i%3), fmt.Sprint(i % 7)})
	}
	rows[3][0], rows[4][1], rows[5][2] = "NaN", "-Inf", "+Inf"
	p.put(t, "input/a.parquet", table(t, []string{"a", "b", "c"}, rows...), 100)
	settings := []string{"input.uri=" + p.at("input"), "model.uri=" + p.at("model"), "output.uri=" + p.at("export"), "train.epochs=1", "apply.outputs=[column_scores]"}
	r, err := prepare(t, settings)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range plan.Columns {
		if c.NotFinite != 1 {
			t.Errorf("column %s: %d numbers are not finite in the plan", c.Name, c.NotFinite)
		}
	}
	if files := p.contents(t, "model"); len(files) > 0 {
		t.Error("the plan wrote something")
	}
	if result := mustRun(t, settings); result.Rows != 60 {
		t.Errorf("%+v", result)
	}
}

// TestS3FaultsHaveTheirExitCodes: what S3 refuses is not tried again, what may pass is.
func TestS3FaultsHaveTheirExitCodes(t *testing.T) {
	p := onS3(t)
	p.put(t, "input/a.parquet", demo.Generate(300, 1), 150)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Run("missing bucket", func(t *testing.T) {
		_, err := runJob(t, p.job("input.uri=s3://nowhere/input"))
		if ExitCode(err) != ExitInvalid || !strings.Contains(err.Error(), "no such bucket") {
			t.Errorf("exit code %d: %v", ExitCode(err), err)
		}
	})
	t.Run("wrong credentials", func(t *testing.T) {
		t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
		_, err := runJob(t, p.job())
		if ExitCode(err) != ExitInvalid || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("exit code %d: %v", ExitCode(err), err)
		}
	})
	t.Run("no server", func(t *testing.T) {
		_, err := runJob(t, p.job("s3.endpoint=http://127.0.0.1:1"))
		if ExitCode(err) != ExitRetryable {
			t.Errorf("exit code %d: %v", ExitCode(err), err)
		}
	})
	t.Run("object deleted after it was listed", func(t *testing.T) {
		r, err := prepare(t, p.job())
		if err != nil {
			t.Fatal(err)
		}
		in, err := r.openInput(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.store.Delete(t.Context(), p.at("input/a.parquet")); err != nil {
			t.Fatal(err)
		}
		_, err = r.modelFor(t.Context(), in)
		if ExitCode(err) != ExitInvalid || !errors.Is(err, storage.ErrNotFound) || !strings.Contains(err.Error(), "input/a.parquet") {
			t.Errorf("exit code %d: %v", ExitCode(err), err)
		}
		if files := p.contents(t, "model"); len(files) > 0 {
			t.Error("a model was written")
		}
	})
}

func TestInitWritesAJobThatRuns(t *testing.T) {
	p := local(t)
	p.put(t, "customers/a.parquet", demo.Generate(300, 1), 150)
	quiet := progress.New(io.Discard, progress.Options{Mode: progress.Quiet})
	text, err := Initialise(t.Context(), p.at("customers"), nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "id: [customer_id]") || !strings.Contains(text, "currency is left out") {
		t.Error(text)
	}
	job, err := jobfile.Parse("job.yaml", []byte(text), []string{"train.epochs=1", "model.uri=" + p.at("model"), "output.uri=" + p.at("export")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRun(job, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.All(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, uri := range []string{p.at("customers"), p.at("model"), p.at("export")} {
		var out bytes.Buffer
		if err := Inspect(t.Context(), p.store, uri, &out); err != nil || out.Len() < 100 {
			t.Errorf("inspect %s: %v: %s", uri, err, out.String())
		}
	}
}
