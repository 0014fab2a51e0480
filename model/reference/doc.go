// Package reference runs a program in float64, as plainly as it can be written: one loop nest an operation, no blocking,
// no fusion, no threads. It is the specification that every device is tested against, and what gradients are checked on.
//
// It may import model/program. Its one law: never trade clarity for speed.
//
// Start at machine.go; forward.go and backward.go hold the operations, in the order of model/program's files.
package reference
