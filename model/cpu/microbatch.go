// How a batch is cut. Nothing here may depend on the number of threads or on the machine: the cut decides the order in
// which gradients are added, and so the bytes of a trained model.

package cpu

import "github.com/lacuna-ml/lacuna/model/program"

const (
	// cacheBytes is what one operation of a micro-batch may touch: about the L2 cache of a server core.
	cacheBytes = 1 << 20
	// maxMicroBatch bounds the rows of a micro-batch where rows are tiny.
	maxMicroBatch = 256
	// slotBytes bounds the memory of all gradient slots together; maxSlots bounds the threads that a step can use.
	slotBytes = 256 << 20
	maxSlots  = 16
)

// microBatchRows is the number of rows whose largest operation fits into the cache.
func microBatchRows(p *program.Program) int {
	return min(max(cacheBytes/(4*program.WorkingSet(p)), 1), maxMicroBatch)
}

// slotCount is the number of gradient slots for a model with this many parameters, at least two.
func slotCount(parameters int) int {
	return min(max(slotBytes/(4*max(parameters, 1)), 2), maxSlots)
}

// span returns the i-th of n nearly equal consecutive parts of total.
func span(total, i, n int) (from, to int) { return total * i / n, total * (i + 1) / n }
