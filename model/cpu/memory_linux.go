package cpu

import "golang.org/x/sys/unix"

// adviseHugePages asks for huge pages. The kernel may decline; nothing depends on it but speed.
func adviseHugePages(block []byte) { _ = unix.Madvise(block, unix.MADV_HUGEPAGE) }
