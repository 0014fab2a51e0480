package progress

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that a test moves.
type clock struct {
	mutex sync.Mutex
	now   time.Time
}

func (c *clock) read() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(d)
}

func TestLogLinesComeEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	c := &clock{now: time.Unix(0, 0)}
	p := New(&out, Options{Mode: JSON, Every: 5 * time.Second, Now: c.read, Run: "r1"})
	s := p.Stage("train", 1000, "rows")
	for range 10 {
		c.move(time.Second)
		s.Add(50, "loss", 0.5)
	}
	s.Done()
	p.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 { // at 5 s, at 10 s, done
		t.Fatalf("%d lines: %s", len(lines), out.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil {
		t.Fatal(err)
	}
	if line["msg"] != "train" || line["rows"] != 500.0 || line["of"] != 1000.0 || line["per_second"] != 50.0 || line["loss"] != 0.5 || line["run"] != "r1" {
		t.Errorf("%v", line)
	}
}

func TestQuietShowsWarningsOnly(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, Options{Mode: Quiet})
	p.Stage("apply", 10, "rows").Done()
	p.Warn("look", "at", "this")
	p.Close()
	if text := out.String(); strings.Contains(text, "apply") || !strings.Contains(text, "look") {
		t.Error(text)
	}
}

func TestBarsEndWithTheirStages(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, Options{Mode: Bar})
	done, failed := p.Stage("apply", 10, "rows"), p.Stage("report", 0, "rows")
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { done.Add(1) })
	}
	wait.Wait()
	done.Done()
	failed.Abandon()
	p.Stage("train", 10, "rows").Add(3) // left open, as when a job panics
	p.Close()                           // hangs if a bar is left
}
