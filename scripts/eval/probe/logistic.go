// Logistic regression by L-BFGS.

package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
	"gonum.org/v1/gonum/stat"
)

// standardise gives every feature zero mean and unit variance on the training rows, and adds a one for the intercept.
func standardise(train, test [][]float64) {
	for j := range train[0] {
		column := make([]float64, len(train))
		for i := range train {
			column[i] = train[i][j]
		}
		mean, deviation := stat.MeanStdDev(column, nil)
		if deviation == 0 {
			deviation = 1
		}
		for _, rows := range [][][]float64{train, test} {
			for i := range rows {
				rows[i][j] = (rows[i][j] - mean) / deviation
			}
		}
	}
	for _, rows := range [][][]float64{train, test} {
		for i := range rows {
			rows[i] = append(rows[i], 1)
		}
	}
}

// fit minimises Σ log(1 + exp(−±x·w)) + |w|²/2.
func fit(rows [][]float64, labels []float64) ([]float64, error) {
	problem := optimize.Problem{
		Func: func(w []float64) float64 {
			loss := floats.Dot(w, w) / 2
			for i, x := range rows {
				z := floats.Dot(x, w)
				loss += math.Max(z, 0) - z*labels[i] + math.Log1p(math.Exp(-math.Abs(z)))
			}
			return loss
		},
		Grad: func(gradient, w []float64) {
			copy(gradient, w)
			for i, x := range rows {
				p := 1 / (1 + math.Exp(-floats.Dot(x, w)))
				floats.AddScaled(gradient, p-labels[i], x)
			}
		},
	}
	result, err := optimize.Minimize(problem, make([]float64, len(rows[0])), &optimize.Settings{MajorIterations: 1000, GradientThreshold: 1e-2}, &optimize.LBFGS{})
	if result == nil {
		return nil, fmt.Errorf("logistic regression: %w", err)
	}
	return result.X, nil
}

func accuracy(w []float64, rows [][]float64, labels []float64) float64 {
	right := 0.0
	for i, x := range rows {
		if (floats.Dot(x, w) > 0) == (labels[i] == 1) {
			right++
		}
	}
	return right / float64(len(rows))
}
