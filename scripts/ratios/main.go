// Command ratios reads the lines that scripts/bench-peers.sh collects, ours and the peers' in turn, and prints the medians
// of their ratios and our shares of the machine's peak.
//
// A line with "device" is ours. A peer's line has one text, its version, whose key is the peer's name; its numbers that we
// have too are compared.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
)

func main() {
	log.SetFlags(0)
	if err := compare(os.Stdin, os.Stdout); err != nil {
		log.Fatalf("ratios: %v", err)
	}
}

// compare prints a line for every figure that both sides have.
func compare(r io.Reader, w io.Writer) error {
	var ours map[string]any
	ratios := map[string][]float64{} // by "train ÷ torch" and "embed ÷ peak"
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if _, ok := line["device"]; ok {
			ours = line
			share(ratios, line)
			continue
		}
		if ours == nil {
			return fmt.Errorf("%q comes before any line of ours", lines.Text())
		}
		against(ratios, ours, line)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	for _, name := range sortedKeys(ratios) {
		all := slices.Sorted(slices.Values(ratios[name]))
		fmt.Fprintf(w, "%-22s median %.2f   (%d pairs, from %.2f to %.2f)\n", name, median(all), len(all), all[0], all[len(all)-1])
	}
	return nil
}

// share adds our rates as shares of the peak that was measured with them.
func share(ratios map[string][]float64, ours map[string]any) {
	for _, work := range []string{"train", "embed", "score"} {
		rate, ok := ours[work+"_gflops"].(float64)
		if peak, there := ours["peak_gflops"].(float64); ok && there {
			ratios[work+" ÷ peak"] = append(ratios[work+" ÷ peak"], rate/peak)
		}
	}
}

// against adds our rates over a peer's.
func against(ratios map[string][]float64, ours, peer map[string]any) {
	for _, name := range sortedKeys(peer) {
		if _, ok := peer[name].(string); !ok {
			continue
		}
		for _, work := range []string{"train", "embed", "score"} {
			theirs, ok := peer[work].(float64)
			if mine, there := ours[work].(float64); ok && there && theirs > 0 {
				ratios[work+" ÷ "+name] = append(ratios[work+" ÷ "+name], mine/theirs)
			}
		}
	}
}

// median of ascending numbers, which must not be none.
func median(all []float64) float64 { return (all[(len(all)-1)/2] + all[len(all)/2]) / 2 }

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
