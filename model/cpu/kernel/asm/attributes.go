// The attributes of functions and data.

package main

import "github.com/mmcloughlin/avo/attr"

const (
	attrNoSplit  = attr.NOSPLIT
	attrConstant = attr.RODATA | attr.NOPTR
)
