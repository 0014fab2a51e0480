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
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		if s.err == nil {
			s.err = err
		}
	}
	return n, err
}

func (s *sourceReader) failed() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}
