// A first job file for a dataset.

package jobs

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/jobs/progress"
	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/profile"
)

// Initialise looks at a dataset and returns a commented job file for it.
//
// settings are as --set's; those of s3 say how the dataset is reached.
func Initialise(ctx context.Context, uri string, settings []string, p *progress.Progress) (string, error) {
	job, err := placeless(settings)
	if err != nil {
		return "", err
	}
	job.Input.URI = []string{uri}
	r, err := NewRun(job, p)
	if err != nil {
		return "", err
	}
	in, err := r.openInput(ctx)
	if err != nil {
		return "", err
	}
	learned, err := r.profileInput(ctx, in, planRows, func(int64) {})
	if err != nil {
		return "", err
	}
	text := commentedJob(uri, in.Rows, learned)
	if _, err := jobfile.Parse("the new job file", []byte(text), nil); err != nil {
		return "", err
	}
	return text, nil
}

// placeless is a job of settings only, for commands that have no job file.
func placeless(settings []string) (*jobfile.Job, error) {
	return jobfile.Parse("the command line", []byte("{input: {uri: input}, model: {uri: model}, output: {uri: output}}"), settings)
}

// StorageOptions are how settings say that S3 is reached.
func StorageOptions(settings []string) (storage.Options, error) {
	job, err := placeless(settings)
	if err != nil {
		return storage.Options{}, err
	}
	return storageOptions(job), nil
}

// commentedJob writes the job file: ids as they were recognised, and a note on every column.
func commentedJob(uri string, rows int64, p *profile.Profile) string {
	name := strings.TrimSuffix(path.Base(strings.TrimRight(uri, "/")), ".parquet")
	base := strings.TrimRight(strings.TrimSuffix(uri, path.Base(uri)), "/")
	if base == "" {
		base = "."
	}
	var ids, leftOut, readings []string
	for _, c := range p.Columns {
		switch {
		case c.Reading == profile.ID:
			ids = append(ids, quoted(c.Name))
		case !model.Usable(c.Reading):
			leftOut = append(leftOut, fmt.Sprintf("  # %s is left out: %s", c.Name, c.Why))
		default:
			readings = append(readings, fmt.Sprintf("  #   %s: %s", quoted(c.Name), c.Reading))
		}
	}
	return fmt.Sprintf(`# A job for %s: %s rows, %d columns to learn from.
# Look at it with: lacuna plan -f job.yaml    Run it with: lacuna run -f job.yaml
name: %s
kind: tabular
input:
  uri: %s
  id: [%s]             # copied to every output row
  ignore: []           # labels, and whatever must not be learned
%s  # How columns are read; uncomment and change what is wrong:
  # columns:
%s
model:
  uri: %s
  size: %s
train:
  epochs: %d
apply:
  outputs: [embedding, score, column_scores, restored, segment]
  segments: 8
output:
  uri: %s
`, uri, report.Count(rows), len(readings), quoted(name), quoted(uri), strings.Join(ids, ", "), lines(leftOut), strings.Join(readings, "\n"),
		quoted(storage.Join(base, "models", name)), suggestedSize(rows), suggestedEpochs(rows), quoted(storage.Join(base, "exports", name)))
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}

// quoted writes a text as a YAML value.
func quoted(text string) string {
	data, err := yaml.Marshal(text)
	if err != nil {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSpace(string(data))
}

// suggestedSize grows with the rows: a small table is learnt by heart by a large model.
func suggestedSize(rows int64) string {
	switch {
	case rows < 2_000:
		return "tiny"
	case rows < 200_000:
		return "small"
	}
	return "base"
}

// suggestedEpochs keeps training near a million rows seen, within bounds.
func suggestedEpochs(rows int64) int64 { return min(max(1_000_000/max(rows, 1), 3), 200) }
