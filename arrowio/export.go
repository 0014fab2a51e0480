// Exports: part files, then _manifest.json, then _SUCCESS. An export is claimed with _started.json before its first part,
// so that no two jobs write to one place; a part appears whole; a run that was killed continues where it stopped.

package arrowio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

// ErrOutputExists: the place of an export holds something else.
var ErrOutputExists = errors.New("the output exists")

// The files of an export beside its parts.
const (
	startedFile  = "_started.json"
	ManifestFile = "_manifest.json"
	successFile  = "_SUCCESS"
	// ReportFile may stand in an export's folder before and after it is made.
	ReportFile = "report.html"
)

// manifestLimit bounds the manifest that is read back, in bytes.
const manifestLimit = 64 << 20

// Identity is what makes two runs the same export: the same job, model and input by the same version of Lacuna.
type Identity struct {
	Format           int     `json:"format"`
	Version          string  `json:"version"`
	Job              string  `json:"job"` // hash of what determines the output
	ModelFingerprint string  `json:"model_fingerprint"`
	Inputs           []Input `json:"inputs"`
	Rows             int64   `json:"rows"`
}

// Input is one input file as it was read.
type Input struct {
	URI  string `json:"uri"`
	ETag string `json:"etag"`
	Size int64  `json:"bytes"`
	Rows int64  `json:"rows"`
}

// PartInfo describes a published part.
type PartInfo struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Manifest is _manifest.json. It holds no times: the same export writes the same bytes.
type Manifest struct {
	Identity
	Parts []PartInfo `json:"parts"`
}

// ManifestFormat is the version of _started.json and _manifest.json.
const ManifestFormat = 1

// Inputs describes the dataset's files for an Identity.
func (d *Dataset) Inputs() []Input {
	var inputs []Input
	for _, f := range d.Files {
		inputs = append(inputs, Input{URI: f.URI, ETag: f.ETag, Size: f.Size, Rows: f.Rows})
	}
	return inputs
}

// Export is a place where parts are written.
type Export struct {
	store    *storage.Store
	uri      string
	identity Identity
	manifest *Manifest       // of a finished export
	present  map[string]bool // parts that an earlier run published
	begun    bool
}

// CheckExport says, without writing, whether an export with this identity may begin, continue or is done. A nil identity
// asks only whether the place is free or holds an export that a job could continue.
//
// Errors: ErrOutputExists, naming what is there and the ways out.
func CheckExport(ctx context.Context, store *storage.Store, uri string, identity *Identity) (*Export, error) {
	e := &Export{store: store, uri: uri, present: map[string]bool{}}
	other := ""
	for o, err := range store.List(ctx, uri) {
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", uri, err)
		}
		switch name := below(uri, o.URI); {
		case name == startedFile:
			e.begun = true
		case name == ManifestFile, name == successFile, name == ReportFile, isPartInfo(name):
		case isPart(name):
			e.present[name] = true
		default:
			other = o.URI
		}
	}
	if other != "" {
		return nil, fmt.Errorf("output %s: %w: it holds %s; choose another output.uri, or empty this one", uri, ErrOutputExists, other)
	}
	if !e.begun && len(e.present) > 0 {
		return nil, fmt.Errorf("output %s: %w: it holds parts that no job here began; choose another output.uri, or empty this one", uri, ErrOutputExists)
	}
	if identity == nil || !e.begun {
		return e, nil
	}
	e.identity = *identity
	return e, e.recognise(ctx)
}

// partInfoName is the file that describes a part until the manifest does, so that whoever finishes the export need not
// read the parts again. Readers of Parquet folders leave out names that begin with "_".
func partInfoName(part string) string { return "_" + part + ".json" }

func isPartInfo(name string) bool {
	ok, _ := path.Match("_part-*.parquet.json", name)
	return ok
}

func partName(index int) string { return fmt.Sprintf("part-%05d.parquet", index) }

func isPart(name string) bool {
	ok, _ := path.Match("part-*.parquet", name)
	return ok
}

// recognise compares the export that is there with the one that is wanted, and reads its manifest when it is done.
func (e *Export) recognise(ctx context.Context) error {
	data, err := e.store.Read(ctx, storage.Join(e.uri, startedFile), manifestLimit)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	mine, err := marshalManifest(e.identity)
	if err != nil {
		return err
	}
	if string(mine) != string(data) {
		return fmt.Errorf("output %s: %w: another job, model or input wrote it (compare %s); choose another output.uri, or empty this one", e.uri, ErrOutputExists, startedFile)
	}
	if _, err := e.store.Stat(ctx, storage.Join(e.uri, successFile)); errors.Is(err, storage.ErrNotFound) {
		return nil
	} else if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	data, err = e.store.Read(ctx, storage.Join(e.uri, ManifestFile), manifestLimit)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	e.manifest = &Manifest{}
	if err := json.Unmarshal(data, e.manifest); err != nil {
		return fmt.Errorf("output %s: %w: its %s can't be read: %w", e.uri, ErrOutputExists, ManifestFile, err)
	}
	return nil
}

