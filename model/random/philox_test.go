package random

import (
	"math"
	"slices"
	"testing"
)

// TestPhiloxKnownAnswers holds the generator to the vectors of Random123's kat_vectors for philox4x32-10.
func TestPhiloxKnownAnswers(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestStreamsOfOtherSeedsPurposesAndIndicesDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(5) {
		for purpose := range Purpose(5) {
			for index := range uint64(100) {
				s := New(seed<<31, purpose, index<<20)
				v := s.Uint64()
				if seen[v] {
					t.Fatalf("seed %d, purpose %d, index %d starts as another stream does", seed, purpose, index)
				}
				seen[v] = true
			}
		}
	}
}

// TestMoments allows six standard errors of each mean.
func TestMoments(t *testing.T) {
	const n = 200_000
	s, uniform, normal, square := New(1, Weights, 2), 0.0, 0.0, 0.0
	for range n {
		uniform += s.Float64()
		v := s.Normal()
		normal, square = normal+v, square+v*v
	}
	root := math.Sqrt(n)
	for _, c := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"uniform mean", uniform / n, 0.5, 6 * math.Sqrt(1.0/12) / root},
		{"normal mean", normal / n, 0, 6 / root},
		{"normal variance", square / n, 1, 6 * math.Sqrt2 / root},
	} {
		if math.Abs(c.got-c.want) > c.tolerance {
			t.Errorf("%s is %v, want %v ± %v", c.name, c.got, c.want, c.tolerance)
		}
	}
}

func TestIntNIsUniform(t *testing.T) {
	counts, s := make([]float64, 7), New(3, Mask, 4)
	const n = 70_000
	for range n {
		counts[s.IntN(7)]++
	}
	chi2 := 0.0
	for _, c := range counts {
		chi2 += (c - n/7) * (c - n/7) / (n / 7)
	}
	if chi2 > 32.9 { // six degrees of freedom, p = 1e-5
		t.Errorf("χ² = %v over %v", chi2, counts)
	}
}

func TestPermIsAPermutation(t *testing.T) {
	for n := range 40 {
		dst, s := make([]int32, n), New(5, Shuffle, uint64(n))
		s.Perm(dst)
		slices.Sort(dst)
		for i, v := range dst {
			if int(v) != i {
				t.Fatalf("Perm of %d misses %d", n, i)
			}
		}
	}
}

func TestStreamAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { s := New(1, Mask, 2); s.IntN(10) }); n != 0 {
		t.Errorf("a stream makes %v allocations", n)
	}
}
