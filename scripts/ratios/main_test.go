package main

import (
	"strings"
	"testing"
)

func TestMediansOfRatios(t *testing.T) {
	const lines = `{"device":"cpu","train":30,"embed":50,"embed_gflops":70,"peak_gflops":100}
{"torch":"1.13","train":10,"embed":25,"params":7}
{"onnxruntime":"1.30","embed":20}
{"device":"cpu","train":50,"embed":50,"embed_gflops":90,"peak_gflops":100}
{"torch":"1.13","train":10,"embed":25}
`
	var out strings.Builder
	if err := compare(strings.NewReader(lines), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"train ÷ torch          median 4.00   (2 pairs, from 3.00 to 5.00)", "embed ÷ onnxruntime    median 2.50   (1 pairs", "embed ÷ peak           median 0.80"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := compare(strings.NewReader(`{"torch":"1.13","train":10}`), &out); err == nil {
		t.Error("a peer without ours went through")
	}
}
