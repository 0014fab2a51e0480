package kernel

import (
	"strings"
	"testing"
)

func TestEveryAvailableSetCanBeChosenByName(t *testing.T) {
	for _, want := range Available() {
		t.Setenv(variable, want.Name)
		got, err := Best()
		if err != nil || got.Name != want.Name {
			t.Fatalf("Best() with %s=%s is %v, %v", variable, want.Name, got, err)
		}
	}
}

func TestBestIsTheLastAvailableSet(t *testing.T) {
	t.Setenv(variable, "")
	sets := Available()
	got, err := Best()
	if err != nil || got.Name != sets[len(sets)-1].Name {
		t.Fatalf("Best() is %v, %v; want the last of %v", got, err, names(sets))
	}
}

func TestUnknownSetIsAnErrorThatNamesTheOthers(t *testing.T) {
	t.Setenv(variable, "mmx")
	_, err := Best()
	if err == nil || !strings.Contains(err.Error(), "LACUNA_CPU=mmx") || !strings.Contains(err.Error(), "portable") {
		t.Fatalf("the error is %v", err)
	}
}

func TestKernelsAllocateNothing(t *testing.T) {
	const l, width, heads = 66, 32, 2
	lengths := []int32{33, 33}
	for _, s := range Available() {
		x, y, qkv, dqkv := ramp(l*width), ramp(l*width), ramp(l*3*width), ramp(l*3*width)
		w, packed, stats := ramp(width*width), make([]float32, s.PackedSize(width, width)), make([]float32, 2*l)
		scratch := make([]float32, s.AttentionScratch(33, width, heads))
		allocations := testing.AllocsPerRun(3, func() {
			s.Pack(packed, w, width, width)
			s.PackTransposed(packed, w, width, width)
			s.Multiply(y, x, packed, l, width, width, Epilogue{Bias: w, GELU: true})
			s.AddOuter(w, x, y, l, width, width)
			s.AddColumnSums(w, y, l, width)
			s.LayerNorm(y, stats, x, w, w[width:], l, width, 1e-5)
			s.LayerNormGrad(y, w, w[width:], y, x, stats, w[2*width:], l, width, false)
			s.Attention(y, qkv, lengths, width, heads, scratch)
			s.AttentionGrad(dqkv, y, qkv, lengths, width, heads, scratch)
			s.GELU(y, x)
			s.GELUGrad(y, y, x)
			s.SoftmaxRow(y, x)
			s.Add(y, x)
			s.AddScaled(y, x, s.Dot(x, x))
			s.Scale(y, 0.5)
			s.AdamW(w, x[:len(w)], y[:len(w)], qkv[:len(w)], AdamWStep{Correction1: 1, Correction2: 1})
			s.SumSquares(x)
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations", s.Name, allocations)
		}
	}
}

func TestPeakCountsItsOperations(t *testing.T) {
	for _, s := range Available() {
		if one, ten := s.Peak(1), s.Peak(10); one <= 0 || ten != 10*one {
			t.Errorf("%s: %g operations once, %g ten times", s.Name, one, ten)
		}
	}
}
