// Package storagetest is the suite that every backend of arrowio/storage passes: a test calls Run with a store and an
// empty place in it. It may import arrowio/storage.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio/storage"
)

// Run checks a store at an empty folder or prefix.
func Run(t *testing.T, s *storage.Store, root string) {
	for name, test := range map[string]func(t *testing.T, s *storage.Store, root string){
		"WrittenBytesComeBack":       writtenBytesComeBack,
		"LargeObjectsComeBack":       largeObjectsComeBack,
		"UncommittedIsInvisible":     uncommittedIsInvisible,
		"OneOfManyWritersWins":       oneOfManyWritersWins,
		"ListingIsCompleteAndSorted": listingIsCompleteAndSorted,
		"ListingKeepsToTheFolder":    listingKeepsToTheFolder,
		"MissingIsNotFound":          missingIsNotFound,
		"ChangedObjectIsNotRead":     changedObjectIsNotRead,
		"DeletedObjectIsNotRead":     deletedObjectIsNotRead,
		"CancelledContextStops":      cancelledContextStops,
	} {
		t.Run(name, func(t *testing.T) { test(t, s, storage.Join(root, name)) })
	}
}

func write(t *testing.T, s *storage.Store, uri string, data []byte) {
	t.Helper()
	if err := s.Write(t.Context(), uri, data, storage.Replace); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, s *storage.Store, prefix string) (uris []string) {
	t.Helper()
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		uris = append(uris, o.URI)
	}
	return uris
}

func writtenBytesComeBack(t *testing.T, s *storage.Store, root string) {
	uri := storage.Join(root, "a b", "ünïcode+%20.txt")
	for _, text := range []string{"one", "", "three, which replaces the others"} {
		write(t, s, uri, []byte(text))
		got, err := s.Read(t.Context(), uri, 100)
		if err != nil || string(got) != text {
			t.Errorf("wrote %q, read %q, %v", text, got, err)
		}
	}
	if _, err := s.Read(t.Context(), uri, 5); !errors.Is(err, storage.ErrTooLarge) {
		t.Errorf("a limit of 5 bytes: %v", err)
	}
	o, err := s.Stat(t.Context(), uri)
	if err != nil || o.Size != 32 || o.ETag == "" {
		t.Fatalf("%+v, %v", o, err)
	}
	part := make([]byte, 5)
	if err := s.ReadAt(t.Context(), o, part, 7); err != nil || string(part) != "which" {
		t.Errorf("read %q at 7: %v", part, err)
	}
}

func largeObjectsComeBack(t *testing.T, s *storage.Store, root string) {
	data := make([]byte, 21<<20)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	w, err := s.Create(t.Context(), storage.Join(root, "large"), storage.IfAbsent)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Discard()
	for chunk := range slices.Chunk(data, 1<<20+13) {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Read(t.Context(), storage.Join(root, "large"), 1<<30); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes came back of %d: %v", len(got), len(data), err)
	}
}

func uncommittedIsInvisible(t *testing.T, s *storage.Store, root string) {
	for _, size := range []int{10, 9 << 20} {
		w, err := s.Create(t.Context(), storage.Join(root, "file"), storage.Replace)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if found := list(t, s, root); len(found) != 0 {
			t.Errorf("before Commit there is %v", found)
		}
		w.Discard()
		if found := list(t, s, root); len(found) != 0 {
			t.Errorf("after Discard there is %v", found)
		}
	}
}

func oneOfManyWritersWins(t *testing.T, s *storage.Store, root string) {
	for _, size := range []int{10, 9 << 20} {
		uri := storage.Join(root, fmt.Sprint(size))
		var wait sync.WaitGroup
		var won, lost atomic.Int32
		for i := range 6 {
			wait.Go(func() {
				err := s.Write(t.Context(), uri, bytes.Repeat([]byte{byte(i)}, size), storage.IfAbsent)
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, storage.ErrExists):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if won.Load() != 1 || lost.Load() != 5 {
			t.Errorf("of 6 writers of %d bytes, %d won and %d were told that it exists", size, won.Load(), lost.Load())
		}
	}
}

func listingIsCompleteAndSorted(t *testing.T, s *storage.Store, root string) {
	var want []string
	for i := range 1100 { // more than one page of S3
		uri := storage.Join(root, fmt.Sprintf("day=%d", i%3), fmt.Sprintf("%04d.parquet", i))
		write(t, s, uri, []byte("x"))
		want = append(want, uri)
	}
	slices.Sort(want)
	if got := list(t, s, root); !slices.Equal(got, want) {
		t.Errorf("%d objects are listed, sorted %v", len(got), slices.IsSorted(got))
	}
}

func listingKeepsToTheFolder(t *testing.T, s *storage.Store, root string) {
	for _, name := range []string{"in/a", "in/b/c", "in-other/d", "inner"} {
		write(t, s, storage.Join(root, name), []byte("x"))
	}
	want := []string{storage.Join(root, "in/a"), storage.Join(root, "in/b/c")}
	for _, prefix := range []string{"in", "in/"} {
		if got := list(t, s, root+"/"+prefix); !slices.Equal(got, want) {
			t.Errorf("below %s: %v", prefix, got)
		}
	}
	if got := list(t, s, storage.Join(root, "in/a")); !slices.Equal(got, want[:1]) {
		t.Errorf("the object itself: %v", got)
	}
}

func missingIsNotFound(t *testing.T, s *storage.Store, root string) {
	if found := list(t, s, storage.Join(root, "nothing")); len(found) != 0 {
		t.Errorf("a prefix with nothing below it lists %v", found)
	}
	if _, err := s.Read(t.Context(), storage.Join(root, "nothing"), 10); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err := s.Delete(t.Context(), storage.Join(root, "nothing")); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func changedObjectIsNotRead(t *testing.T, s *storage.Store, root string) {
	uri := storage.Join(root, "file")
	write(t, s, uri, []byte("old text"))
	o, err := s.Stat(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, uri, []byte("new text"))
	if err := s.ReadAt(t.Context(), o, make([]byte, 3), 0); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("got %v", err)
	}
}

func deletedObjectIsNotRead(t *testing.T, s *storage.Store, root string) {
	uri := storage.Join(root, "file")
	write(t, s, uri, []byte("text"))
	o, err := s.Stat(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), uri); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadAt(t.Context(), o, make([]byte, 3), 0); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func cancelledContextStops(t *testing.T, s *storage.Store, root string) {
	uri := storage.Join(root, "file")
	write(t, s, uri, []byte("text"))
	o, err := s.Stat(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.ReadAt(ctx, o, make([]byte, 3), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
