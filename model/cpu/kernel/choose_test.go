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

func TestEmptyShapesAreNoWork(t *testing.T) {
	for _, s := range Available() {
		bias, y := ramp(5), make([]float32, 15)
		s.Multiply(nil, nil, make([]float32, s.PackedSize(4, 5)), 0, 4, 5, Epilogue{Bias: bias})
		s.Multiply(nil, ramp(12), nil, 3, 4, 0, Epilogue{})
		s.Multiply(y, nil, nil, 3, 0, 5, Epilogue{Bias: bias})
		for i, v := range y {
			if v != bias[i%5] {
				t.Fatalf("%s: a product over no columns is %v, want the bias %v in each row", s.Name, y, bias)
			}
		}
		dw := ramp(20)
		s.AddOuter(dw, nil, nil, 0, 4, 5)
		s.AddColumnSums(dw[:5], nil, 0, 5)
		for i, want := range ramp(20) {
			if dw[i] != want {
				t.Fatalf("%s: sums over no rows changed element %d from %g to %g", s.Name, i, want, dw[i])
			}
		}
		s.LayerNorm(nil, nil, nil, bias, bias, 0, 5, 1e-5)
		s.LayerNormGrad(nil, dw[:5], dw[5:10], nil, nil, nil, bias, 0, 5, false)
		s.Attention(nil, nil, []int32{0, 0}, 8, 2, nil)
		s.AttentionGrad(nil, nil, nil, nil, 8, 2, nil)
		s.GELU(nil, nil)
		s.Add(nil, nil)
		s.AdamW(nil, nil, nil, nil, AdamWStep{})
		if got := s.Dot(nil, nil); got != 0 {
			t.Fatalf("%s: the product of nothing is %g", s.Name, got)
		}
	}
}

func TestShortSliceIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	calls := map[string]func(s *Set, y []float32){
		"y":        func(s *Set, y []float32) { s.Multiply(y[:11:11], ramp(6), ramp(32), 3, 2, 4, Epilogue{}) },
		"packed":   func(s *Set, y []float32) { s.Multiply(y, ramp(6), ramp(7), 3, 2, 4, Epilogue{}) },
		"residual": func(s *Set, y []float32) { s.Multiply(y, ramp(6), ramp(32), 3, 2, 4, Epilogue{Residual: ramp(11)}) },
		"dy":       func(s *Set, y []float32) { s.AddOuter(y, ramp(6), ramp(7), 2, 3, 4) },
		"scratch":  func(s *Set, y []float32) { s.Attention(y, ramp(36), []int32{3}, 4, 1, nil) },
	}
	for _, s := range Available()[1:] { // plain Go checks as it goes
		for name, call := range calls {
			y := make([]float32, 12)
			if !panics(func() { call(s, y) }) {
				t.Errorf("%s: a short %s went unnoticed", s.Name, name)
			}
			for _, v := range y {
				if v != 0 {
					t.Errorf("%s: a short %s left %v behind", s.Name, name, y)
					break
				}
			}
		}
	}
}

// panics reports whether f does.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}
