package jobfile

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files and generated docs")

const minimal = "input: {uri: in}\nmodel: {uri: model}\noutput: {uri: out}\n"

func TestMinimalJobHasDefaults(t *testing.T) {
	job, err := Parse("job.yaml", []byte(minimal), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := job.Architecture()
	if job.Kind != "tabular" || job.Seed != 17 || job.Train.Epochs != 60 || job.Train.MaskRatio != 0.5 || job.Runtime.Memory != 4<<30 ||
		a.Dim != 64 || len(job.Apply.Outputs) != 2 || job.Input.URI[0] != "in" || len(job.Standard.Layers) != 2 {
		t.Errorf("%+v", job)
	}
}

// TestMistakesAreFoundWithTheirPlace: each line of want must be part of the error, in order.
func TestMistakesAreFoundWithTheirPlace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		set        []string
		want       []string
	}{
		{"misspelt field", minimal + "train: {epoch: 3}\n", nil, []string{`job.yaml:4:9: unknown field "epoch" in train (did you mean "epochs"?)`}},
		{"misspelt section", minimal + "trian:\n  epochs: 3\n", nil, []string{`job.yaml:4:1: unknown field "trian" (did you mean "train"?)`}},
		{"wrong type", minimal + "train:\n  epochs: many\n", nil, []string{`job.yaml:5:11: train.epochs must be a whole number, not the text "many"`}},
		{"a fraction of epochs", minimal + "train: {epochs: 1.5}\n", nil, []string{`train.epochs must be a whole number, not 1.5`}},
		{"out of range", minimal + "train: {mask_ratio: 1.5}\n", nil, []string{`job.yaml:4:21: train.mask_ratio is 1.5; the most is 0.95`}},
		{"zero epochs", minimal + "train: {epochs: 0}\n", nil, []string{`train.epochs is 0; the least is 1`}},
		{"bad choice", minimal + "kind: tabluar\n", nil, []string{`job.yaml:4:7: kind can't be "tabluar" (did you mean "tabular"?)`}},
		{"bad choice in a list", minimal + "apply: {outputs: [embedding, scores]}\n", nil, []string{`job.yaml:4:30: apply.outputs[1] can't be "scores" (did you mean "score"?)`}},
		{"bad memory", minimal + "runtime: {memory: lots}\n", nil, []string{`runtime.memory: "lots" is not an amount of memory`}},
		{"too little memory", minimal + "runtime: {memory: 1MiB}\n", nil, []string{`runtime.memory is 1MiB; the least is 64MiB`}},
		{"missing fields", "name: x\n", nil, []string{"input.uri is missing", "model.uri is missing", "output.uri is missing"}},
		{"empty", "", nil, []string{"the job file is empty"}},
		{"only a comment", "# nothing\n", nil, []string{"the job file is empty"}},
		{"a list", "- a\n- b\n", nil, []string{"the job must be a mapping of fields, not a list"}},
		{"not YAML", "input: {uri: [\n", nil, []string{"job.yaml:", "YAML: "}},
		{"twice", minimal + "kind: tabular\nkind: standard\n", nil, []string{"kind"}},
		{"another kind's options", minimal + "standard: {bottleneck: 3}\n", nil, []string{"standard is an option of kind standard, but the job is of kind tabular"}},
		{"heads", minimal + "model: {uri: m, dim: 30, heads: 4}\n", nil, []string{"model"}},
		{"dim and heads", strings.Replace(minimal, "model: {uri: model}", "model: {uri: m, dim: 30, heads: 4}", 1), nil, []string{"model.heads is 4, which 30 (model.dim) is no multiple of"}},
		{"a column used twice", strings.Replace(minimal, "uri: in", "uri: in, id: [a], ignore: [a]", 1), nil, []string{`input.ignore[0] names "a", which input.id[0] names too`}},
		{"bad reading", strings.Replace(minimal, "uri: in", "uri: in, columns: {zip: category}", 1), nil, []string{`input.columns.zip can't be "category"`}},
		{"unknown --set", minimal, []string{"train.epoch=3"}, []string{`--set train.epoch=3: unknown field "train.epoch" (did you mean "train.epochs"?)`}},
		{"bad --set", minimal, []string{"train.epochs=x"}, []string{`--set train.epochs=x: train.epochs must be a whole number, not the text "x"`}},
		{"--set without value", minimal, []string{"train.epochs"}, []string{"must be path=value"}},
		{"several at once", minimal + "kind: x\ntrain: {epoch: 3, patience: -1}\n", nil, []string{"unknown field"}},
		{"no value", minimal + "kind:\n", nil, []string{"kind has no value"}},
		{"unknown size", strings.Replace(minimal, "uri: model}", "uri: model, size: huge}", 1), nil, []string{`job.yaml:2:27: model.size can't be "huge"`}},
		{"blank uri", strings.Replace(minimal, "uri: in", `uri: [a, ""]`, 1), nil, []string{"input.uri[1] is blank"}},
		{"an output twice", minimal, []string{"apply.outputs=[score, score]"}, []string{`--set apply.outputs=[score, score]: apply.outputs[1] asks for "score" a second time`}},
		{"another kind's options by --set", minimal, []string{"standard.bottleneck=3"}, []string{"--set standard.bottleneck=3: standard.bottleneck is an option of kind standard"}},
		{"output in input", strings.Replace(minimal, "uri: out", "uri: in/out", 1), nil, []string{`output.uri is the input "in" or lies in it`}},
		{"output is model", strings.Replace(minimal, "uri: out", "uri: model/", 1), nil, []string{"output.uri is also model.uri"}},
		{"output is input", strings.Replace(minimal, "uri: out", "uri: in", 1), nil, []string{`output.uri is the input "in" or lies in it`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("job.yaml", []byte(c.text), c.set)
			var wrong *Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v", err)
			}
			rest := err.Error()
			for _, w := range c.want {
				at := strings.Index(rest, w)
				if at < 0 {
					t.Fatalf("%q is missing from %q", w, err)
				}
				rest = rest[at:]
			}
		})
	}
}

