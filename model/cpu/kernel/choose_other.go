//go:build (!amd64 && !arm64) || purego

package kernel

// accelerated returns the assembly sets of this architecture: none yet.
func accelerated() []*Set { return nil }
