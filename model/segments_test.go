package model

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/lacuna-ml/lacuna/model/random"
)

// blobs makes rows around three far centres, 60 %, 30 % and 10 % of them.
func blobs(n int) (*tensor.Dense, []int32) {
	var values []float32
	var truth []int32
	for i := range n {
		s := random.New(4, random.Demo, uint64(i))
		blob := int32(0)
		switch u := s.Float64(); {
		case u > 0.9:
			blob = 2
		case u > 0.6:
			blob = 1
		}
		truth = append(truth, blob)
		for j := range 4 {
			centre := 0.0
			if j == int(blob) {
				centre = 10
			}
			values = append(values, float32(centre+s.Normal()))
		}
	}
	return tensor.New(tensor.WithShape(n, 4), tensor.WithBacking(values)), truth
}

func TestSegmentsFindBlobsLargestFirst(t *testing.T) {
	embedded, truth := blobs(500)
	for seed := range uint64(5) {
		if got := FitSegments(embedded, 3, seed).Assign(embedded); !slices.Equal(got, truth) {
			t.Errorf("seed %d: segments differ from the blobs", seed)
		}
	}
}

func TestMoreSegmentsThanRowsBecomeOneForEachRow(t *testing.T) {
	embedded, _ := blobs(3)
	got := FitSegments(embedded, 8, 1).Assign(embedded)
	slices.Sort(got)
	if !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("got %v", got)
	}
}

func TestEqualRowsAreOneSegment(t *testing.T) {
	embedded := tensor.New(tensor.WithShape(4, 2), tensor.WithBacking(make([]float32, 8)))
	if got := FitSegments(embedded, 3, 1).Assign(embedded); !slices.Equal(got, []int32{0, 0, 0, 0}) {
		t.Errorf("got %v", got)
	}
}
