package arrowio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"golang.org/x/sync/errgroup"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

// What can be wrong with a dataset as a whole.
var (
	ErrNoFiles = errors.New("no Parquet files")
	ErrSchema  = errors.New("the files' schemas don't fit together")
	ErrColumn  = errors.New("no such column")
)

// Dataset is an ordered set of Parquet files of one schema. It stays pinned to the files as they were when it was opened.
type Dataset struct {
	Files []DataFile
	// Schema has the files' columns and then those of Hive partitions. A column that is nullable in one file is so here.
	Schema *arrow.Schema
	Rows   int64
	// Partial are the columns that some files lack: there, they are null.
	Partial []PartialColumn
	groups  []RowGroup
	store   *storage.Store
}

// PartialColumn is a column that only so many of the files have.
type PartialColumn struct {
	Name  string
	Files int
}

// DataFile is one file of a dataset.
type DataFile struct {
	storage.Object
	Rows       int64
	file       *parquetio.File
	partitions []partition // of its path, in order
}

// RowGroup is one row group of a dataset, with the position of its first row among all rows.
type RowGroup struct {
	File, Index    int
	FirstRow, Rows int64
}

// RowGroups lists all row groups in the order of their rows.
func (d *Dataset) RowGroups() []RowGroup { return d.groups }

// footersAtOnce bounds the footers that are read at a time.
const footersAtOnce = 16

// OpenDataset lists the Parquet files of uris and reads their footers, not their data. ctx holds for every later read
// of the dataset too.
//
// Each URI is a file, a folder, a glob, or a root of Hive partitions, local or s3://. Files come in the order of the
// URIs given and in lexical order below each, and each once. Names that begin with "_" or "." are left out, as are empty
// markers. Each file is pinned to the ETag seen here: a later read of a changed file fails with storage.ErrChanged.
//
// Errors: ErrNoFiles if nothing matches; ErrSchema, naming both files and the column, if schemas can't be reconciled;
// parquetio's and storage's, naming the file.
func OpenDataset(ctx context.Context, store *storage.Store, uris []string) (*Dataset, error) {
	d := &Dataset{store: store}
	for _, uri := range uris {
		found, err := find(ctx, store, uri)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", uri, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("input %s: %w: nothing there ends in .parquet (names that begin with _ or . don't count)", uri, ErrNoFiles)
		}
		for _, f := range found {
			if !slices.ContainsFunc(d.Files, func(known DataFile) bool { return known.URI == f.URI }) {
				d.Files = append(d.Files, f)
			}
		}
	}
	if err := d.readFooters(ctx, store); err != nil {
		return nil, err
	}
	if err := d.reconcile(); err != nil {
		return nil, err
	}
	d.number()
	return d, nil
}

// find lists the data files that a URI stands for.
func find(ctx context.Context, store *storage.Store, uri string) (files []DataFile, err error) {
	root, pattern := splitGlob(uri)
	for o, err := range store.List(ctx, root) {
		if err != nil {
			return nil, err
		}
		below := below(root, o.URI)
		if pattern != "" {
			if ok, err := path.Match(pattern, below); err != nil || !ok {
				if err != nil {
					return nil, fmt.Errorf("the pattern %q is malformed", pattern)
				}
				continue
			}
		}
		if below == "" || isData(below, o.Size) || pattern != "" && o.Size > 0 && !isHidden(below) {
			files = append(files, DataFile{Object: o, partitions: partitions(below)})
		}
	}
	return files, nil
}

// below is what a listed URI has below the root it was listed with, "" for the root itself. Listings spell paths in one
// way, however the root is spelt.
func below(root, uri string) string {
	if rest, ok := strings.CutPrefix(root, "s3a://"); ok {
		root = "s3://" + rest
	} else if !storage.IsRemote(root) {
		root = path.Clean(strings.TrimPrefix(root, "file://"))
	}
	if root == "." {
		return uri
	}
	return strings.TrimPrefix(strings.TrimPrefix(uri, strings.TrimSuffix(root, "/")), "/")
}

// splitGlob splits a URI before its first element with a wildcard. path.Match's wildcards don't cross slashes.
func splitGlob(uri string) (root, pattern string) {
	at := strings.IndexAny(uri, "*?[")
	if at < 0 {
		return uri, ""
	}
	slash := strings.LastIndexByte(uri[:at], '/')
	if slash < 0 {
		return ".", uri
	}
	return uri[:max(slash, 1)], uri[slash+1:]
}

// isData says whether a path below a folder names data rather than a marker, a log or a hidden file.
func isData(below string, size int64) bool {
	return size > 0 && !isHidden(below) && (strings.HasSuffix(below, ".parquet") || strings.HasSuffix(below, ".parq") || strings.HasSuffix(below, ".pq"))
}