func TestSetWinsOverTheFile(t *testing.T) {
	job, err := Parse("job.yaml", []byte(minimal), []string{"train.epochs=3", "input.id=[a, b]", "input.columns.zip=categorical", "model.size=tiny", "input.uri=other", "runtime.memory=1GiB", "name=7"})
	if err != nil {
		t.Fatal(err)
	}
	if job.Train.Epochs != 3 || len(job.Input.ID) != 2 || job.Input.Columns["zip"] != "categorical" || job.Architecture().Dim != 32 ||
		job.Input.URI[0] != "other" || job.Runtime.Memory != 1<<30 || job.Name != "7" {
		t.Errorf("%+v", job)
	}
}

func TestSetTakesAGlobAsItStands(t *testing.T) {
	job, err := Parse("job.yaml", []byte(minimal), []string{"input.uri=*.parquet"})
	if err != nil || job.Input.URI[0] != "*.parquet" {
		t.Errorf("%+v, %v", job, err)
	}
}

func TestHashesFollowWhatMatters(t *testing.T) {
	parse := func(set ...string) *Job {
		job, err := Parse("job.yaml", []byte(minimal), set)
		if err != nil {
			t.Fatal(err)
		}
		return job
	}
	base := parse()
	for _, same := range []string{"name=other", "runtime.threads=1", "runtime.memory=1GiB", "s3.region=x", "output.uri=elsewhere", "input.uri=copy", "apply.segments=3", "input.id=[]", "input.ignore=[]"} {
		if parse(same).TrainHash() != base.TrainHash() {
			t.Errorf("%s changes TrainHash", same)
		}
	}
	for _, other := range []string{"seed=1", "train.epochs=3", "model.dim=128", "input.ignore=[a]", "kind=standard", "apply.outputs=[segment]"} {
		if parse(other).TrainHash() == base.TrainHash() {
			t.Errorf("%s does not change TrainHash", other)
		}
	}
	if parse("apply.masks=4").Hash() == base.Hash() || parse("apply.masks=4").TrainHash() != base.TrainHash() {
		t.Error("apply.masks must change Hash and not TrainHash")
	}
}

func TestGenerated(t *testing.T) {
	schema, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{"../../docs/reference/job-file.schema.json": schema, "../../docs/reference/job-file.md": []byte(Reference())} {
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what the types say (%v); run `make generate`", path, err)
		}
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]Bytes{"4GiB": 4 << 30, "512 MiB": 512 << 20, "1.5KB": 1500, "7": 7, "0": 0} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "GiB", "-1GiB", "4 gigs", "1e300GiB"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
	if s := Bytes(3 << 30).String(); s != "3GiB" {
		t.Error(s)
	}
}

// FuzzParse: whatever the file, there is a job or an error that says where.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal), "train.epochs=3")
	f.Add([]byte("input: [1, {a: b}]\n"), "input=x")
	f.Add([]byte("a: &x [*x]\n"), "=")
	f.Fuzz(func(t *testing.T, data []byte, set string) {
		_, err := Parse("job.yaml", data, []string{set})
		var wrong *Error
		if err != nil && (!errors.As(err, &wrong) || len(wrong.Problems) == 0) {
			t.Fatalf("got %v", err)
		}
	})
}