// OpenExport claims the place for this identity, or continues what the same job began there.
//
// Errors: ErrOutputExists when something else is there, also when another job claims the place at the same moment.
func OpenExport(ctx context.Context, store *storage.Store, uri string, identity Identity) (*Export, error) {
	identity.Format = ManifestFormat
	e, err := CheckExport(ctx, store, uri, &identity)
	if err != nil {
		return nil, err
	}
	e.identity = identity
	data, err := marshalManifest(identity)
	if err != nil {
		return nil, err
	}
	err = store.Write(ctx, storage.Join(uri, startedFile), data, storage.IfAbsent)
	if errors.Is(err, storage.ErrExists) {
		return e, e.recognise(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return e, nil
}

// Begun says whether a run has claimed the place before.
func (e *Export) Begun() bool { return e.begun }

// Finished returns the manifest of an export that was done before; nil for one that isn't.
func (e *Export) Finished() *Manifest { return e.manifest }

// WritePart publishes part-<index>.parquet with the records that fill gives to write, unless an earlier run of the same job
// has. A record's rows are written when write returns.
func (e *Export) WritePart(ctx context.Context, index int, schema *arrow.Schema, o parquetio.WriterOptions, fill func(write func(arrow.Record) error) error) error {
	name := partName(index)
	if e.present[name] {
		return nil
	}
	uri := storage.Join(e.uri, name)
	object, err := e.store.Create(ctx, uri, storage.IfAbsent)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	defer object.Discard()
	sum := &checksum{w: object, hash: sha256.New()}
	w, err := parquetio.NewWriter(sum, schema, o)
	if err != nil {
		return fmt.Errorf("output %s: %w", uri, err)
	}
	rows := int64(0)
	err = fill(func(rec arrow.Record) error {
		rows += rec.NumRows()
		return w.Write(rec)
	})
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = object.Commit(ctx)
	}
	if errors.Is(err, storage.ErrExists) { // another attempt of the same job was faster: its bytes are these bytes
		return nil
	}
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return e.writeInfo(ctx, PartInfo{Name: name, Rows: rows, Bytes: sum.bytes, SHA256: hex.EncodeToString(sum.hash.Sum(nil))})
}

func (e *Export) writeInfo(ctx context.Context, info PartInfo) error {
	data, err := marshalManifest(info)
	if err != nil {
		return err
	}
	if err := e.store.Write(ctx, storage.Join(e.uri, partInfoName(info.Name)), data, storage.Replace); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return nil
}

// info describes a part that is there: as whoever wrote it did, or, where that was lost, by reading it.
func (e *Export) info(ctx context.Context, name string) (PartInfo, error) {
	var info PartInfo
	data, err := e.store.Read(ctx, storage.Join(e.uri, partInfoName(name)), manifestLimit)
	if err == nil && json.Unmarshal(data, &info) == nil && info.Name == name {
		return info, nil
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return info, fmt.Errorf("output: %w", err)
	}
	return e.inspect(ctx, name)
}

// inspect describes a part that is there, by reading it.
func (e *Export) inspect(ctx context.Context, name string) (PartInfo, error) {
	o, err := e.store.Stat(ctx, storage.Join(e.uri, name))
	if err != nil {
		return PartInfo{}, fmt.Errorf("output: %w", err)
	}
	reader := &objectReader{ctx: ctx, store: e.store, object: o}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(reader, 0, o.Size)); err != nil {
		return PartInfo{}, fmt.Errorf("output: %w", err)
	}
	f, err := parquetio.Open(reader, o.Size)
	if err != nil {
		return PartInfo{}, fmt.Errorf("output %s: %w", o.URI, err)
	}
	return PartInfo{Name: name, Rows: f.Rows(), Bytes: o.Size, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// Commit finishes the export if all of its parts are there: it writes the manifest and, last of all, _SUCCESS. It returns
// the manifest, or nil where parts are missing that other shards are to write. Several may commit at once: they write
// the same bytes.
func (e *Export) Commit(ctx context.Context, parts int) (*Manifest, error) {
	there, err := e.listParts(ctx)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Identity: e.identity}
	for i := range parts {
		if !there[partName(i)] {
			return nil, nil
		}
	}
	for i := range parts {
		info, err := e.info(ctx, partName(i))
		if err != nil {
			return nil, err
		}
		m.Parts = append(m.Parts, info)
	}
	data, err := marshalManifest(m)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{ManifestFile, data}, {successFile, nil}} {
		if err := e.store.Write(ctx, storage.Join(e.uri, f.name), f.data, storage.Replace); err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
	}
	for i := range parts {
		if err := e.store.Delete(ctx, storage.Join(e.uri, partInfoName(partName(i)))); err != nil {
			return nil, fmt.Errorf("output: %w", err)
		}
	}
	return m, nil
}

// listParts says which parts are there now.
func (e *Export) listParts(ctx context.Context) (map[string]bool, error) {
	there := map[string]bool{}
	for o, err := range e.store.List(ctx, e.uri) {
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", e.uri, err)
		}
		there[below(e.uri, o.URI)] = true
	}
	return there, nil
}

func marshalManifest(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(data, '\n'), nil
}

// checksum counts and hashes what passes through it.
type checksum struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
}

func (c *checksum) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.bytes += int64(n)
	c.hash.Write(p[:n])
	return n, err
}
