package parquetio

import (
	"errors"
	"fmt"
)

// What can be wrong with a file. None of it gets better by trying again.
var (
	ErrNotParquet  = errors.New("not a Parquet file")
	ErrCorrupt     = errors.New("damaged Parquet file")
	ErrUnsupported = errors.New("not supported")
)

// guard turns a panic of the decoder, which damaged files cause, into ErrCorrupt. An error of the storage, which decoding
// may have run into first, is passed on as it is.
func guard(source *sourceReader, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, p)
	}
	if *err != nil && source.failed() != nil {
		*err = source.failed()
	}
}
