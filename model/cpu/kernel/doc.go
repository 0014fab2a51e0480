// Package kernel holds the loops in which a model spends its time, for one core and in float32.
//
// A [Set] is a table of functions for one instruction set. [Portable] is plain Go and the specification; the other
// sets are assembly, and their tests hold them to it. [Best] chooses at start-up. Kernels start no goroutines and
// allocate nothing: parallelism is the caller's, who runs a whole program over its own few rows on each core.
//
// Matrices are row-major and dense, and shapes stand in square brackets: [rows, columns]. A slice without room for
// its shape is a mistake of the caller, and panics: the assembly's callers check before it runs.
//
// The one law: a value never depends on where it stands. A row gives the same bits at any place among any number of
// rows, so remainders take the same operations in the same order as full tiles. That is what keeps a result
// independent of batch sizes, shards and threads.
//
// The package may import golang.org/x/sys/cpu and nothing of this module. The assembly is generated: for amd64 by the
// module in asm, for arm64 by the command in neon. Read set.go, then multiply.go beside multiply_avx2_amd64.go or
// multiply_neon_arm64.go. Another instruction set is one more function like avx2, listed in the choose_*.go of its
// architecture.
package kernel
