// What every device offers to the model.

package program

import "context"

// Batch is the rows of one step of training, or of one call of apply. A device cuts it into micro-batches as suits it;
// the cut never depends on its number of threads.
type Batch interface {
	// Rows is the number of rows.
	Rows() int
	// Fill sets the axis sizes and writes the inputs of rows [from, to). Devices call it, and Collect, from several
	// goroutines at once for different rows.
	Fill(from, to int, f *Feed)
	// Collect reads the outputs of the same rows after their forward pass.
	Collect(from, to int, f *Feed)
}

// Device compiles programs.
type Device interface {
	// Compile prepares p. The session holds its own copy of the parameters.
	Compile(p *Program) Session
	// Name says what runs: "cpu avx2, 2 threads".
	Name() string
}

// Session is a compiled program with its parameters and, when the program trains, its optimiser's state. Its methods
// are not called concurrently.
type Session interface {
	// Load copies parameters in, in the layout's order.
	Load(parameters []float32)
	// Parameters returns the current parameters, valid until the next Update.
	Parameters() []float32
	// Forward runs the forward operations over the batch.
	Forward(ctx context.Context, b Batch) error
	// Gradient runs forward and backward, and returns Σ weight·loss. The parameters' gradients replace the former ones.
	Gradient(ctx context.Context, b Batch) (loss float64, err error)
	// Gradients returns the flat gradients of the last call of Gradient.
	Gradients() []float32
	// Update takes one AdamW step along the last gradients, and returns their norm before clipping.
	Update(a AdamW) (norm float64)
	// Moments returns AdamW's first and second moments, to be saved or restored in place.
	Moments() (first, second []float32)
}

// AdamW is one step of Adam with decoupled weight decay:
//
//	m ← β₁m + (1−β₁)g    v ← β₂v + (1−β₂)g²    w ← w − η(m̂/(√v̂ + ε) + λw)
//
// where m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ), and λ is zero for parameters without Decay. Loshchilov and Hutter (2019), alg. 2.
type AdamW struct {
	Step         int     // t, from 1
	LearningRate float64 // η
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64 // λ
	ClipNorm     float64 // gradients longer than this are scaled down to it; 0: no clipping
}
