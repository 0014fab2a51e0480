package kernel

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// measure times f turn by turn, and reports the best turn in units a second: what else runs on the machine only ever
// slows a turn down. The ceiling is measured between turns, for the same reason.
func measure(b *testing.B, s *Set, unit string, units float64, f func()) {
	b.Helper()
	best, ceiling := math.Inf(1), 0.0
	for b.Loop() {
		start := time.Now()
		operations := s.Peak(1 << 13)
		ceiling = max(ceiling, operations/time.Since(start).Seconds())
		start = time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
	}
	b.ReportMetric(0, "ns/op") // which would count the ceiling's time
	b.ReportMetric(best*1e6, "best-µs")
	b.ReportMetric(units/best/1e9, "G"+unit+"/s")
	if unit == "FLOP" {
		b.ReportMetric(100*units/best/ceiling, "%peak")
	}
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
		y, x, w, bias := ramp(m*n), ramp(m*k), ramp(k*n), ramp(n)
		for _, c := range []struct {
			name string
			Epilogue
		}{
			{"", Epilogue{Bias: bias}},
			{"/gelu", Epilogue{Bias: bias, Pre: make([]float32, m*n), GELU: true}},
			{"/residual", Epilogue{Bias: bias, Residual: ramp(m * n)}},
			{"/slope", Epilogue{GELUGrad: ramp(m * n)}},
		} {
			forSets(b, fmt.Sprintf("%dx%dx%d%s", m, k, n, c.name), func(b *testing.B, s *Set) {
				packed := make([]float32, s.PackedSize(k, n))
				s.Pack(packed, w, k, n)
				measure(b, s, "FLOP", 2*float64(m*k*n), func() { s.Multiply(y, x, packed, m, k, n, c.Epilogue) })
			})
		}
	}
}

func BenchmarkAddOuter(b *testing.B) {
	for _, shape := range productShapes {
		l, k, n := shape[0], shape[1], shape[2]
		dw, x, dy := make([]float32, k*n), ramp(l*k), ramp(l*n)
		forSets(b, fmt.Sprintf("%dx%dx%d", l, k, n), func(b *testing.B, s *Set) {
			measure(b, s, "FLOP", 2*float64(l*k*n), func() { s.AddOuter(dw, x, dy, l, k, n) })
		})
	}
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
		y, qkv, dqkv := ramp(n*width), ramp(n*3*width), make([]float32, n*3*width)
		forSets(b, fmt.Sprintf("T=%d", t), func(b *testing.B, s *Set) {
			scratch := make([]float32, s.AttentionScratch(t, width, heads))
			measure(b, s, "FLOP", operations, func() { s.Attention(y, qkv, lengths, width, heads, scratch) })
		})
		forSets(b, fmt.Sprintf("T=%d/grad", t), func(b *testing.B, s *Set) {
			scratch := make([]float32, s.AttentionScratch(t, width, heads))
			measure(b, s, "FLOP", 2.5*operations, func() { s.AttentionGrad(dqkv, y, qkv, lengths, width, heads, scratch) })
		})
	}
}

func BenchmarkLayerNorm(b *testing.B) {
	const rows, width = 272, 128
	y, x, gamma, stats := make([]float32, rows*width), ramp(rows*width), ramp(width), ramp(2*rows)
	dgamma, dbeta := make([]float32, width), make([]float32, width)
	forSets(b, "272x128", func(b *testing.B, s *Set) {
		measure(b, s, "B", 8*rows*width, func() { s.LayerNorm(y, stats, x, gamma, gamma, rows, width, 1e-5) })
	})
	forSets(b, "272x128/grad", func(b *testing.B, s *Set) {
		measure(b, s, "B", 12*rows*width, func() { s.LayerNormGrad(y, dgamma, dbeta, x, x, stats, gamma, rows, width, false) })
	})
}

func BenchmarkGELU(b *testing.B) {
	const n = 272 * 512
	y, x := make([]float32, n), ramp(n)
	forSets(b, "272x512", func(b *testing.B, s *Set) {
		measure(b, s, "B", 8*n, func() { s.GELU(y, x) })
	})
	forSets(b, "272x512/grad", func(b *testing.B, s *Set) {
		measure(b, s, "B", 12*n, func() { s.GELUGrad(y, x, x) })
	})
}

func BenchmarkAdamW(b *testing.B) {
	const n = 1 << 20
	w, g, m, v := ramp(n), ramp(n), make([]float32, n), make([]float32, n)
	a := AdamWStep{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, GradScale: 1, Correction1: 1, Correction2: 1}
	forSets(b, "1M", func(b *testing.B, s *Set) {
		measure(b, s, "B", 28*n, func() { s.AdamW(w, g, m, v, a) })
	})
}

func BenchmarkPack(b *testing.B) {
	const k, n = 128, 512
	w := ramp(k * n)
	forSets(b, "128x512", func(b *testing.B, s *Set) {
		packed := make([]float32, s.PackedSize(k, n))
		measure(b, s, "B", 8*k*n, func() { s.Pack(packed, w, k, n) })
	})
	forSets(b, "128x512/transposed", func(b *testing.B, s *Set) {
		packed := make([]float32, s.PackedSize(k, n))
		measure(b, s, "B", 8*k*n, func() { s.PackTransposed(packed, w, k, n) })
	})
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
