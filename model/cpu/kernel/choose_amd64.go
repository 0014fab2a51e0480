//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// accelerated returns the assembly sets that this machine can run, slowest first.
func accelerated() []*Set {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		return []*Set{avx2()}
	}
	return nil
}
