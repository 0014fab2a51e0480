package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lacuna-ml/lacuna/jobs/jobfile"
)

// TestCommandsOfTheDocsRun runs the commands of README and guide for the binary in an empty folder, as a newcomer would after
// `make demo`, with training cut short.
func TestCommandsOfTheDocsRun(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "build", "lacuna")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ran := 0
	lines := append([]string{"build/lacuna demo lacuna-demo"}, shellLines(t, "README.md")...)
	for _, line := range append(lines, shellLines(t, "docs/guide.md")...) {
		words := strings.Fields(strings.SplitN(line, "#", 2)[0])
		if words[0] != "build/lacuna" {
			continue
		}
		command := exec.Command(binary, append(words[1:], "--set", "train.epochs=1", "--quiet")...)
		command.Dir = folder
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
		ran++
	}
	if ran < 8 {
		t.Errorf("only %d commands were found", ran)
	}
}

// shellLines are the lines of a document's shell blocks.
func shellLines(t *testing.T, path string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	return lines
}

// TestJobFilesOfTheDocsAreJobFiles parses every complete job file that the docs show.
func TestJobFilesOfTheDocsAreJobFiles(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range append(pages, "README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(block[1], "input:") || !strings.Contains(block[1], "output:") {
				continue
			}
			if _, err := jobfile.Parse(page, []byte(block[1]), nil); err != nil {
				t.Errorf("%s: %v", page, err)
			}
			found++
		}
	}
	if found == 0 {
		t.Error("no job file was found")
	}
}

func TestLinksOfTheDocsLeadSomewhere(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), link[1])); err != nil {
				t.Errorf("%s: %s leads nowhere", path, link[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestExitCodesOfTheBinary runs the binary itself: codes and last lines are what schedulers see.
func TestExitCodesOfTheBinary(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "lacuna")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(folder, "bad.yaml"), []byte("inptu: {uri: x}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--version", 0, "0.1.0"},
		{"schema", 0, "$schema"},
		{"nonsense", 2, "unknown command"},
		{"run --nonsense", 2, "unknown flag"},
		{"run -f missing.yaml", 2, "missing.yaml"},
		{"run -f bad.yaml", 2, `bad.yaml:1:1: unknown field "inptu" (did you mean "input"?)`},
		{"run -f bad.yaml --log fancy", 2, "--log"},
		{"inspect nowhere", 2, "no Parquet files"},
		{"init nowhere", 2, "no Parquet files"},
		{"bench --seconds 0.001 --columns 3 --dim 8 --heads 2 --json", 0, `"peak_gflops"`},
		{"bench --heads 3", 2, "multiple"},
	} {
		command := exec.Command(binary, strings.Fields(c.args)...)
		command.Dir = folder
		out, err := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.want) {
			t.Errorf("lacuna %s: exit code %d, %v: %s", c.args, code, err, out)
		}
	}
}
