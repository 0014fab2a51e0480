// Command memory makes a dataset of so many rows, runs a job over it under a memory limit, and prints the job's peak:
//
//	go run ./scripts/eval/memory -rows 20000000 -memory 1GiB
//
// The job profiles all rows, trains on a part of them, and applies the model to all. Where cgroup v2 can be written to,
// the limit is the kernel's too, so that a job beyond it is killed; else it is Go's alone. The peak is the resident
// memory that the kernel saw.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/jobs/demo"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
)

func main() {
	log.SetFlags(0)
	rows := flag.Int("rows", 20_000_000, "rows of the dataset")
	memory := flag.String("memory", "1GiB", "the job's limit")
	folder := flag.String("folder", "", "where to work, default a temporary folder that is deleted")
	flag.Parse()
	if err := run(*rows, *memory, *folder, flag.Args()); err != nil {
		log.Fatalf("memory: %v", err)
	}
}

func run(rows int, memory, folder string, settings []string) error {
	limit, err := jobfile.ParseBytes(memory)
	if err != nil {
		return err
	}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "lacuna-memory-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	input := filepath.Join(folder, "input.parquet")
	if _, err := os.Stat(input); err != nil {
		if err := generate(input, rows); err != nil {
			return err
		}
	}
	binary := filepath.Join(folder, "lacuna")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	return measure(binary, folder, input, memory, int64(limit), settings)
}

// generate writes the demo's customers over and over, with ids of their own.
func generate(path string, rows int) error {
	const piece = 200_000
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := parquetio.NewWriter(f, demo.Schema, parquetio.WriterOptions{})
	if err != nil {
		return err
	}
	for done := 0; done < rows; done += piece {
		rec := demo.Generate(min(piece, rows-done), uint64(1+done/piece%4))
		ids := rec.Column(0).(*array.Int64).Int64Values()
		for i := range ids {
			ids[i] = int64(done + i)
		}
		err := w.Write(rec)
		rec.Release()
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

// measure runs the job and prints its peak.
func measure(binary, folder, input, memory string, limit int64, settings []string) error {
	job := filepath.Join(folder, "job.yaml")
	if err := os.WriteFile(job, []byte("name: memory\n"), 0o666); err != nil {
		return err
	}
	stamp := time.Now().Format("150405")
	args := []string{"run", "-f", job}
	for _, s := range append([]string{"input.uri=" + input, "input.id=[customer_id]", "input.ignore=[true_segment, planted_anomaly]", "model.uri=" + filepath.Join(folder, "model-"+stamp),
		"output.uri=" + filepath.Join(folder, "export-"+stamp), "kind=standard", "train.epochs=2", "train.rows=2000000", "apply.outputs=[embedding, score]", "apply.masks=2", "runtime.memory=" + memory}, settings...) {
		args = append(args, "--set", s)
	}
	group, err := limitedGroup(limit)
	if err != nil {
		fmt.Printf("no cgroup limit (%v): Go's alone\n", err)
	} else {
		defer os.Remove(group)
		args = append([]string{"-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(group, "cgroup.procs"), binary}, args...)
		binary = "sh"
	}
	c := exec.Command(binary, args...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	began := time.Now()
	if err := c.Run(); err != nil {
		return err
	}
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	line, err := json.Marshal(map[string]any{"limit_bytes": limit, "peak_bytes": usage.Maxrss * 1024, "kernel_limit": group != "", "seconds": time.Since(began).Seconds()})
	if err != nil {
		return err
	}
	fmt.Printf("%s\n", line)
	return nil
}

// limitedGroup makes a cgroup, of version 2 or 1, whose processes may use so much memory together.
func limitedGroup(limit int64) (string, error) {
	for _, version := range []struct{ folder, file string }{{"/sys/fs/cgroup", "memory.max"}, {"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}} {
		if _, err := os.Stat(filepath.Join(version.folder, "cgroup.procs")); err != nil {
			continue
		}
		group := filepath.Join(version.folder, fmt.Sprintf("lacuna-memory-%d", os.Getpid()))
		if err := os.Mkdir(group, 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(group, version.file), fmt.Append(nil, limit), 0o644); err != nil {
			return "", errors.Join(err, os.Remove(group))
		}
		return group, nil
	}
	return "", errors.New("none can be made here")
}
