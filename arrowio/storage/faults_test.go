package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3faults"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

// TestOneFaultAnywhereIsGotOver injects each fault into the first, second, third … request of a write, a read and a
// listing, until none is left, and expects what an undisturbed client sees.
func TestOneFaultAnywhereIsGotOver(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("faults"); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 9<<20) // a multipart upload
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(data)
	for name, fault := range map[string]s3faults.Fault{
		"reset": s3faults.Reset, "lost reply": s3faults.LostReply, "slow down": s3faults.SlowDown, "internal": s3faults.Internal,
		"truncate": s3faults.Truncate, "stall": s3faults.Stall,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := int64(0); ; n++ {
				proxy, err := s3faults.Start(server.Endpoint, 0, func(i int64, _ *http.Request) s3faults.Fault {
					if i == n {
						return fault
					}
					return s3faults.None
				})
				if err != nil {
					t.Fatal(err)
				}
				store := storage.New(storage.Options{Endpoint: proxy.Endpoint, PathStyle: true, Stall: 300 * time.Millisecond})
				roundTrip(t, store, fmt.Sprintf("s3://faults/%d-%d", fault, n), data)
				requests := proxy.Requests()
				proxy.Stop()
				if requests <= n || t.Failed() {
					break
				}
			}
		})
	}
}

// roundTrip writes, lists and reads; a write whose reply was lost may find its own object there.
func roundTrip(t *testing.T, store *storage.Store, folder string, data []byte) {
	t.Helper()
	uri := storage.Join(folder, "object")
	if err := store.Write(t.Context(), uri, data, storage.IfAbsent); err != nil && !errors.Is(err, storage.ErrExists) {
		t.Errorf("write: %v", err)
		return
	}
	listed := 0
	for _, err := range store.List(t.Context(), folder) {
		if err != nil {
			t.Errorf("list: %v", err)
		}
		listed++
	}
	got, err := store.Read(t.Context(), uri, int64(len(data)))
	if err != nil || listed != 1 || !bytes.Equal(got, data) {
		t.Errorf("%d objects listed, %d bytes read: %v", listed, len(got), err)
	}
}

func TestExpiredCredentialIsNamed(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("expired"); err != nil {
		t.Fatal(err)
	}
	proxy, err := s3faults.Start(server.Endpoint, 0, func(int64, *http.Request) s3faults.Fault { return s3faults.Expired })
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Stop()
	store := storage.New(storage.Options{Endpoint: proxy.Endpoint, PathStyle: true})
	if err := store.Write(t.Context(), "s3://expired/a", []byte("x"), storage.Replace); !errors.Is(err, storage.ErrExpired) {
		t.Errorf("got %v", err)
	}
}
