// Package cpu runs programs on the CPU: one core, one micro-batch, everything in cache.
//
// A batch is cut into micro-batches small enough that what one operation touches stays in a core's L2 cache. Each worker
// has its own arena and runs the whole program over its micro-batch, so no operation needs threads and there are two
// barriers a step instead of hundreds. Weights are packed once a step for the kernels of model/cpu/kernel.
//
// Gradients go into a fixed number of slots, each filled by the same micro-batches in the same order whoever runs them,
// and slots are added in a fixed tree: results are the same bytes on any number of threads. That is the package's law.
//
// It may import model/program and model/cpu/kernel. Read session.go, then worker.go and ops.go.
package cpu
