//go:build !purego

package kernel

// accelerated returns the assembly sets that this machine can run, slowest first. Every arm64 processor that Go supports
// has NEON.
func accelerated() []*Set { return []*Set{neon()} }
