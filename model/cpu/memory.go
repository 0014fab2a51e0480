// The engine's large blocks of memory: weights, gradients and arenas.

package cpu

import "unsafe"

const (
	hugePage = 2 << 20 // bytes, on amd64 and most of arm64
	float    = 4       // bytes
)

// allocate returns n zeros. A block of a huge page or more starts at one's border and is asked to be made of them: a
// program walks through some ten MB over and over, and with pages of 4 KiB the processor's table of addresses
// misses all the time, which costs a sixth of the speed on a virtual machine.
func allocate(n int) []float32 {
	if n*float < hugePage {
		return make([]float32, n)
	}
	block := make([]float32, n+hugePage/float)
	offset := (hugePage - int(uintptr(unsafe.Pointer(&block[0]))%hugePage)) % hugePage / float
	floats := block[offset : offset+n : offset+n]
	adviseHugePages(unsafe.Slice((*byte)(unsafe.Pointer(&floats[0])), n*float/hugePage*hugePage))
	return floats
}

// slab hands out parts of one block.
type slab []float32

// take returns the next n floats. They start at a cache line's border.
func (s *slab) take(n int) []float32 {
	part := (*s)[:n:n]
	*s = (*s)[lines(n):]
	return part
}

// lines is n floats rounded up to whole cache lines.
func lines(n int) int { return (n + 15) / 16 * 16 }
