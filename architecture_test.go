package main

import (
	"os/exec"
	"strings"
	"testing"
)

// arrows are the imports that the design allows: of our own packages, a folder may import those named here, besides its
// own folders. Tests and test support are free.
var arrows = map[string][]string{
	"main":                     {"runners", "jobs", "arrowio"},
	"runners":                  {"jobs"},
	"jobs":                     {"arrowio", "model"},
	"arrowio":                  {},
	"model":                    {},
	"model/program":            {},
	"model/program/devicetest": {"model/program", "model/reference"},
	"model/reference":          {"model/program"},
	"model/cpu":                {"model/program"},
	"model/profile":            {"model/random"},
	"model/random":             {},
	"scripts":                  {"arrowio", "jobs", "model"},
}

const module = "github.com/lacuna-ml/lacuna"

// TestImportsPointDownOnly holds every package to the arrows, and keeps Arrow out of what runs programs.
func TestImportsPointDownOnly(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		imports := strings.Fields(line)
		from := room(imports[0])
		for _, path := range imports[1:] {
			if strings.Contains(path, "apache/arrow") && (from == "model/program" || from == "model/cpu" || from == "model/reference") {
				t.Errorf("%s imports Arrow", imports[0])
			}
			if !strings.HasPrefix(path, module) || allowed(from, room(path)) {
				continue
			}
			t.Errorf("%s may not import %s", imports[0], path)
		}
	}
}

// room is the longest folder of the arrows that a package lies in.
func room(path string) string {
	path = strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
	if path == "" {
		return "main"
	}
	best := ""
	for folder := range arrows {
		if (path == folder || strings.HasPrefix(path, folder+"/")) && len(folder) > len(best) {
			best = folder
		}
	}
	return best
}

func allowed(from, to string) bool {
	if from == to || from == "model" && strings.HasPrefix(to, "model/") && to != "model/reference" {
		return true
	}
	for _, folder := range arrows[from] {
		if to == folder || strings.HasPrefix(to, folder+"/") {
			return true
		}
	}
	return false
}
