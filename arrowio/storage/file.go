// Local files. A write goes to a temporary file beside its place, is synced, and then takes its name in one step.

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// files implements backend.
type files struct{}

// temporaryPrefix marks files that are being written; listings leave them out.
const temporaryPrefix = ".lacuna-"

func localPath(uri string) string { return filepath.Clean(strings.TrimPrefix(uri, "file://")) }

// fileError gives an error of the os package its kind.
func fileError(op, uri string, err error) error {
	kind := ErrUnavailable
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return &Error{Op: op, URI: uri, Kind: ErrNotFound}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Op: op, URI: uri, Kind: ErrDenied}
	case errors.Is(err, fs.ErrExist):
		return &Error{Op: op, URI: uri, Kind: ErrExists}
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		kind = ErrInvalid
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return &Error{Op: op, URI: uri, Kind: kind, Err: err}
}

func (files) list(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		found, err := walk(ctx, localPath(prefix))
		if err != nil {
			yield(Object{}, fileError("list", prefix, err))
			return
		}
		for _, o := range found {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// walk lists the files below root, sorted by the bytes of their paths, as S3 sorts keys.
func walk(ctx context.Context, root string) (found []Object, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if path == root && errors.Is(err, fs.ErrNotExist) {
			return filepath.SkipAll
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), temporaryPrefix) {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			found = append(found, object(path, info))
		}
		return err
	})
	slices.SortFunc(found, func(a, b Object) int { return strings.Compare(a.URI, b.URI) })
	return found, err
}

func object(uri string, info fs.FileInfo) Object {
	tag := fmt.Sprintf("%x-%x", info.Size(), info.ModTime().UnixNano())
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		tag += fmt.Sprintf("-%x", s.Ino)
	}
	return Object{URI: uri, Size: info.Size(), ETag: tag}
}

func (files) stat(_ context.Context, uri string) (Object, error) {
	info, err := os.Stat(localPath(uri))
	if err != nil {
		return Object{}, fileError("stat", uri, err)
	}
	if info.IsDir() {
		return Object{}, &Error{Op: "stat", URI: uri, Kind: ErrNotFound, Err: errors.New("it is a folder")}
	}
	return object(uri, info), nil
}

func (files) readAt(ctx context.Context, o Object, p []byte, off int64) error {
	if err := ctx.Err(); err != nil {
		return &Error{Op: "read", URI: o.URI, Kind: ErrUnavailable, Err: err}
	}
	f, err := os.Open(localPath(o.URI))
	if err != nil {
		return fileError("read", o.URI, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fileError("read", o.URI, err)
	}
	if object(o.URI, info).ETag != o.ETag {
		return &Error{Op: "read", URI: o.URI, Kind: ErrChanged}
	}
	if _, err := io.ReadFull(io.NewSectionReader(f, off, int64(len(p))), p); err != nil {
		return &Error{Op: "read", URI: o.URI, Kind: ErrChanged, Err: io.ErrUnexpectedEOF}
	}
	return nil
}

func (files) create(_ context.Context, uri string, mode Mode) (Writer, error) {
	path := localPath(uri)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fileError("write", uri, err)
	}
	// Unlike os.CreateTemp, this leaves the file's permissions to the umask.
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%016x", temporaryPrefix, rand.Uint64()))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fileError("write", uri, err)
	}
	return &fileWriter{file: f, uri: uri, path: path, mode: mode}, nil
}

func (files) delete(_ context.Context, uri string) error {
	if err := os.Remove(localPath(uri)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fileError("delete", uri, err)
	}
	return nil
}

// fileWriter implements Writer.
type fileWriter struct {
	file      *os.File
	uri, path string
	mode      Mode
	closed    bool
}

func (w *fileWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	if err != nil {
		return n, fileError("write", w.uri, err)
	}
	return n, nil
}

// Commit syncs before the name is taken, so that a crash can't leave a name with half a file.
func (w *fileWriter) Commit(context.Context) error {
	defer w.Discard()
	err := w.file.Sync()
	if err == nil && w.mode == IfAbsent {
		err = os.Link(w.file.Name(), w.path) // unlike a rename, it fails when the name is taken
	} else if err == nil {
		err = os.Rename(w.file.Name(), w.path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(w.path))
	}
	if err != nil {
		return fileError("write", w.uri, err)
	}
	return nil
}

func (w *fileWriter) Discard() {
	if w.closed {
		return
	}
	w.closed = true
	w.file.Close()
	os.Remove(w.file.Name())
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
