// Why a row is unusual: the cells with the highest losses, and what the model expects there from the rest of the row.

package model

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/lacuna-ml/lacuna/model/program"
)

// Cell is one cell of a row, and what the model makes of it.
type Cell struct {
	Column   string
	Value    string
	Expected string  // predicted with this cell hidden and all others visible
	Share    float64 // of the sum of the row's losses
}

// Explain returns, for each row of rec, the cells with the highest losses, highest first, at most so many. The applier
// must be one that scores.
func (a *Applier) Explain(ctx context.Context, rec arrow.Record, firstRow int64, cells int) ([][]Cell, error) {
	samples, err := encodeRecord(a.model.Network, rec, firstRow)
	if err != nil {
		return nil, err
	}
	dense, err := a.Losses(ctx, samples)
	if err != nil {
		return nil, err
	}
	losses := split(dense.Data().([]float32), len(a.model.Network.Tokens()))
	explained := make([][]Cell, len(losses))
	for rank := range cells {
		tokens := make([]int, len(losses))
		for i, row := range losses {
			tokens[i] = ranked(row, rank)
		}
		predictions, err := a.predict(ctx, samples, tokens)
		if err != nil {
			return nil, err
		}
		for i, token := range tokens {
			if token >= 0 {
				explained[i] = append(explained[i], a.cell(rec, i, token, losses[i], predictions[i]))
			}
		}
	}
	return explained, nil
}

// ranked is the token with the rank-th highest loss, from 0; −1 where the row has fewer.
func ranked(losses []float32, rank int) int {
	var order []int
	for j, l := range losses {
		if !isMissing(l) {
			order = append(order, j)
		}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		switch {
		case losses[x] > losses[y]:
			return -1
		case losses[x] < losses[y]:
			return 1
		}
		return 0
	})
	if rank >= len(order) {
		return -1
	}
	return order[rank]
}

// predict predicts one token of each row from all others; a token of −1 predicts nothing.
func (a *Applier) predict(ctx context.Context, samples Samples, tokens []int) ([]float32, error) {
	predictions, first := make([]float32, samples.Len()), samples.Rows[0]
	b := &batch{network: a.model.Network, program: a.model.Network.Programs().Reconstruction, samples: samples,
		mask: func(row int64, states []State, _ []int32) {
			if token := tokens[row-first]; token >= 0 {
				states[token] = Hidden
			}
		},
		collect: func(from, _ int, f *program.Feed, samples []Sample) {
			a.model.Network.Rebuilt(f, samples, func(i, _ int, _, prediction float32) { predictions[from+i] = prediction })
		}}
	return predictions, a.rebuilder.Forward(ctx, b)
}

func (a *Applier) cell(rec arrow.Record, row, token int, losses []float32, prediction float32) Cell {
	sum := 0.0
	for _, l := range losses {
		if !isMissing(l) {
			sum += float64(l)
		}
	}
	name := a.model.Network.Tokens()[token]
	column := rec.Column(rec.Schema().FieldIndices(name)[0])
	return Cell{Column: name, Value: shorten(column.ValueStr(row)), Share: float64(losses[token]) / max(sum, 1e-30),
		Expected: shorten(a.model.Network.Describe(token, prediction, column.DataType()))}
}

// shorten keeps a text readable in a table.
func shorten(text string) string {
	const longest = 60
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// Describe writes a prediction for people: four digits of a number, or the category.
func (t *table) Describe(token int, prediction float32, typ arrow.DataType) string {
	c := &t.columns[token]
	if arrow.IsFloating(typ.ID()) && !c.categorical {
		return fmt.Sprintf("%.4g", c.transform.Inverse(prediction))
	}
	return c.format(prediction, typ)
}
