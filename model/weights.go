// Weights: what they start from, and weights.safetensors.

package model

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/nlpodyssey/safetensors"
	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/program"
	"github.com/lacuna-ml/lacuna/model/random"
)

// InitialParameters draws the weights that training starts from; each parameter has a stream of its own.
func InitialParameters(l *program.Layout, seed uint64) []float32 {
	flat := make([]float32, l.Size())
	for i, p := range l.Parameters {
		if p.Init == program.Grid {
			gridPositions(flat[p.Offset:p.Offset+p.Size()], p.Rows-1, p.Cols)
			continue
		}
		stream := random.New(seed, random.Weights, uint64(i))
		w := flat[p.Offset : p.Offset+p.Size()]
		for j := range w {
			switch p.Init {
			case program.Ones:
				w[j] = 1
			case program.Xavier:
				bound := math.Sqrt(6 / float64(p.Rows+p.Cols))
				w[j] = float32(bound * (2*stream.Float64() - 1))
			case program.Normal:
				w[j] = float32(0.02 * stream.Normal())
			}
		}
	}
	return flat
}

// gridPositions writes the positions [1+cells, d] of a square grid: zeros for the class token, then for each cell, row by
// row, d/2 values of its column and d/2 of its row. A coordinate x gives sin(x·ω) for d/4 frequencies ω, then cos(x·ω),
// with ω_i = 10000^(−4i/d). He et al. (2022), appendix A.1, in the order of their code.
func gridPositions(dst []float32, cells, d int) {
	side, quarter := int(math.Round(math.Sqrt(float64(cells)))), d/4
	for cell := range cells {
		at := dst[(cell+1)*d : (cell+2)*d]
		for half, x := range []int{cell % side, cell / side} {
			for i := range quarter {
				angle := float64(x) / math.Pow(10000, float64(i)/float64(quarter))
				at[half*d/2+i], at[half*d/2+quarter+i] = float32(math.Sin(angle)), float32(math.Cos(angle))
			}
		}
	}
}

// Weight is a named parameter of a model.
type Weight struct {
	Name  string
	Value *tensor.Dense // linear layers are [out, in], as in PyTorch
}

// weights views a flat vector as named tensors, in the layout's order. They share the vector's memory.
func weights(l *program.Layout, flat []float32) []Weight {
	var ws []Weight
	for _, p := range l.Parameters {
		shape := tensor.WithShape(p.Rows, p.Cols)
		if p.Rows == 1 {
			shape = tensor.WithShape(p.Cols)
		}
		ws = append(ws, Weight{Name: p.Name, Value: tensor.New(shape, tensor.WithBacking(flat[p.Offset:p.Offset+p.Size()]))})
	}
	return ws
}

// marshalWeights writes weights as safetensors.
func marshalWeights(ws []Weight) ([]byte, error) {
	views := map[string]safetensors.TensorView{}
	for _, w := range ws {
		var shape []uint64
		for _, d := range w.Value.Shape() {
			shape = append(shape, uint64(d))
		}
		view, err := safetensors.NewTensorView(safetensors.F32, shape, bytesOf(w.Value.Data().([]float32)))
		if err != nil {
			return nil, fmt.Errorf("weight %s: %w", w.Name, err)
		}
		views[w.Name] = view
	}
	return safetensors.Serialize(views, map[string]string{"format": "pt"})
}

// unmarshalWeights reads weights.safetensors into a flat vector of the layout's shape, and the segments' centres.
func unmarshalWeights(p Programs, data []byte) ([]float32, *Segments, error) {
	file, err := safetensors.Deserialize(data)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrModel, weightsFile, err)
	}
	layout := p.Training.Layout
	flat := make([]float32, layout.Size())
	for _, p := range layout.Parameters {
		view, ok := file.Tensor(p.Name)
		if !ok {
			return nil, nil, fmt.Errorf("%w: %s has no %q", ErrModel, weightsFile, p.Name)
		}
		if view.DType() != safetensors.F32 || len(view.Data()) != 4*p.Size() {
			return nil, nil, fmt.Errorf("%w: %s: %q is %v %v, the model needs float32 [%d, %d]", ErrModel, weightsFile, p.Name, view.DType(), view.Shape(), p.Rows, p.Cols)
		}
		copy(bytesOf(flat[p.Offset:p.Offset+p.Size()]), view.Data())
	}
	segments, err := unmarshalSegments(file, p.EmbeddingWidth())
	return flat, segments, err
}

// unmarshalSegments reads the segments' centres [k, d]; nil where the file has none.
func unmarshalSegments(file safetensors.SafeTensors, width int) (*Segments, error) {
	view, ok := file.Tensor(segmentsName)
	if !ok {
		return nil, nil
	}
	shape := view.Shape()
	if view.DType() != safetensors.F32 || len(shape) != 2 || shape[0] == 0 || shape[1] != uint64(width) {
		return nil, fmt.Errorf("%w: %s: %q is %v %v, the model needs float32 [k, %d]", ErrModel, weightsFile, segmentsName, view.DType(), shape, width)
	}
	centres := make([]float32, int(shape[0])*width)
	copy(bytesOf(centres), view.Data())
	return &Segments{Centres: tensor.New(tensor.WithShape(int(shape[0]), width), tensor.WithBacking(centres))}, nil
}

// bytesOf views floats as bytes. safetensors is little-endian, as is every machine that Go and this engine run on.
func bytesOf(x []float32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
}
