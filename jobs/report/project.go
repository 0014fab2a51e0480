package report

import (
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Project maps embeddings [n][d] to the plane of their first two principal components, and returns the share of the
// variance that the plane keeps. The sign of a component is that which makes its largest weight positive.
func Project(embeddings [][]float32) (xy [][2]float64, explained float64) {
	xy = make([][2]float64, len(embeddings))
	if len(embeddings) < 3 {
		return xy, 0
	}
	n, d := len(embeddings), len(embeddings[0])
	rows := mat.NewDense(n, d, nil)
	for i, e := range embeddings {
		for j, v := range e {
			rows.Set(i, j, float64(v))
		}
	}
	var components stat.PC
	if !components.PrincipalComponents(rows, nil) {
		return xy, 0
	}
	var vectors mat.Dense
	components.VectorsTo(&vectors)
	total := 0.0
	for i, v := range components.VarsTo(nil) {
		total += v
		if i < 2 {
			explained += v
		}
	}
	for axis := range min(2, d) {
		direction := oriented(mat.Col(nil, axis, &vectors))
		mean := stat.Mean(product(rows, direction), nil)
		for i, v := range product(rows, direction) {
			xy[i][axis] = v - mean
		}
	}
	if total == 0 {
		return xy, 0
	}
	return xy, explained / total
}

func oriented(v []float64) []float64 {
	largest := 0
	for i := range v {
		if v[i]*v[i] > v[largest]*v[largest] {
			largest = i
		}
	}
	if v[largest] < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
	return v
}

func product(rows *mat.Dense, direction []float64) []float64 {
	n, _ := rows.Dims()
	var out mat.VecDense
	out.MulVec(rows, mat.NewVecDense(len(direction), direction))
	return out.RawVector().Data[:n]
}
