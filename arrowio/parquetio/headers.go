// Page headers, looked at before the decoder sees them: it allocates whatever they say.

package parquetio

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// largestPage bounds a page, decompressed. Writers aim at a megabyte; the largest seen are dictionaries of long texts.
const largestPage = 1 << 30

// pageHeaders walks through the headers of a column chunk's pages.
type pageHeaders struct {
	reader io.ReaderAt
	at     int64 // offset of the next header in the file
	end    int64 // of the chunk
}

// headerSizes are how many bytes are read for a header: most are small, those with long statistics are not.
var headerSizes = []int64{256, 16 << 10, 1 << 20}

// next checks the headers up to the next data page's. At the chunk's end it does nothing.
func (h *pageHeaders) next() error {
	for h.at < h.end {
		header, size, err := h.read()
		if err != nil {
			return err
		}
		left := h.end - h.at - size
		if n := int64(header.CompressedPageSize); n < 0 || n > left {
			return fmt.Errorf("%w: a page of %d bytes with %d left in its column chunk", ErrCorrupt, n, left)
		}
		if n := header.UncompressedPageSize; n < 0 || n > largestPage {
			return fmt.Errorf("%w: a page of %d bytes when decompressed; at most %d are read", ErrCorrupt, n, largestPage)
		}
		h.at += size + int64(header.CompressedPageSize)
		if header.Type == format.DataPage || header.Type == format.DataPageV2 {
			return nil
		}
	}
	return nil
}

// read decodes the next header, and returns its size in bytes.
func (h *pageHeaders) read() (header format.PageHeader, size int64, err error) {
	for _, n := range headerSizes {
		data := make([]byte, min(n, h.end-h.at))
		if _, err := h.reader.ReadAt(data, h.at); err != nil && err != io.EOF {
			return header, 0, err
		}
		rest := bytes.NewReader(data)
		header = format.PageHeader{}
		err = thrift.NewDecoder(new(thrift.CompactProtocol).NewReader(rest)).Decode(&header)
		if err == nil {
			return header, int64(len(data) - rest.Len()), nil
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
	}
	return header, 0, fmt.Errorf("%w: page header: %w", ErrCorrupt, err)
}
