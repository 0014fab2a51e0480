// What a model, a dataset or an export contains.

package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model"
)

// Inspect prints what is at a URI: a model if it has a config.json, an export if it has a manifest, else a dataset.
func Inspect(ctx context.Context, store *storage.Store, uri string, w io.Writer) error {
	_, err := store.Stat(ctx, storage.Join(uri, model.ConfigFile))
	if err == nil {
		return inspectModel(ctx, store, uri, w)
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	manifest, err := store.Read(ctx, storage.Join(uri, arrowio.ManifestFile), modelFileLimit)
	if err == nil {
		if err := inspectManifest(manifest, w); err != nil {
			return fmt.Errorf("%s: %w", uri, err)
		}
	} else if !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return inspectDataset(ctx, store, uri, w)
}

func inspectModel(ctx context.Context, store *storage.Store, uri string, w io.Writer) error {
	m, err := model.Load(func(name string) ([]byte, error) { return store.Read(ctx, storage.Join(uri, name), modelFileLimit) })
	if err != nil {
		return fmt.Errorf("model %s: %w", uri, err)
	}
	fingerprint, err := m.Fingerprint()
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "model\t%s\nfingerprint\t%s\nkind\t%s\nparameters\t%s\nembedding\t%d dimensions\n", uri, fingerprint, m.Config.Kind,
		report.Count(int64(m.History.Parameters)), m.Network.Programs().EmbeddingWidth())
	fmt.Fprintf(t, "trained on\t%s rows, %s held out\nepochs\t%d, best %d\nloss\t%.4f, of the distribution only %.4f\n", report.Count(m.History.Rows), report.Count(m.History.ValidationRows),
		len(m.History.Epochs), m.History.Best, m.History.BestLoss(), m.History.Baseline())
	fmt.Fprintf(t, "\ncolumn\tread as\tloss\tdistribution only\n")
	for _, c := range m.History.Columns {
		p, _ := m.Profile.Find(c.Name)
		fmt.Fprintf(t, "%s\t%s\t%.3f\t%.3f\n", c.Name, p.Reading, c.Loss, c.Baseline)
	}
	fmt.Fprintf(t, "\nweight\tshape\n")
	for _, weight := range m.Weights() {
		fmt.Fprintf(t, "%s\t%v\n", weight.Name, weight.Value.Shape())
	}
	return t.Flush()
}

func inspectManifest(data []byte, w io.Writer) error {
	var m arrowio.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("%s: %w: %w", arrowio.ManifestFile, ErrInvalid, err)
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "export\tof %s rows by Lacuna %s\nmodel\t%s\njob\t%s\n", report.Count(m.Rows), m.Version, m.ModelFingerprint, m.Job)
	for _, in := range m.Inputs {
		fmt.Fprintf(t, "input\t%s\t%s rows\tETag %s\n", in.URI, report.Count(in.Rows), in.ETag)
	}
	for _, p := range m.Parts {
		fmt.Fprintf(t, "part\t%s\t%s rows\t%s\tSHA-256 %s\n", p.Name, report.Count(p.Rows), size(p.Bytes), p.SHA256)
	}
	fmt.Fprintln(t)
	return t.Flush()
}

func inspectDataset(ctx context.Context, store *storage.Store, uri string, w io.Writer) error {
	d, err := arrowio.OpenDataset(ctx, store, []string{uri})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "dataset\t%s\nfiles\t%d\nrows\t%s in %d row group(s)\n\ncolumn\ttype\tmay be null\n", uri, len(d.Files), report.Count(d.Rows), len(d.RowGroups()))
	for _, f := range d.Schema.Fields() {
		fmt.Fprintf(t, "%s\t%s\t%v\n", f.Name, f.Type, f.Nullable)
	}
	return t.Flush()
}
