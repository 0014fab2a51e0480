// Writing to S3: one request for a small object, a multipart upload for a large one. Either is visible whole or not at
// all, and in mode IfAbsent only where the key is free.

package storage

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"
)

const (
	partBytes     = 8 << 20 // of a multipart upload; 10,000 parts make 80 GB, more than any part file should have
	uploadsAtOnce = 4
)

// s3Writer implements Writer. It holds at most uploadsAtOnce+1 parts in memory.
type s3Writer struct {
	backend     s3Backend
	uri         string
	bucket, key string
	mode        Mode
	buffer      []byte
	upload      *string                // of a multipart upload that has begun
	parts       []*types.CompletedPart // each is filled by its own upload
	uploads     *errgroup.Group
	ctx         context.Context // of the uploads; cancelled by Discard
	cancel      context.CancelFunc
	done        bool
}

func (b s3Backend) create(ctx context.Context, uri string, mode Mode) (Writer, error) {
	bucket, key, err := bucketAndKey("write", uri)
	if err != nil {
		return nil, err
	}
	w := &s3Writer{backend: b, uri: uri, bucket: bucket, key: key, mode: mode}
	ctx, w.cancel = context.WithCancel(ctx)
	w.uploads, w.ctx = errgroup.WithContext(ctx)
	w.uploads.SetLimit(uploadsAtOnce)
	return w, nil
}

func (w *s3Writer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if w.buffer == nil {
			w.buffer = make([]byte, 0, partBytes)
		}
		take := min(partBytes-len(w.buffer), len(p))
		w.buffer = append(w.buffer, p[:take]...)
		p = p[take:]
		if len(w.buffer) == partBytes {
			if err := w.uploadPart(); err != nil {
				return n - len(p), err
			}
		}
	}
	return n, nil
}

// uploadPart hands the buffer to an upload of its own, waiting while too many are under way.
func (w *s3Writer) uploadPart() error {
	if w.upload == nil {
		created, err := w.backend.client.CreateMultipartUpload(w.ctx, &s3.CreateMultipartUploadInput{Bucket: &w.bucket, Key: &w.key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			ServerSideEncryption: w.backend.encryption, SSEKMSKeyId: w.backend.kmsKey})
		if err != nil {
			return s3Error("write", w.uri, err)
		}
		w.upload = created.UploadId
	}
	if err := w.ctx.Err(); err != nil {
		return w.uploads.Wait()
	}
	data, part := w.buffer, &types.CompletedPart{PartNumber: aws.Int32(int32(len(w.parts) + 1))}
	w.parts = append(w.parts, part)
	w.buffer = nil
	w.uploads.Go(func() error {
		answer, err := w.backend.client.UploadPart(w.ctx, &s3.UploadPartInput{Bucket: &w.bucket, Key: &w.key, UploadId: w.upload, PartNumber: part.PartNumber,
			Body: bytes.NewReader(data), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			return s3Error("write", w.uri, err)
		}
		part.ETag, part.ChecksumCRC32 = answer.ETag, answer.ChecksumCRC32
		return nil
	})
	return nil
}

func (w *s3Writer) Commit(ctx context.Context) error {
	defer w.Discard()
	var free *string
	if w.mode == IfAbsent {
		free = aws.String("*")
	}
	if w.upload == nil {
		_, err := w.backend.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &w.bucket, Key: &w.key, Body: bytes.NewReader(w.buffer), IfNoneMatch: free,
			ServerSideEncryption: w.backend.encryption, SSEKMSKeyId: w.backend.kmsKey})
		return w.committed(err)
	}
	if len(w.buffer) > 0 {
		if err := w.uploadPart(); err != nil {
			return err
		}
	}
	if err := w.uploads.Wait(); err != nil {
		return err
	}
	completed := &types.CompletedMultipartUpload{}
	for _, part := range w.parts {
		completed.Parts = append(completed.Parts, *part)
	}
	_, err := w.backend.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &w.bucket, Key: &w.key, UploadId: w.upload,
		IfNoneMatch: free, MultipartUpload: completed})
	if failed := smithy.APIError(nil); errors.As(err, &failed) && failed.ErrorCode() == "NoSuchUpload" {
		return w.completed(ctx, err)
	}
	return w.committed(err)
}

// completed settles an upload that the server no longer knows: the reply to an earlier attempt was lost. If the object
// is there, that attempt, or another writer of the same key, was served.
func (w *s3Writer) completed(ctx context.Context, cause error) error {
	if _, err := w.backend.stat(ctx, w.uri); err != nil {
		return &Error{Op: "write", URI: w.uri, Kind: ErrUnavailable, Err: errors.Join(err, cause)}
	}
	w.done = true
	if w.mode == IfAbsent {
		return &Error{Op: "write", URI: w.uri, Kind: ErrExists}
	}
	return nil
}

// committed notes success; a failed condition means that the key was taken.
func (w *s3Writer) committed(err error) error {
	if err == nil {
		w.done = true
		return nil
	}
	if err = s3Error("write", w.uri, err); errors.Is(err, ErrChanged) {
		return &Error{Op: "write", URI: w.uri, Kind: ErrExists}
	}
	return err
}

// Discard waits for uploads under way and gives up a multipart upload, whose parts would be paid for.
func (w *s3Writer) Discard() {
	w.cancel()
	_ = w.uploads.Wait() // their error has been reported, or nobody wants the object any more
	if w.upload == nil || w.done {
		return
	}
	w.done = true
	// The job's context may be the reason to give up, so this uses one of its own. Where it fails, the bucket's
	// lifecycle rule for unfinished uploads is the net.
	_, _ = w.backend.client.AbortMultipartUpload(context.WithoutCancel(w.ctx), &s3.AbortMultipartUploadInput{Bucket: &w.bucket, Key: &w.key, UploadId: w.upload})
}
