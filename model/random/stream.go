package random

import "math"

// Purpose keeps the streams of different uses apart. Numbers are part of the promise: never reuse one.
type Purpose uint32

const (
	Weights   Purpose = 1 // initial weights; index: the parameter
	Mask      Purpose = 2 // training masks; index: row and epoch
	ScoreMask Purpose = 3 // masks of scores; index: row and round
	Shuffle   Purpose = 4 // order of training rows; index: first row and epoch
	Split     Purpose = 5 // held-out rows; index: row
	Demo      Purpose = 6 // the demo's dataset; index: row or table
	Clusters  Purpose = 7 // k-means' first centres; index: attempt
	Sample    Purpose = 8 // rows shown in a report; index: row
	TrainRows Purpose = 9 // rows that are learnt from, where not all are; index: row
)

// Stream is a sequence of random numbers. It is a small value: make one where it is used.
type Stream struct {
	counter [4]uint32
	key     [2]uint32
	block   [4]uint32
	used    int // words of block that are gone
}

// New returns the stream of a seed, purpose and index.
func New(seed uint64, purpose Purpose, index uint64) Stream {
	return Stream{
		counter: [4]uint32{0, uint32(purpose), uint32(index), uint32(index >> 32)},
		key:     [2]uint32{uint32(seed), uint32(seed >> 32)},
		used:    4,
	}
}

// Uint32 returns 32 random bits.
func (s *Stream) Uint32() uint32 {
	if s.used == 4 {
		s.block = philox(s.counter, s.key)
		s.counter[0]++
		s.used = 0
	}
	s.used++
	return s.block[s.used-1]
}

// Uint64 returns 64 random bits.
func (s *Stream) Uint64() uint64 { return uint64(s.Uint32()) | uint64(s.Uint32())<<32 }

// Float64 returns a number in [0, 1) with 53 random bits.
func (s *Stream) Float64() float64 { return float64(s.Uint64()>>11) / (1 << 53) }

// IntN returns a number in [0, n), each equally likely; n must be positive. Lemire, "Fast Random Integer Generation in
// an Interval" (2019).
func (s *Stream) IntN(n int) int {
	bound := uint32(n)
	product := uint64(s.Uint32()) * uint64(bound)
	if low := uint32(product); low < bound {
		for threshold := -bound % bound; low < threshold; low = uint32(product) {
			product = uint64(s.Uint32()) * uint64(bound)
		}
	}
	return int(product >> 32)
}

// Normal returns a number from N(0, 1). Box and Muller (1958), the cosine branch only, so that every call takes the same
// count of words.
func (s *Stream) Normal() float64 {
	u, v := 1-s.Float64(), s.Float64()
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

// Perm fills dst with a random permutation of 0 … len(dst)−1. Fisher and Yates, as Durstenfeld wrote it (1964).
func (s *Stream) Perm(dst []int32) {
	for i := range dst {
		dst[i] = int32(i)
	}
	for i := len(dst) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		dst[i], dst[j] = dst[j], dst[i]
	}
}
