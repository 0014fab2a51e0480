package parquetio

import (
	"io"
	"sync"
)

// sourceReader remembers the first error of the file's storage: the decoder may report it as a damaged page.
type sourceReader struct {
	io.ReaderAt
	mutex sync.Mutex
	err   error
}

func (s *sourceReader) ReadAt(p []byte, off int64) (int, error) {
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
