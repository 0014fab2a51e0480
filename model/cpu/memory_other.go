//go:build !linux

package cpu

// adviseHugePages does nothing: only Linux can be asked.
func adviseHugePages([]byte) {}
