package storage

import (
	"context"
	"io"
	"iter"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

// Object is one stored file as it was when it was listed.
type Object struct {
	URI  string
	Size int64  // bytes
	ETag string // S3's; of a local file its size, time and inode
}

// Mode says what a write does about an object that is there.
type Mode int

const (
	Replace  Mode = iota // the new object takes its place
	IfAbsent             // the write fails with ErrExists; of several at once, one succeeds
)

// Options say how S3 is reached. Zero values leave it to the AWS SDK's default chain: environment, shared files, roles.
type Options struct {
	Region    string
	Endpoint  string // of an S3-compatible server
	PathStyle bool   // http://server/bucket/key instead of http://bucket.server/key; most compatible servers need it
	Anonymous bool   // no credentials: public buckets
	// Encryption is the server-side encryption of what is written: "" leaves it to the bucket, "AES256" is SSE-S3, "aws:kms"
	// SSE-KMS with KMSKey, or with the bucket's own key where that is empty.
	Encryption, KMSKey string
	// Stall is how long a server may say nothing before a request is given up and tried again; default 30 s.
	Stall time.Duration
}

// Writer takes the bytes of a new object. Commit makes it visible; without it nothing is. Discard is a no-op after
// Commit, so that it can be deferred.
type Writer interface {
	io.Writer
	Commit(ctx context.Context) error
	Discard()
}

// backend is one kind of storage. Errors are *Error.
type backend interface {
	list(ctx context.Context, prefix string) iter.Seq2[Object, error]
	stat(ctx context.Context, uri string) (Object, error)
	readAt(ctx context.Context, o Object, p []byte, off int64) error
	create(ctx context.Context, uri string, mode Mode) (Writer, error)
	delete(ctx context.Context, uri string) error
}

// Store gives access to local paths and s3:// URIs. It is safe for concurrent use.
type Store struct {
	options Options
	local   files
	s3      func() (backend, error) // made at first use: local jobs need no AWS configuration
}

// New returns a store; nothing is contacted yet.
func New(o Options) *Store {
	return &Store{options: o, s3: sync.OnceValues(func() (backend, error) { return newS3(o) })}
}

func (s *Store) backend(op, uri string) (backend, error) {
	scheme, _, ok := strings.Cut(uri, "://")
	switch {
	case uri == "" || strings.ContainsRune(uri, 0):
		return nil, &Error{Op: op, URI: uri, Kind: ErrInvalid}
	case !ok || scheme == "file":
		return s.local, nil
	case scheme == "s3" || scheme == "s3a":
		return s.s3()
	}
	return nil, &Error{Op: op, URI: uri, Kind: ErrInvalid}
}

// List gives everything whose URI begins with prefix and a slash, or is prefix itself, in the order of the URIs' bytes.
// A prefix with nothing below it gives nothing.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	b, err := s.backend("list", prefix)
	if err != nil {
		return func(yield func(Object, error) bool) { yield(Object{}, err) }
	}
	return b.list(ctx, prefix)
}

// Stat describes one object. Errors: ErrNotFound.
func (s *Store) Stat(ctx context.Context, uri string) (Object, error) {
	b, err := s.backend("stat", uri)
	if err != nil {
		return Object{}, err
	}
	return b.stat(ctx, uri)
}

// ReadAt fills p with the object's bytes from off.
//
// Errors: ErrChanged when the object is no longer what o describes, ErrNotFound when it is gone, and io.ErrUnexpectedEOF
// among the causes when it ends early.
func (s *Store) ReadAt(ctx context.Context, o Object, p []byte, off int64) error {
	b, err := s.backend("read", o.URI)
	if err != nil {
		return err
	}
	return b.readAt(ctx, o, p, off)
}

// Read returns a small object whole. Errors: ErrNotFound, and ErrTooLarge beyond limit bytes.
func (s *Store) Read(ctx context.Context, uri string, limit int64) ([]byte, error) {
	o, err := s.Stat(ctx, uri)
	if err != nil {
		return nil, err
	}
	if o.Size > limit {
		return nil, &Error{Op: "read", URI: uri, Kind: ErrTooLarge}
	}
	data := make([]byte, o.Size)
	return data, s.ReadAt(ctx, o, data, 0)
}

// Create starts a new object, whose folders are made as needed.
func (s *Store) Create(ctx context.Context, uri string, mode Mode) (Writer, error) {
	b, err := s.backend("write", uri)
	if err != nil {
		return nil, err
	}
	return b.create(ctx, uri, mode)
}

// Write stores a small object whole. Errors: ErrExists in mode IfAbsent.
func (s *Store) Write(ctx context.Context, uri string, data []byte, mode Mode) error {
	w, err := s.Create(ctx, uri, mode)
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Commit(ctx)
}

// Delete removes an object; one that isn't there is no error.
func (s *Store) Delete(ctx context.Context, uri string) error {
	b, err := s.backend("delete", uri)
	if err != nil {
		return err
	}
	return b.delete(ctx, uri)
}

// IsRemote says whether uri is not a local path.
func IsRemote(uri string) bool {
	return strings.Contains(uri, "://") && !strings.HasPrefix(uri, "file://")
}

// Join adds path elements to a URI or path.
func Join(uri string, elements ...string) string {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return path.Join(append([]string{uri}, elements...)...)
	}
	return scheme + "://" + path.Join(append([]string{rest}, elements...)...)
}

// Base is the last element of a URI or path.
func Base(uri string) string { return path.Base(uri) }

// bucketAndKey splits an s3:// URI.
func bucketAndKey(op, uri string) (bucket, key string, err error) {
	u, err := url.Parse(uri)
	if _, rest, _ := strings.Cut(uri, "://"); err == nil && u.Host != "" {
		bucket, key, _ = strings.Cut(rest, "/")
		return bucket, key, nil
	}
	return "", "", &Error{Op: op, URI: uri, Kind: ErrInvalid}
}
