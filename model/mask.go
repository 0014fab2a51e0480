// Masks: which tokens of a row are hidden. A draw depends on the seed, the row's position and the draw's number only, so
// a row keeps its masks however the data is cut.

package model

import (
	"math"

	"github.com/lacuna-ml/lacuna/model/random"
)

// Mask hides tokens of a row: it turns states of the row at the given position from Visible (or, to restore missing
// values, from Absent) to Hidden. order is scratch with room for every token.
type Mask func(row int64, states []State, order []int32)

// RandomMask hides a random part of the present tokens.
//
// Of the present tokens ⌈(1−ratio)·present⌉ stay visible, at least one. ratio must be in (0, 1). draw tells one epoch's
// masks from another's.
//
// He et al., "Masked Autoencoders Are Scalable Vision Learners" (2022), §3, with per-row counts for missing cells.
func RandomMask(seed uint64, ratio float64, draw int) Mask {
	return func(row int64, states []State, order []int32) {
		present := visible(states, order)
		stream := random.New(seed, random.Mask, maskIndex(row, draw))
		keep := max(int(math.Ceil((1-ratio)*float64(len(present)))), 1)
		for i := len(present) - 1; i >= keep; i-- {
			j := stream.IntN(i + 1)
			present[i], present[j] = present[j], present[i]
			states[present[i]] = Hidden
		}
	}
}

// ComplementaryMask hides the group-th of groups equal parts of the present tokens. The groups of one round are
// disjoint and cover every token, so that over a round each is hidden exactly once.
func ComplementaryMask(seed uint64, groups, round, group int) Mask {
	return func(row int64, states []State, order []int32) {
		present := visible(states, order)
		stream := random.New(seed, random.ScoreMask, maskIndex(row, round))
		for i := len(present) - 1; i > 0; i-- {
			j := stream.IntN(i + 1)
			present[i], present[j] = present[j], present[i]
		}
		for i := group; i < len(present); i += groups {
			states[present[i]] = Hidden
		}
	}
}

// NoMask hides nothing: for embeddings.
func NoMask(int64, []State, []int32) {}

// AbsentMask hides what is absent: for filling missing values.
func AbsentMask(_ int64, states []State, _ []int32) {
	for t, s := range states {
		if s == Absent {
			states[t] = Hidden
		}
	}
}

// maskIndex gives each pair of row and draw a stream of its own: draws below 2¹⁶, rows below 2⁴⁸.
func maskIndex(row int64, draw int) uint64 { return uint64(row)<<16 | uint64(draw)&0xffff }

// visible lists the visible tokens in ascending order, in order's memory.
func visible(states []State, order []int32) []int32 {
	order = order[:0]
	for t, s := range states {
		if s == Visible {
			order = append(order, int32(t))
		}
	}
	return order
}
