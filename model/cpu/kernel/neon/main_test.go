package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAssemblyIsWhatTheGeneratorWrites(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what neon writes: run make generate (%v)", name, err)
		}
	}
}

// word is an instruction with its name beside it.
var word = regexp.MustCompile(`WORD \$0x([0-9a-f]{8}) // (.*)`)

func TestWordsAreTheInstructionsBesideThem(t *testing.T) {
	assembler, err := exec.LookPath("llvm-mc")
	if err != nil {
		t.Skip("llvm-mc is not installed: nothing reads the words back")
	}
	var words, names []string
	for _, text := range files() {
		for _, m := range word.FindAllStringSubmatch(string(text), -1) {
			words, names = append(words, m[1]), append(names, m[2])
		}
	}
	run := exec.Command(assembler, "-triple=aarch64", "-show-encoding")
	run.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", assembler, err, out)
	}
	encodings := regexp.MustCompile(`encoding: \[0x(..),0x(..),0x(..),0x(..)\]`).FindAllStringSubmatch(string(out), -1)
	if len(words) == 0 || len(encodings) != len(words) {
		t.Fatalf("%d words, of which %d were read back", len(words), len(encodings))
	}
	for i, e := range encodings {
		if want := fmt.Sprint(e[4], e[3], e[2], e[1]); words[i] != want {
			t.Errorf("%s is written as %s, and is %s", names[i], words[i], want)
		}
	}
}
