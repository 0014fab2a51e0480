package report

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lacuna-ml/lacuna/model/random"
)

// example is a report of made-up figures, as large as real ones.
func example() Data {
	d := Data{Title: "customer-segments", Kind: "tabular", Version: "0", Device: "cpu, 2 threads", Fingerprint: "0123456789abcdef", Rows: 10127,
		Summary: "10,127 rows became embeddings of 64 dimensions and scores.", Best: 30, Baseline: 1, ScoreUnit: "mean loss", IDs: []string{"customer"},
		Output: "out", Model: "model", Stages: []Stage{{"train", 21.4}, {"apply", 3.2}}, Explained: 0.4}
	s := random.New(1, random.Demo, 0)
	for i := range 40 {
		v := 0.4 + 0.6*math.Exp(-float64(i)/8)
		d.Epochs = append(d.Epochs, Epoch{Number: i + 1, Train: v - 0.02, Validation: &v})
	}
	for i := range 18 {
		d.Columns = append(d.Columns, Column{Name: fmt.Sprintf("column %d", i), Reading: "numeric", Transform: "z-score", Used: i < 15, Loss: 0.1 + s.Float64(), Baseline: 1, Why: "numbers"})
	}
	for range 2000 {
		d.Scores = append(d.Scores, math.Exp(s.Normal()/2))
		d.Map = append(d.Map, Point{X: s.Normal(), Y: s.Normal(), Score: s.Float64(), Segment: s.IntN(5), Label: "a row"})
	}
	for i := range 5 {
		d.Segments = append(d.Segments, Segment{Number: i, Share: 0.2, Score: 0.5, Differences: []string{"income 80 against 50"}})
		d.Unusual = append(d.Unusual, UnusualRow{ID: []string{fmt.Sprint(i)}, Score: 9, Cells: []Cell{{"age", "300", "41", 0.8}}})
	}
	return d
}

func rendered(t *testing.T, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var sections = []string{"Learning", "Columns", "Map of the rows", "Segments", "Scores", "Most unusual rows", "The run"}

func TestReportHasItsSections(t *testing.T) {
	html := rendered(t, example())
	for _, s := range append([]string{"customer-segments", "10,127", "column 3", "expected 41"}, sections...) {
		if !strings.Contains(html, s) {
			t.Errorf("%q is missing", s)
		}
	}
	if strings.Contains(html, "ZgotmplZ") || strings.Contains(html, "NaN") {
		t.Error("a value was refused by the template, or is not a number")
	}
}

func TestReportLoadsNothing(t *testing.T) {
	if found := regexp.MustCompile(`(?i)(src|href)\s*=|url\(|<script|@import`).FindString(rendered(t, example())); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestTextOfTheDataIsEscaped(t *testing.T) {
	evil := `</title></script><img onerror=alert(1)>"'` + "`"
	d := example()
	d.Title, d.Summary, d.IDs, d.Warnings = evil, evil, []string{evil}, []string{evil}
	d.Columns[0].Name, d.Columns[0].Why, d.Map[0].Label = evil, evil, evil
	d.Unusual[0] = UnusualRow{ID: []string{evil}, Cells: []Cell{{evil, evil, evil, 1}}}
	d.Segments[0].Differences = []string{evil}
	d.Settings = []Setting{{evil, evil}}
	if html := rendered(t, d); strings.Contains(html, "<img") || strings.Contains(html, "</script") {
		t.Error("text of the data became markup")
	}
}

func TestLittleDataMakesAReport(t *testing.T) {
	validation := 0.5
	for name, d := range map[string]Data{
		"nothing":    {},
		"one of all": {Epochs: []Epoch{{1, 0.5, &validation}}, Best: 1, Scores: []float64{1}, Map: []Point{{Segment: -1, Score: math.NaN()}}, Columns: []Column{{Name: "a", Used: true}}},
		"all equal":  {Epochs: []Epoch{{1, 1, nil}, {2, 1, nil}}, Best: 1, Scores: []float64{2, 2, 2}, Map: []Point{{Score: 1, Segment: -1}, {Score: 1, Segment: -1}}},
		"no numbers": {Scores: []float64{math.NaN()}},
	} {
		if html := rendered(t, d); strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
			t.Errorf("%s: the page shows a number that is none", name)
		}
	}
}

func TestNumbersThatCannotBeDrawnAreRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, d := range map[string]Data{
		"training loss": {Epochs: []Epoch{{1, nan, nil}}},
		"held-out loss": {Epochs: []Epoch{{1, 1, &inf}}},
		"column":        {Columns: []Column{{Name: "age", Used: true, Loss: nan, Baseline: 1}}},
		"place":         {Map: []Point{{X: nan, Segment: -1}}},
		"score":         {Scores: []float64{1, inf}},
	} {
		var b bytes.Buffer
		if err := Write(&b, d); err == nil || b.Len() > 0 {
			t.Errorf("%s: error %v after %d bytes", name, err, b.Len())
		}
	}
}

func TestAbsentPartsSayWhy(t *testing.T) {
	html := rendered(t, Data{})
	for _, s := range sections {
		if !strings.Contains(html, "<h2>"+s+"</h2>") {
			t.Errorf("section %q vanished", s)
		}
	}
}

func TestProjectKeepsWhatVaries(t *testing.T) {
	var rows [][]float32
	for i := range 50 {
		v := float32(i)
		rows = append(rows, []float32{v, 2 * v, float32(i%2) / 10})
	}
	xy, explained := Project(rows)
	if explained < 0.999 || xy[0][0] > xy[49][0] || math.Abs(xy[49][0]-xy[0][0]-49*math.Sqrt(5)) > 0.01 {
		t.Errorf("explained %v, from %v to %v", explained, xy[0], xy[49])
	}
}

// TestReportInABrowser opens the page in headless Chromium, in light and dark, and looks for colours where charts are.
func TestReportInABrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(rendered(t, example())), 0o644); err != nil {
		t.Fatal(err)
	}
	light := screenshot(t, browser, file, "--blink-settings=preferredColorScheme=1")
	dark := screenshot(t, browser, file, "--blink-settings=preferredColorScheme=0")
	if r, _, _, _ := light.At(2, 2).RGBA(); r < 0xf000 {
		t.Error("the light page is not light")
	}
	if r, _, _, _ := dark.At(2, 2).RGBA(); r > 0x3000 {
		t.Error("the dark page is not dark")
	}
	for name, picture := range map[string]image.Image{"light": light, "dark": dark} {
		for band := range 4 {
			if n := colours(picture, band*600, band*600+600); n < 20 {
				t.Errorf("%s: between %d and %d pixels from the top there are only %d colours", name, band*600, band*600+600, n)
			}
		}
	}
}

// screenshot opens a page in a browser with a profile of its own.
func screenshot(t *testing.T, browser, file, scheme string) image.Image {
	t.Helper()
	folder := t.TempDir()
	shot := filepath.Join(folder, "report.png")
	command := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", scheme,
		"--user-data-dir="+filepath.Join(folder, "profile"), "--window-size=1000,3400", "--screenshot="+shot, "file://"+file)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.Open(shot)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	picture, err := png.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// colours counts the different colours between two heights.
func colours(picture image.Image, from, to int) int {
	seen := map[[3]uint32]bool{}
	for y := from; y < min(to, picture.Bounds().Dy()); y += 2 {
		for x := 0; x < picture.Bounds().Dx(); x += 2 {
			r, g, b, _ := picture.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}
