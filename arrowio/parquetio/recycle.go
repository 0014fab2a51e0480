// Memory for columns of numbers, used again for the next records: without it, a reader allocates and clears more than a
// gigabyte a second.

package parquetio

import (
	"math/bits"
	"sync"

	"github.com/apache/arrow/go/v15/arrow/memory"
)

// recycler implements memory.Allocator. What it gives out is not cleared; whoever allocates writes every byte that is
// read. It serves buffers of numbers only, never of texts: their bytes are shared as Go strings, which may live on after
// the buffer is released.
type recycler struct {
	free [bits.UintSize]sync.Pool // by class: *[]byte of 1<<class bytes
}

// leastRecycled is the size below which Go's own allocator is good enough.
const leastRecycled = 4 << 10

func (r *recycler) Allocate(size int) []byte {
	if size < leastRecycled {
		return make([]byte, size)
	}
	class := bits.Len(uint(size - 1))
	if b, ok := r.free[class].Get().(*[]byte); ok {
		return (*b)[:size]
	}
	return make([]byte, size, 1<<class)
}

func (r *recycler) Reallocate(size int, b []byte) []byte {
	if cap(b) >= size {
		return b[:size]
	}
	grown := r.Allocate(size)
	copy(grown, b)
	r.Free(b)
	return grown
}

func (r *recycler) Free(b []byte) {
	if class := bits.Len(uint(cap(b)) - 1); cap(b) >= leastRecycled && cap(b) == 1<<class {
		b = b[:0]
		r.free[class].Put(&b)
	}
}

// recycled serves all readers of the process.
var recycled = &recycler{}

// allocators are what a reader allocates from.
type allocators struct{ numbers, rest memory.Allocator }

// newAllocators takes both from m, where one is given.
func newAllocators(m memory.Allocator) allocators {
	if m == nil {
		return allocators{numbers: recycled, rest: memory.DefaultAllocator}
	}
	return allocators{numbers: m, rest: m}
}
