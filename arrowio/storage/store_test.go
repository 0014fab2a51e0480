package storage_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
	"github.com/lacuna-ml/lacuna/arrowio/storage/storagetest"
)

func TestFiles(t *testing.T) { storagetest.Run(t, storage.New(storage.Options{}), t.TempDir()) }

func TestS3(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("lake"); err != nil {
		t.Fatal(err)
	}
	storagetest.Run(t, storage.New(storage.Options{PathStyle: true}), "s3://lake/suite")
}

// TestS3ErrorsSayWhatToDo: each has its kind, fits on a line, and keeps the secret.
func TestS3ErrorsSayWhatToDo(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("lake"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, uri, secret string
		options           storage.Options
		want              error
	}{
		{"missing bucket", "s3://nowhere/a", s3server.SecretKey, storage.Options{PathStyle: true}, storage.ErrNoBucket},
		{"wrong secret", "s3://lake/a", "wrong-secret", storage.Options{PathStyle: true}, storage.ErrDenied},
		{"anonymous", "s3://lake/a", s3server.SecretKey, storage.Options{PathStyle: true, Anonymous: true}, storage.ErrDenied},
		{"no server", "s3://lake/a", s3server.SecretKey, storage.Options{PathStyle: true, Endpoint: "http://127.0.0.1:1"}, storage.ErrUnavailable},
		{"no bucket's name", "s3:///a", s3server.SecretKey, storage.Options{}, storage.ErrInvalid},
		{"another scheme", "gs://lake/a", s3server.SecretKey, storage.Options{}, storage.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			s := storage.New(c.options)
			for _, err := range []error{s.Write(t.Context(), c.uri, []byte("x"), storage.Replace), firstError(t, s, c.uri)} {
				if !errors.Is(err, c.want) {
					t.Errorf("got %v", err)
				}
				if err != nil && (strings.Contains(err.Error(), c.secret) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400) {
					t.Errorf("not one clear line: %v", err)
				}
			}
		})
	}
}

func firstError(t *testing.T, s *storage.Store, prefix string) error {
	t.Helper()
	for _, err := range s.List(t.Context(), prefix) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestJoin(t *testing.T) {
	for _, c := range [][3]string{{"s3://lake/a/", "b", "s3://lake/a/b"}, {"s3://lake", "b/c", "s3://lake/b/c"}, {"out/", "b", "out/b"}, {"/tmp/x", "b", "/tmp/x/b"}} {
		if got := storage.Join(c[0], c[1]); got != c[2] {
			t.Errorf("Join(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}
