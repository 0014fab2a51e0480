// Benchmarks of the engine on this machine.

package jobs

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/lacuna-ml/lacuna/jobs/report"
	"github.com/lacuna-ml/lacuna/model"
	"github.com/lacuna-ml/lacuna/model/cpu"
)

// BenchOptions are an architecture and how to measure it.
type BenchOptions struct {
	Kind                                                               string
	Columns, Dim, Depth, Heads, DecoderDim, DecoderDepth, DecoderHeads int
	ImageSize, PatchSize, Channels                                     int // of kind vision, which has no columns
	MaskRatio                                                          float64
	Batch, Threads                                                     int
	Seconds                                                            float64 // of each measurement
}

// Figures are what was measured. Rates are rows a second.
type Figures struct {
	Device      string  `json:"device"`
	Parameters  int     `json:"parameters"`
	Train       float64 `json:"train"` // forward, backward and AdamW
	Embed       float64 `json:"embed"` // the encoder over all columns
	Score       float64 `json:"score"` // one masked forward pass with its loss for each row
	PeakGFLOPS  float64 `json:"peak_gflops"`
	TrainGFLOPS float64 `json:"train_gflops"`
	EmbedGFLOPS float64 `json:"embed_gflops"`
	ScoreGFLOPS float64 `json:"score_gflops"`
}

// Bench measures.
func Bench(ctx context.Context, o BenchOptions) (Figures, error) {
	device, err := cpu.New(o.Threads)
	if err != nil {
		return Figures{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	c := model.Config{Kind: o.Kind, MaskRatio: o.MaskRatio}
	switch o.Kind {
	case "standard":
		c.Standard = &model.StandardOptions{Layers: []int{4 * o.Dim, 2 * o.Dim}, Bottleneck: o.Dim}
	default:
		c.Architecture = model.Architecture{Dim: o.Dim, Depth: o.Depth, Heads: o.Heads, DecoderDim: o.DecoderDim, DecoderDepth: o.DecoderDepth, DecoderHeads: o.DecoderHeads}
	}
	if o.Kind == "vision" {
		c.Vision = &model.VisionOptions{ImageSize: o.ImageSize, PatchSize: o.PatchSize, Channels: o.Channels}
	}
	network, err := model.BenchAutoencoder(c, o.Columns)
	if err != nil {
		return Figures{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	measured, err := model.Bench(ctx, network, o.MaskRatio, device, model.RandomRows(network, o.Batch), time.Duration(o.Seconds*float64(time.Second)))
	if err != nil {
		return Figures{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return Figures{Device: device.Name(), Parameters: measured.Parameters, PeakGFLOPS: device.Peak(),
		Train: measured.Train.RowsPerSecond, Embed: measured.Embed.RowsPerSecond, Score: measured.Score.RowsPerSecond,
		TrainGFLOPS: measured.Train.GFLOPS(), EmbedGFLOPS: measured.Embed.GFLOPS(), ScoreGFLOPS: measured.Score.GFLOPS()}, nil
}

// Write prints the figures for people.
func (f Figures) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s; %s parameters; peak %.0f GFLOP/s\n", f.Device, report.Count(int64(f.Parameters)), f.PeakGFLOPS)
	fmt.Fprintf(t, "\trows/s\tGFLOP/s\tof peak\t\n")
	for _, r := range []struct {
		name         string
		rate, gflops float64
	}{{"train", f.Train, f.TrainGFLOPS}, {"embed", f.Embed, f.EmbedGFLOPS}, {"score", f.Score, f.ScoreGFLOPS}} {
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.0f %%\t\n", r.name, report.Count(int64(r.rate)), r.gflops, 100*r.gflops/f.PeakGFLOPS)
	}
	return t.Flush()
}
