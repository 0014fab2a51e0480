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
		b.Run(s.Name+"/"+name, func(b *testing.B) { f(b, s) })
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

func BenchmarkAttention(b *testing.B) {
	const width, heads = 128, 4
	for _, t := range []int{17, 33, 65} {
		sequences := 272 / t
		lengths := make([]int32, sequences)
		for i := range lengths {
			lengths[i] = int32(t)
		}
		n, operations := t*sequences, 4*float64(t*t*sequences*width)
		forSets(b, fmt.Sprintf("T=%d", t), func(b *testing.B, s *Set) {
			y, qkv, scratch := make([]float32, n*width), ramp(n*3*width), make([]float32, s.AttentionScratch(t, width, heads))
			for b.Loop() {
				s.Attention(y, qkv, lengths, width, heads, scratch)
			}
			report(b, s, operations)
		})
		forSets(b, fmt.Sprintf("grad/T=%d", t), func(b *testing.B, s *Set) {
			dqkv, dy, qkv := make([]float32, n*3*width), ramp(n*width), ramp(n*3*width)
			scratch := make([]float32, s.AttentionScratch(t, width, heads))
			for b.Loop() {
				s.AttentionGrad(dqkv, dy, qkv, lengths, width, heads, scratch)
			}
			report(b, s, 2.5*operations)
		})
	}
}

// reportBytes adds GB/s.
func reportBytes(b *testing.B, bytes int) {
	b.ReportMetric(float64(bytes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
}

func BenchmarkLayerNorm(b *testing.B) {
	const rows, width = 272, 128
	forSets(b, "272x128", func(b *testing.B, s *Set) {
		y, x, gamma, stats := make([]float32, rows*width), ramp(rows*width), ramp(width), make([]float32, 2*rows)
		for b.Loop() {
			s.LayerNorm(y, stats, x, gamma, gamma, rows, width, 1e-5)
		}
		reportBytes(b, 8*rows*width)
	})
	forSets(b, "grad/272x128", func(b *testing.B, s *Set) {
		dx, x, gamma, stats := make([]float32, rows*width), ramp(rows*width), ramp(width), ramp(2*rows)
		dgamma, dbeta := make([]float32, width), make([]float32, width)
		for b.Loop() {
			s.LayerNormGrad(dx, dgamma, dbeta, x, x, stats, gamma, rows, width, false)
		}
		reportBytes(b, 12*rows*width)
	})
}

func BenchmarkGELU(b *testing.B) {
	const n = 272 * 512
	forSets(b, "272x512", func(b *testing.B, s *Set) {
		y, x := make([]float32, n), ramp(n)
		for b.Loop() {
			s.GELU(y, x)
		}
		reportBytes(b, 8*n)
	})
	forSets(b, "grad/272x512", func(b *testing.B, s *Set) {
		dx, x := make([]float32, n), ramp(n)
		for b.Loop() {
			s.GELUGrad(dx, x, x)
		}
		reportBytes(b, 12*n)
	})
}

func BenchmarkAdamW(b *testing.B) {
	const n = 1 << 20
	forSets(b, "1M", func(b *testing.B, s *Set) {
		w, g, m, v := ramp(n), ramp(n), make([]float32, n), make([]float32, n)
		for b.Loop() {
			s.AdamW(w, g, m, v, AdamWStep{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, GradScale: 1, Correction1: 1, Correction2: 1})
		}
		reportBytes(b, 28*n)
	})
}

func BenchmarkPack(b *testing.B) {
	const k, n = 128, 512
	forSets(b, "transposed/128x512", func(b *testing.B, s *Set) {
		packed, w := make([]float32, s.PackedSize(k, n)), ramp(k*n)
		for b.Loop() {
			s.PackTransposed(packed, w, k, n)
		}
		reportBytes(b, 8*k*n)
	})
}

func BenchmarkPeak(b *testing.B) {
	forSets(b, "registers", func(b *testing.B, s *Set) {
		operations := 0.0
		for b.Loop() {
			operations = s.Peak(1 << 16)
		}
		report(b, s, operations)
	})
}
