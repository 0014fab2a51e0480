// Package program records a model as a static program: a list of operations the size of a kernel, over tensors whose
// shapes are known but for the number of rows, and derives the operations of its gradient.
//
// A program says what is computed, never how: devices (model/cpu, model/reference, later a GPU) compile and run it. Every
// tensor is a matrix [axis, width], where the axis is symbolic (rows of the micro-batch, visible tokens, hidden tokens …)
// and its size comes with each micro-batch; tokens of all rows are packed one after the other, so that padding never
// exists. Operations are few, and each can be stated in a few lines of CUDA or StableHLO.
//
// It may import nothing of ours. Its one law: a program is data; building the same model twice gives equal programs, and
// nothing in it depends on a device, a thread count or a batch.
//
// Read program.go first, then linear.go as the pattern of an operation (forward, backward, gradient rule in one file),
// then backward.go.
package program
