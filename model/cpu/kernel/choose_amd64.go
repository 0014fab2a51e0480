//go:build !purego

package kernel

// accelerated returns the assembly sets that this machine can run, slowest first.
func accelerated() []*Set { return nil }
