package jobfile

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a job file.
type Problem struct {
	File         string // or the flag: "--set train.epochs"
	Line, Column int    // from 1; 0 where a field is missing altogether
	Text         string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// Error is everything that is wrong with a job file, in the file's order.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// nearest returns the name most like the one given, or "" when none is near: at most two letters or a third of them differ.
func nearest(name string, names []string) string {
	best, least := "", min(max(len(name)/3, 2)+1, len(name))
	for _, candidate := range names {
		if d := distance(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance is Levenshtein's: insertions, deletions and substitutions that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// suggestion is the end of an error about an unknown name.
func suggestion(name string, names []string) string {
	if near := nearest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	sorted := slices.Clone(names)
	return fmt.Sprintf(" (there are %s)", strings.Join(sorted, ", "))
}
