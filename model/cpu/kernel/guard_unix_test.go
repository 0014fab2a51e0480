//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// canary stands before each slice; a kernel that writes there is found out by check.
var canary = math.Float32frombits(0x7fc0beef)

const canaries = 32

// memory hands out slices whose last float is the last of its page; the page after it can't be read or written, so
// that a kernel that goes past the end, even only to read, ends the test at once.
type memory struct {
	t     fataler
	pages [][]byte // free ones
	used  []loan
}

// fataler is what memory needs of a test: *testing.T, *testing.B or *rapid.T.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

type loan struct {
	region []byte
	floats []float32
}

const regionBytes = 1 << 18

func newMemory(t *testing.T) *memory {
	m := &memory{t: t}
	t.Cleanup(func() {
		m.free()
		for _, p := range m.pages {
			if err := unix.Munmap(p); err != nil {
				t.Errorf("munmap: %v", err)
			}
		}
	})
	return m
}

// floats is n zeros before a forbidden page.
func (m *memory) floats(n int) []float32 {
	m.t.Helper()
	p := m.region()
	end := len(p) - unix.Getpagesize()
	from := end - 4*(n+canaries)
	if from < 0 {
		m.t.Fatalf("%d floats don't fit into a guarded region of %d bytes", n, regionBytes)
	}
	all := unsafe.Slice((*float32)(unsafe.Pointer(&p[from])), n+canaries)
	for i := range canaries {
		all[i] = canary
	}
	x := all[canaries : canaries+n : canaries+n]
	clear(x)
	m.used = append(m.used, loan{region: p, floats: all})
	return x
}

// random is n floats of a random kind: plain, many zeros, large or tiny.
func (m *memory) random(r *rand.Rand, n int) []float32 {
	x, kind := m.floats(n), r.IntN(6)
	for i := range x {
		v := r.NormFloat64()
		switch {
		case kind == 0 && r.IntN(2) == 0:
			v = 0
		case kind == 1:
			v *= 1e12
		case kind == 2:
			v *= 1e-12
		}
		x[i] = float32(v)
	}
	return x
}

// plain is n floats of a normal distribution.
func (m *memory) plain(r *rand.Rand, n int) []float32 {
	x := m.floats(n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// free takes all slices back, and fails if a float before one of them was written.
func (m *memory) free() {
	m.t.Helper()
	for _, l := range m.used {
		for i := range canaries {
			if math.Float32bits(l.floats[i]) != math.Float32bits(canary) {
				m.t.Fatalf("a kernel wrote %d floats before a slice of %d", canaries-i, len(l.floats)-canaries)
			}
		}
		m.pages = append(m.pages, l.region)
	}
	m.used = m.used[:0]
}

func (m *memory) region() []byte {
	m.t.Helper()
	if n := len(m.pages); n > 0 {
		p := m.pages[n-1]
		m.pages = m.pages[:n-1]
		return p
	}
	p, err := unix.Mmap(-1, 0, regionBytes+unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		err = unix.Mprotect(p[regionBytes:], unix.PROT_NONE)
	}
	if err != nil {
		m.t.Fatalf("guarded memory: %v", err)
	}
	return p
}
