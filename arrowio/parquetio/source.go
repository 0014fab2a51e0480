package parquetio

import (
	"fmt"
	"io"
	"sync"
)

// sourceReader remembers the first error of the file's storage: the decoder may report it as a damaged page.
type sourceReader struct {
	io.ReaderAt
	size  int64
	mutex sync.Mutex
	err   error
}

func (s *sourceReader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > s.size { // the footer's doing, not the storage's
		return 0, fmt.Errorf("%w: an offset of %d in a file of %d bytes", ErrCorrupt, off, s.size)
	}
	return s.note(s.ReaderAt.ReadAt(p, off))
}

// note remembers an error of the storage.
func (s *sourceReader) note(n int, err error) (int, error) {
	if err != nil && err != io.EOF {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.err == nil {
			s.err = err
		}
	}
	return n, err
}

// through makes the errors of another reader of the same file's bytes the file's own.
func (s *sourceReader) through(r io.ReaderAt) io.ReaderAt {
	return &notedReader{ReaderAt: r, source: s}
}

type notedReader struct {
	io.ReaderAt
	source *sourceReader
}

func (r *notedReader) ReadAt(p []byte, off int64) (int, error) {
	return r.source.note(r.ReaderAt.ReadAt(p, off))
}

func (s *sourceReader) failed() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}
