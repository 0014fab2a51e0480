// Where each parameter lies in the flat parameter vector, and what it starts from.

package program

import "fmt"

// Init is the distribution that a parameter starts from.
type Init uint8

const (
	Zeros  Init = iota
	Ones        // layer norm's scale
	Xavier      // uniform in ±√(6/(fan in + fan out)); Glorot and Bengio (2010)
	Normal      // N(0, 0.02²): tokens, positions and embeddings, as in BERT and MAE
	Grid        // the fixed sines and cosines of positions on a square grid, after a first row of zeros; never trained
)

// Parameter is a named matrix of a model, row-major at Offset in the flat parameter vector.
type Parameter struct {
	Name       string
	Rows, Cols int
	Init       Init
	Decay      bool // subject to weight decay: the matrices of linear layers, not biases, norms or tokens
	Offset     int  // floats
}

// Size is the number of floats in the parameter.
func (p Parameter) Size() int { return p.Rows * p.Cols }

// Layout is the parameters of a model in the order they were declared. The programs of one model (train, embed, …)
// share one layout, so that they share one flat parameter vector.
type Layout struct {
	Parameters []Parameter
	byName     map[string]int
}

// NewLayout returns an empty layout.
func NewLayout() *Layout { return &Layout{byName: map[string]int{}} }

// Size is the number of floats of all parameters.
func (l *Layout) Size() int {
	if len(l.Parameters) == 0 {
		return 0
	}
	last := l.Parameters[len(l.Parameters)-1]
	return last.Offset + last.Size()
}

// Index returns the position of the named parameter.
func (l *Layout) Index(name string) (int, bool) {
	i, ok := l.byName[name]
	return i, ok
}

// declare returns the index of a parameter, adding it when it is new. A second declaration must agree with the first.
func (l *Layout) declare(p Parameter) int {
	if i, ok := l.byName[p.Name]; ok {
		known := l.Parameters[i]
		if known.Rows != p.Rows || known.Cols != p.Cols {
			panic(fmt.Sprintf("program: parameter %s declared as [%d, %d] and as [%d, %d]", p.Name, known.Rows, known.Cols, p.Rows, p.Cols))
		}
		return i
	}
	p.Offset = l.Size()
	l.byName[p.Name] = len(l.Parameters)
	l.Parameters = append(l.Parameters, p)
	return len(l.Parameters) - 1
}
