package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
)

//go:embed report.html
var page string

// functions are what the page uses to write numbers and to draw.
var functions = template.FuncMap{
	"count":      Count,
	"number":     number,
	"percent":    func(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + " %" },
	"seconds":    seconds,
	"losses":     lossChart,
	"histogram":  histogram,
	"embeddings": mapChart,
	"bars":       columnBars,
	"total": func(stages []Stage) (sum float64) {
		for _, s := range stages {
			sum += s.Seconds
		}
		return sum
	},
	"color": func(segment int) string { return palette[((segment%len(palette))+len(palette))%len(palette)] },
}

var parsed = template.Must(template.New("report").Funcs(functions).Parse(page))

// Write writes the report. It refuses data with losses, places or scores that are not finite before it writes anything.
func Write(w io.Writer, d Data) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := parsed.Execute(w, d); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// Count writes a whole number in groups of three.
func Count(v any) string {
	text := fmt.Sprint(v)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// number writes about three digits.
func number(v float64) string {
	switch a := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case a != 0 && (a < 1e-3 || a >= 1e7):
		return strconv.FormatFloat(v, 'e', 2, 64)
	case a >= 1000:
		return Count(int64(math.Round(v)))
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

func seconds(v float64) string {
	switch {
	case v >= 120:
		return fmt.Sprintf("%d min %d s", int(v)/60, int(v)%60)
	case v >= 10:
		return fmt.Sprintf("%.0f s", v)
	}
	return fmt.Sprintf("%.1f s", v)
}
