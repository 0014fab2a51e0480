package model

import (
	"context"
	"math"
	"testing"

	"github.com/lacuna-ml/lacuna/model/cpu"
	"github.com/lacuna-ml/lacuna/model/program"
)

// smallVision is a network of 8×8 grey images with patches of 2×2.
func smallVision(t *testing.T, o VisionOptions) *vision {
	t.Helper()
	o.ImageSize, o.PatchSize, o.Channels = 8, 2, 1
	n, err := newVisionAutoencoder(o, Architecture{Dim: 16, Depth: 2, Heads: 2, DecoderDim: 8, DecoderDepth: 1, DecoderHeads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// stripes are images of bright and dark stripes, which few patches tell of all.
func stripes(n *vision, images int) Samples {
	samples := RandomRows(n, images)
	values := samples.Values.Data().([]float32)
	for i := range values {
		row, patch := i/n.Width(), i%n.Width()/n.options.patchValues()
		values[i] = float32(1 - 2*((patch/4*(row%2)+patch%4*(1-row%2))%2))
	}
	return samples
}

func TestVisionLearnsStripes(t *testing.T) {
	n := smallVision(t, VisionOptions{})
	device, err := cpu.New(2)
	if err != nil {
		t.Fatal(err)
	}
	session := device.Compile(n.programs.Training)
	session.Load(InitialParameters(n.programs.Training.Layout, 1))
	var first, last float64
	for step := range 500 {
		b := &batch{network: n, program: n.programs.Training, samples: stripes(n, 16), mask: RandomMask(1, 0.5, step), counted: true}
		loss, err := session.Gradient(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		session.Update(program.AdamW{Step: step + 1, LearningRate: 3e-3, Beta1: beta1, Beta2: beta2, Epsilon: adamEpsilon})
		if step == 0 {
			first = loss
		}
		last = loss
	}
	if first < 0.5 || last > 0.1*first {
		t.Errorf("the loss went from %g to %g", first, last)
	}
	i, _ := n.programs.Training.Layout.Index("encoder.positions")
	p := n.programs.Training.Layout.Parameters[i]
	for j, v := range InitialParameters(n.programs.Training.Layout, 1)[p.Offset : p.Offset+p.Size()] {
		if session.Parameters()[p.Offset+j] != v {
			t.Fatalf("training moved the fixed positions")
		}
	}
}

func TestEmbeddingOfImageDoesNotDependOnItsNeighbours(t *testing.T) {
	n := smallVision(t, VisionOptions{})
	device, err := cpu.New(1)
	if err != nil {
		t.Fatal(err)
	}
	session := device.Compile(n.programs.Embedding)
	session.Load(InitialParameters(n.programs.Training.Layout, 1))
	embed := func(samples Samples, pick []int32) []float32 {
		var got []float32
		b := &batch{network: n, program: n.programs.Embedding, samples: samples, pick: pick, mask: NoMask,
			collect: func(_, to int, f *program.Feed, _ []Sample) { got = append(got, f.Floats(n.programs.Embedded)...) }}
		if err := session.Forward(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		return got
	}
	samples := RandomRows(n, 7)
	samples.Values.Data().([]float32)[3*n.Width()] = missing // no image
	all := embed(samples, nil)
	for i := range 7 {
		for j, v := range embed(samples, []int32{int32(i)}) {
			if math.Float32bits(v) != math.Float32bits(all[i*n.architecture.Dim+j]) || isMissing(v) {
				t.Fatalf("image %d alone gives %g at %d, among others %g", i, v, j, all[i*n.architecture.Dim+j])
			}
		}
	}
}

// The table of ViT-MAE: the first half is the column's, sines before cosines, and the class token's row is zero.
func TestGridPositions(t *testing.T) {
	const d = 8
	table := make([]float32, 5*d)
	gridPositions(table, 4, d)
	sin1, cos1, sin2, cos2 := float32(math.Sin(1)), float32(math.Cos(1)), float32(math.Sin(0.01)), float32(math.Cos(0.01))
	want := []float32{
		0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 1, 1, 0, 0, 1, 1,
		sin1, sin2, cos1, cos2, 0, 0, 1, 1,
		0, 0, 1, 1, sin1, sin2, cos1, cos2,
		sin1, sin2, cos1, cos2, sin1, sin2, cos1, cos2,
	}
	for i := range want {
		if math.Abs(float64(table[i]-want[i])) > 1e-7 {
			t.Errorf("row %d, value %d is %g, want %g", i/d, i%d, table[i], want[i])
		}
	}
}

func TestNormalisedPatchHasMeanZeroAndDeviationOne(t *testing.T) {
	n := smallVision(t, VisionOptions{NormalisePatches: true})
	got := make([]float32, 4)
	n.target(got, []float32{1, 2, 3, 6})
	mean, deviation := patchStatistics(got)
	if math.Abs(mean) > 1e-6 || math.Abs(deviation-1) > 1e-5 {
		t.Errorf("mean %g, deviation %g", mean, deviation)
	}
}
