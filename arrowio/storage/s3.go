// S3 and servers that speak its protocol, through aws-sdk-go-v2.

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// s3Backend implements backend.
type s3Backend struct {
	client *s3.Client
	stall  time.Duration
	// Of what is written.
	encryption types.ServerSideEncryption
	kmsKey     *string
}

// maxAttempts is how often the SDK tries a request, with its standard backoff of up to 20 s, before the job fails and
// leaves it to the scheduler to try again.
const maxAttempts = 6

const (
	// defaultStall is how long a server may say nothing before the connection is given up.
	defaultStall = 30 * time.Second
	// maxIdleConnections are kept open: a reader fetches as many blocks at a time.
	maxIdleConnections = 128
)

// defaultRegion is used where nothing names one: S3-compatible servers take any.
const defaultRegion = "us-east-1"

func newS3(o Options) (backend, error) {
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	loaders := []func(*config.LoadOptions) error{config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = o.Stall
		t.MaxIdleConnsPerHost = maxIdleConnections
	}))}
	if o.Region != "" {
		loaders = append(loaders, config.WithRegion(o.Region))
	}
	if o.Anonymous {
		loaders = append(loaders, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	c, err := config.LoadDefaultConfig(context.Background(), loaders...)
	if err != nil {
		return nil, &Error{Op: "configure", URI: "s3", Kind: ErrDenied, Err: err}
	}
	if c.Region == "" {
		c.Region = defaultRegion
	}
	if c.RetryMaxAttempts == 0 { // AWS_MAX_ATTEMPTS is not set
		c.RetryMaxAttempts = maxAttempts
	}
	client := s3.NewFromConfig(c, func(s *s3.Options) {
		s.UsePathStyle = o.PathStyle
		s.DisableLogOutputChecksumValidationSkipped = true
		if o.Endpoint != "" {
			s.BaseEndpoint = &o.Endpoint
		}
	})
	b := s3Backend{client: client, stall: o.Stall, encryption: types.ServerSideEncryption(o.Encryption)}
	if o.KMSKey != "" {
		b.kmsKey = &o.KMSKey
	}
	return b, nil
}

// s3Error gives an error of the SDK its kind, and one line of text.
func s3Error(op, uri string, err error) error {
	known := func(kind error) error { return &Error{Op: op, URI: uri, Kind: kind} }
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{Op: op, URI: uri, Kind: ErrUnavailable, Err: errors.Join(contextCause(err))}
	}
	var failed smithy.APIError
	if errors.As(err, &failed) {
		switch failed.ErrorCode() {
		case "NoSuchBucket":
			return known(ErrNoBucket)
		case "NoSuchKey", "NotFound":
			return known(ErrNotFound)
		case "PreconditionFailed", "ConditionalRequestConflict":
			return known(ErrChanged)
		case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
			return known(ErrExpired)
		case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "Forbidden", "AuthorizationHeaderMalformed":
			return &Error{Op: op, URI: uri, Kind: ErrDenied, Err: errors.New(failed.ErrorCode())}
		}
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) {
		return statusError(op, uri, response.HTTPStatusCode(), failed)
	}
	if strings.Contains(err.Error(), "failed to refresh cached credentials") || strings.Contains(err.Error(), "get credentials") {
		return &Error{Op: op, URI: uri, Kind: ErrDenied, Err: errors.New("no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role, or s3.anonymous for a public bucket")}
	}
	return &Error{Op: op, URI: uri, Kind: ErrUnavailable, Err: innermost(err)}
}

// statusError goes by the HTTP status, for answers without a code of their own (HEAD has no body).
func statusError(op, uri string, status int, failed smithy.APIError) error {
	switch status {
	case http.StatusNotFound:
		return &Error{Op: op, URI: uri, Kind: ErrNotFound}
	case http.StatusForbidden, http.StatusUnauthorized:
		return &Error{Op: op, URI: uri, Kind: ErrDenied}
	case http.StatusPreconditionFailed:
		return &Error{Op: op, URI: uri, Kind: ErrChanged}
	}
	cause := fmt.Errorf("HTTP status %d", status)
	if failed != nil {
		cause = fmt.Errorf("HTTP status %d, %s: %s", status, failed.ErrorCode(), failed.ErrorMessage())
	}
	return &Error{Op: op, URI: uri, Kind: ErrUnavailable, Err: cause}
}

func contextCause(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return context.DeadlineExceeded
}

// innermost strips the SDK's layers, which repeat request ids and operations, down to what went wrong.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

func (b s3Backend) list(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		bucket, key, err := bucketAndKey("list", prefix)
		if err != nil {
			yield(Object{}, err)
			return
		}
		key = strings.TrimSuffix(key, "/")
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(Object{}, s3Error("list", prefix, err))
				return
			}
			for _, o := range page.Contents {
				name := aws.ToString(o.Key)
				below := key == "" || name == key || strings.HasPrefix(name, key+"/")
				if below && !yield(Object{URI: "s3://" + bucket + "/" + name, Size: aws.ToInt64(o.Size), ETag: aws.ToString(o.ETag)}, nil) {
					return
				}
			}
		}
	}
}

func (b s3Backend) stat(ctx context.Context, uri string) (Object, error) {
	bucket, key, err := bucketAndKey("stat", uri)
	if err != nil {
		return Object{}, err
	}
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return Object{}, s3Error("stat", uri, err)
	}
	return Object{URI: uri, Size: aws.ToInt64(head.ContentLength), ETag: aws.ToString(head.ETag)}, nil
}

// readAttempts is how often a body that breaks off is asked for again: the SDK retries requests, not bodies.
const readAttempts = 4

func (b s3Backend) readAt(ctx context.Context, o Object, p []byte, off int64) error {
	if len(p) == 0 {
		return nil
	}
	bucket, key, err := bucketAndKey("read", o.URI)
	if err != nil {
		return err
	}
	for attempt, done := 1, 0; ; attempt++ {
		n, err := b.readRange(ctx, bucket, key, o, p[done:], off+int64(done))
		done += n
		var failed *Error
		if err == nil || errors.As(err, &failed) && failed.Kind != ErrUnavailable || attempt == readAttempts || ctx.Err() != nil {
			return err
		}
	}
}

// readRange reads as much of a range as the server gives.
func (b s3Backend) readRange(ctx context.Context, bucket, key string, o Object, p []byte, off int64) (int, error) {
	ctx, stalled := watch(ctx, b.stall)
	defer stalled.stop()
	span := fmt.Sprintf("bytes=%d-%d", off, off+int64(len(p))-1)
	response, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: &span, IfMatch: &o.ETag})
	if err != nil {
		return 0, s3Error("read", o.URI, err)
	}
	defer response.Body.Close()
	n, err := io.ReadFull(stalled.reader(response.Body), p)
	if err != nil {
		return n, &Error{Op: "read", URI: o.URI, Kind: ErrUnavailable, Err: fmt.Errorf("%d of %d bytes came: %w", n, len(p), err)}
	}
	return n, nil
}

func (b s3Backend) delete(ctx context.Context, uri string) error {
	bucket, key, err := bucketAndKey("delete", uri)
	if err != nil {
		return err
	}
	if _, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		return s3Error("delete", uri, err)
	}
	return nil
}
