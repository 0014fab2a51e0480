package storage_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3faults"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

// TestEncryptionIsAskedForWithEveryObject, small or in parts. (versitygw itself does not encrypt.)
func TestEncryptionIsAskedForWithEveryObject(t *testing.T) {
	server := s3server.Start(t)
	if err := server.Bucket("sealed"); err != nil {
		t.Fatal(err)
	}
	var mutex sync.Mutex
	var asked []string
	proxy, err := s3faults.Start(server.Endpoint, 0, func(_ int64, r *http.Request) s3faults.Fault {
		mutex.Lock()
		defer mutex.Unlock()
		starts := r.Method == http.MethodPut && r.URL.Query().Get("partNumber") == "" || r.Method == http.MethodPost && r.URL.Query().Has("uploads")
		if starts {
			asked = append(asked, r.Header.Get("x-amz-server-side-encryption")+" "+r.Header.Get("x-amz-server-side-encryption-aws-kms-key-id"))
		}
		return s3faults.None
	})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Stop()
	store := storage.New(storage.Options{Endpoint: proxy.Endpoint, PathStyle: true, Encryption: "aws:kms", KMSKey: "alias/lake"})
	for _, size := range []int{10, 9 << 20} {
		// Whether this server knows the key or not, it was asked.
		_ = store.Write(t.Context(), "s3://sealed/object", make([]byte, size), storage.Replace)
	}
	mutex.Lock()
	defer mutex.Unlock()
	for _, header := range asked {
		if header != "aws:kms alias/lake" {
			t.Errorf("asked for %q", header)
		}
	}
	if len(asked) < 2 {
		t.Errorf("%d objects were begun", len(asked))
	}
}
