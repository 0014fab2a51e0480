package model

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/nlpodyssey/safetensors"

	"github.com/lacuna-ml/lacuna/model/cpu"
	"github.com/lacuna-ml/lacuna/model/profile"
	"github.com/lacuna-ml/lacuna/model/program"
)

// fixtureProfile is the table of scripts/fixtures/tabular_step.py.
func fixtureProfile() *profile.Profile {
	categories := func(name string, counts ...int64) profile.Column {
		c := profile.Column{Name: name, Reading: profile.Categorical}
		for i, n := range counts {
			c.Categories = append(c.Categories, profile.Category{Value: string(rune('a' + i)), Count: n})
		}
		return c
	}
	number := func(name string) profile.Column {
		return profile.Column{Name: name, Reading: profile.Numeric, StdDev: 1, Min: -1, Max: 1}
	}
	return &profile.Profile{Columns: []profile.Column{
		number("a"), categories("b", 50, 30, 15, 5), number("c"), categories("d", 97, 2, 1), number("e"),
	}}
}

// TestTabularStepEqualsPyTorch runs one whole training step of kind tabular, and compares the loss and every gradient
// with what PyTorch computed (scripts/fixtures/tabular_step.py): within 1e-4 of the gradient's largest entry.
func TestTabularStepEqualsPyTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/tabular_step.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.Deserialize(data)
	if err != nil {
		t.Fatal(err)
	}
	network, err := newTabular(Config{Architecture: Architecture{Dim: 16, Depth: 2, Heads: 2, DecoderDim: 8, DecoderDepth: 1, DecoderHeads: 2}}, fixtureProfile())
	if err != nil {
		t.Fatal(err)
	}
	layout := network.Programs().Training.Layout
	parameters, _, err := unmarshalWeights(network.Programs(), data)
	if err != nil {
		t.Fatal(err)
	}
	device, err := cpu.New(1)
	if err != nil {
		t.Fatal(err)
	}
	session := device.Compile(network.Programs().Training)
	session.Load(parameters)
	loss, err := session.Gradient(context.Background(), fixtureBatch(t, network, file))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for _, l := range fixtureTensor(t, file, "row_losses") {
		want += float64(l) / 9
	}
	if math.Abs(loss-want) > 1e-4*want {
		t.Errorf("loss %v, PyTorch's %v", loss, want)
	}
	for _, p := range layout.Parameters {
		compareGradient(t, p, session.Gradients()[p.Offset:p.Offset+p.Size()], fixtureTensor(t, file, "gradient."+p.Name))
	}
}

func compareGradient(t *testing.T, p program.Parameter, got, want []float32) {
	t.Helper()
	largest, worst := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
	}
	if worst > 1e-4*largest || math.IsNaN(worst) {
		t.Errorf("gradient of %s: off by %g, where the largest is %g", p.Name, worst, largest)
	}
}

// fixtureBatch gives the fixture's rows with the fixture's cell states.
func fixtureBatch(t *testing.T, network Network, file safetensors.SafeTensors) *batch {
	t.Helper()
	values, states := fixtureTensor(t, file, "values"), fixtureTensor(t, file, "states")
	width := network.Width()
	rows := make([]int64, len(values)/width)
	for i := range rows {
		rows[i] = int64(i)
	}
	return &batch{network: network, program: network.Programs().Training, samples: newSamples(values, rows, width), counted: true,
		mask: func(row int64, cells []State, _ []int32) {
			for j := range cells {
				cells[j] = State(states[int(row)*width+j])
			}
		}}
}

func fixtureTensor(t *testing.T, file safetensors.SafeTensors, name string) []float32 {
	t.Helper()
	view, ok := file.Tensor(name)
	if !ok {
		t.Fatalf("the fixture has no %s", name)
	}
	x := make([]float32, len(view.Data())/4)
	copy(bytesOf(x), view.Data())
	return x
}
