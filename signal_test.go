package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignalEndsWithCodeThree stops a training as Spot reclaim does, and expects a checkpoint but no model.
func TestSignalEndsWithCodeThree(t *testing.T) {
	folder, binary := t.TempDir(), buildBinary(t)
	var log strings.Builder
	command := exec.Command(binary, "demo", "demo", "--set", "train.epochs=1000")
	command.Dir, command.Stderr = folder, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := command.Wait()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(log.String(), "run the same command again") {
		t.Errorf("exit code %d, %v: %s", code, err, log.String())
	}
	if found, _ := filepath.Glob(filepath.Join(folder, "demo", "model", "*")); len(found) != 1 || filepath.Base(found[0]) != "checkpoint.safetensors" {
		t.Errorf("an interrupted training left %v, want its checkpoint alone", found)
	}
}
