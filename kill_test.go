package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3faults"
	"github.com/lacuna-ml/lacuna/arrowio/storage/s3server"
)

// buildBinary builds the program for a test, in a folder of its own.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lacuna")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// kills is how many attempts of a job are killed: a few in the suite, LACUNA_KILLS=50 for a thorough look.
func kills(t *testing.T) int {
	if text := os.Getenv("LACUNA_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 4
}

// killedJob is a job over the demo's data at a place, small but with several checkpoints and parts.
func killedJob(input, root string) []string {
	return []string{"--set", "input.uri=" + input, "--set", "input.id=[customer_id]", "--set", "input.ignore=[true_segment, planted_anomaly]",
		"--set", "model.uri=" + root + "/model", "--set", "output.uri=" + root + "/export", "--set", "s3.path_style=true",
		"--set", "train.epochs=4", "--set", "model.size=tiny", "--set", "train.checkpoint_minutes=0.001", "--set", "apply.part_rows=2500",
		"--set", "apply.outputs=[embedding, score, column_scores, restored, segment]", "--quiet"}
}

// TestKilledJobEndsInTheSameBytes kills a job again and again, at random moments of training and applying, and runs it to
// its end: model and parts are those of a job that nobody disturbed. On S3, the network fails too.
func TestKilledJobEndsInTheSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	binary, folder := buildBinary(t), t.TempDir()
	if out, err := exec.Command(binary, "demo", folder+"/demo", "--set", "train.epochs=1", "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	input := folder + "/demo/customers"
	job := filepath.Join(folder, "job.yaml")
	if err := os.WriteFile(job, []byte("name: killed\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(root string) *exec.Cmd {
		return exec.Command(binary, append([]string{"run", "-f", job}, killedJob(input, root)...)...)
	}
	began := time.Now()
	if out, err := run(folder + "/undisturbed").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	long := time.Since(began)
	want := published(t, storage.New(storage.Options{}), folder+"/undisturbed")

	t.Run("local", func(t *testing.T) {
		killAndCompare(t, long, folder+"/killed", storage.New(storage.Options{}), want, run)
	})
	t.Run("S3 with faults", func(t *testing.T) {
		server := s3server.Start(t)
		if err := server.Bucket("lake"); err != nil {
			t.Fatal(err)
		}
		proxy, err := s3faults.Start(server.Endpoint, 0, func(n int64, _ *http.Request) s3faults.Fault {
			if r := rand.New(rand.NewPCG(uint64(n), 7)); r.IntN(25) == 0 {
				return []s3faults.Fault{s3faults.Reset, s3faults.LostReply, s3faults.SlowDown, s3faults.Internal, s3faults.Truncate}[r.IntN(5)]
			}
			return s3faults.None
		})
		if err != nil {
			t.Fatal(err)
		}
		defer proxy.Stop()
		killAndCompare(t, 2*long, "s3://lake/killed", storage.New(storage.Options{PathStyle: true}), want, func(root string) *exec.Cmd {
			c := run(root)
			c.Env = append(os.Environ(), "AWS_ENDPOINT_URL_S3="+proxy.Endpoint)
			return c
		})
	})
}

// killAndCompare runs jobs to their ends, each in a place of its own and killed at random moments on its way, until enough
// attempts have been killed. Each must leave what the undisturbed one did. long is about how long that one took.
func killAndCompare(t *testing.T, long time.Duration, root string, store *storage.Store, want map[string][]byte, run func(root string) *exec.Cmd) {
	t.Helper()
	random, killed, failed := rand.New(rand.NewPCG(1, 2)), 0, 0
	for place := 0; killed < kills(t) && !t.Failed(); place++ {
		at := fmt.Sprintf("%s/%d", root, place)
		for done := false; !done; {
			c, log := run(at), &strings.Builder{}
			c.Stderr = log
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(time.Duration(random.Float64()*float64(long)), func() { _ = c.Process.Signal(syscall.SIGKILL) })
			err := c.Wait()
			kill.Stop()
			switch c.ProcessState.ExitCode() {
			case 0:
				done = true
			case -1:
				killed++
			case 1: // a fault that outlived the retries; a scheduler would try again
				failed++
			default:
				t.Fatalf("%v: %s", err, log)
			}
		}
		same(t, published(t, store, at), want)
	}
	t.Logf("%d attempts were killed, %d gave up on storage", killed, failed)
}

// published is what a job leaves for others, by name: the model and the export, without what names places.
func published(t *testing.T, store *storage.Store, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, folder := range []string{"model", "export"} {
		for o, err := range store.List(t.Context(), root+"/"+folder) {
			if err != nil {
				t.Fatal(err)
			}
			data, err := store.Read(t.Context(), o.URI, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			name := folder + "/" + storage.Base(o.URI)
			if strings.HasPrefix(storage.Base(o.URI), "_") || storage.Base(o.URI) == arrowio.ReportFile {
				data = nil // it holds URIs and times
			}
			files[name] = data
		}
	}
	return files
}

func same(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name, data := range want {
		if there, ok := got[name]; !ok || !bytes.Equal(there, data) {
			t.Errorf("%s is missing or differs", name)
		}
	}
	if len(got) != len(want) || len(want) < 6 {
		t.Errorf("%d files, want %d: %s", len(got), len(want), fmt.Sprint(names(got)))
	}
}

func names(files map[string][]byte) (list []string) {
	for name := range files {
		list = append(list, name)
	}
	return list
}