// isHidden says whether an element of a path begins with "_" or ".", as what jobs leave beside data does. A partition's
// column may.
func isHidden(below string) bool {
	for _, element := range strings.Split(below, "/") {
		if hidden := strings.HasPrefix(element, "_") || strings.HasPrefix(element, "."); hidden && !strings.Contains(element, "=") {
			return true
		}
	}
	return false
}

func (d *Dataset) readFooters(ctx context.Context, store *storage.Store) error {
	tasks, group := errgroup.WithContext(ctx)
	tasks.SetLimit(footersAtOnce)
	for i := range d.Files {
		tasks.Go(func() error {
			f := &d.Files[i]
			file, err := parquetio.Open(&objectReader{ctx: ctx, store: store, object: f.Object}, f.Size)
			if err != nil {
				return fmt.Errorf("input %s: %w", f.URI, err)
			}
			f.file, f.Rows = file, file.Rows()
			return group.Err()
		})
	}
	return tasks.Wait()
}

// objectReader reads an object as an io.ReaderAt, for as long as the context of the dataset holds.
type objectReader struct {
	ctx    context.Context
	store  *storage.Store
	object storage.Object
}

func (r *objectReader) ReadAt(p []byte, off int64) (int, error) {
	want := p[:max(min(int64(len(p)), r.object.Size-off), 0)]
	if err := r.store.ReadAt(r.ctx, r.object, want, off); err != nil {
		return 0, err
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// reconcile makes one schema of all files': the first file's columns, then what later files add. A column that some
// files lack is nullable, and null in their rows; numbers of different types are read as the wider one.
func (d *Dataset) reconcile() error {
	var fields []arrow.Field
	seen, place := []int{}, map[string]int{} // by column: the files that have it
	for i, f := range d.Files {
		if i > 0 && len(f.file.Schema().Fields()) > 0 && !slices.ContainsFunc(f.file.Schema().Fields(), func(g arrow.Field) bool { _, ok := place[g.Name]; return ok }) {
			return fmt.Errorf("%w: %s has none of the columns of %s, which begin with %q", ErrSchema, f.URI, d.Files[0].URI, fields[0].Name)
		}
		for _, field := range f.file.Schema().Fields() {
			at, ok := place[field.Name]
			if !ok {
				if i := slices.IndexFunc(fields, func(g arrow.Field) bool { return strings.EqualFold(g.Name, field.Name) }); i >= 0 {
					return fmt.Errorf("%w: column %q of %s and %q of %s differ in case only", ErrSchema, fields[i].Name, d.fileWith(fields[i].Name), field.Name, f.URI)
				}
				place[field.Name] = len(fields)
				fields, seen = append(fields, field), append(seen, 1)
				continue
			}
			t, ok := wider(fields[at].Type, field.Type)
			if !ok {
				return fmt.Errorf("%w: column %q is %s in %s and %s in %s", ErrSchema, field.Name, fields[at].Type, d.fileWith(field.Name), field.Type, f.URI)
			}
			fields[at].Type, fields[at].Nullable = t, fields[at].Nullable || field.Nullable
			seen[at]++
		}
	}
	for i := range fields {
		if seen[i] < len(d.Files) {
			fields[i].Nullable = true
			d.Partial = append(d.Partial, PartialColumn{Name: fields[i].Name, Files: seen[i]})
		}
	}
	schema := arrow.NewSchema(fields, nil)
	added, err := d.partitionFields(schema)
	if err != nil {
		return err
	}
	d.Schema = arrow.NewSchema(append(fields, added...), nil)
	return nil
}

// fileWith is the first file that has the column.
func (d *Dataset) fileWith(column string) string {
	for _, f := range d.Files {
		if f.file.Schema().HasField(column) {
			return f.URI
		}
	}
	return ""
}

// number gives every row group the position of its first row.
func (d *Dataset) number() {
	for i, f := range d.Files {
		for g, rows := range f.file.RowGroups() {
			d.groups = append(d.groups, RowGroup{File: i, Index: g, FirstRow: d.Rows, Rows: rows})
			d.Rows += rows
		}
	}
}

// Unsupported says why a column can't be read; nil for one that can, or isn't there.
func (d *Dataset) Unsupported(column string) error { return d.Files[0].file.Unsupported(column) }

// UnsupportedColumns names the columns that can't be read.
func (d *Dataset) UnsupportedColumns() []string { return d.Files[0].file.UnsupportedColumns() }

// Names are the names of all columns.
func (d *Dataset) Names() []string {
	var names []string
	for _, f := range d.Schema.Fields() {
		names = append(names, f.Name)
	}
	return names
}
