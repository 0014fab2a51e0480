package kernel

import (
	"fmt"
	"testing"
	"time"
)

// peakOf measures the ceiling of a set, in floating-point operations a second.
func peakOf(s *Set) float64 {
	s.Peak(1000)
	best := 0.0
	for range 5 {
		start := time.Now()
		operations := s.Peak(1 << 20)
		best = max(best, operations/time.Since(start).Seconds())
	}
	return best
}

// report adds GFLOP/s, and the share of the peak, to a benchmark of so many operations each time.
func report(b *testing.B, s *Set, operations float64) {
	rate := operations * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/peakOf(s), "%peak")
}

// forSets runs a benchmark for each set of this machine.
func forSets(b *testing.B, name string, f func(b *testing.B, s *Set)) {
	for _, s := range Available() {
		b.Run(name+"/"+s.Name, func(b *testing.B) { f(b, s) })
	}
}

var productShapes = [][3]int{{272, 128, 512}, {272, 512, 128}, {272, 128, 384}, {272, 128, 128}, {528, 64, 256}}

func BenchmarkMultiply(b *testing.B) {
	for _, shape := range productShapes {
		m, k, n := shape[0], shape[1], shape[2]
		forSets(b, fmt.Sprintf("%dx%dx%d", m, k, n), func(b *testing.B, s *Set) {
			y, x, w := ramp(m*n), ramp(m*k), ramp(k*n)
			packed, bias := make([]float32, s.PackedSize(k, n)), ramp(n)
			s.Pack(packed, w, k, n)
			for b.Loop() {
				s.Multiply(y, x, packed, m, k, n, Epilogue{Bias: bias})
			}
			report(b, s, 2*float64(m*k*n))
		})
	}
}

func BenchmarkMultiplyGELU(b *testing.B) {
	m, k, n := 272, 128, 512
	forSets(b, "272x128x512", func(b *testing.B, s *Set) {
		y, x, packed, pre := ramp(m*n), ramp(m*k), make([]float32, s.PackedSize(k, n)), make([]float32, m*n)
		for b.Loop() {
			s.Multiply(y, x, packed, m, k, n, Epilogue{Pre: pre, GELU: true})
		}
		report(b, s, 2*float64(m*k*n))
	})
}

func BenchmarkAddOuter(b *testing.B) {
	for _, shape := range productShapes {
		l, k, n := shape[0], shape[1], shape[2]
		forSets(b, fmt.Sprintf("%dx%dx%d", l, k, n), func(b *testing.B, s *Set) {
			dw, x, dy := make([]float32, k*n), ramp(l*k), ramp(l*n)
			for b.Loop() {
				s.AddOuter(dw, x, dy, l, k, n)
			}
			report(b, s, 2*float64(l*k*n))
		})
	}
}

// ramp is n floats in [-1, 1), without a pattern that a kernel could profit from.
func ramp(n int) []float32 {
	x, state := make([]float32, n), uint32(n)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(int32(state)) / (1 << 31)
	}
	return x
}
