package jobs

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/jobs/demo"
)

func TestShardsAreRead(t *testing.T) {
	for _, c := range []struct {
		text        string
		environment map[string]string
		want        Shard
		bad         bool
	}{
		{"", nil, Shard{}, false},
		{"2/5", nil, Shard{2, 5}, false},
		{"", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "3"}, Shard{1, 3}, false},
		{"", map[string]string{"JOB_COMPLETION_INDEX": "0", "LACUNA_SHARDS": "2"}, Shard{0, 2}, false},
		{"", map[string]string{"JOB_COMPLETION_INDEX": "0"}, Shard{}, false},
		{"0/1", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "3"}, Shard{0, 1}, false},
		{"5/5", nil, Shard{}, true}, {"-1/5", nil, Shard{}, true}, {"1", nil, Shard{}, true}, {"a/b", nil, Shard{}, true}, {"0/0", nil, Shard{}, true},
	} {
		got, err := ParseShard(c.text, func(name string) string { return c.environment[name] })
		if got != c.want || errors.Is(err, ErrInvalid) != c.bad {
			t.Errorf("%q with %v gives %v, %v", c.text, c.environment, got, err)
		}
	}
}

// TestEveryPartHasOneShard, and shards have about the same number of rows.
func TestEveryPartHasOneShard(t *testing.T) {
	var parts []arrowio.Part
	rows := int64(0)
	for i := range 40 {
		n := int64(900 + 10*(i%20))
		parts = append(parts, arrowio.Part{Index: i, FirstRow: rows, Rows: n})
		rows += n
	}
	for count := 1; count <= 50; count++ {
		next := 0
		for index := range count {
			own, sum := Shard{index, count}.own(parts, rows), int64(0)
			for _, p := range own {
				if p.Index != next {
					t.Fatalf("%d shards: part %d comes after %d", count, p.Index, next)
				}
				next++
				sum += p.Rows
			}
			if share := rows / int64(count); sum > share+1100 {
				t.Errorf("%d shards: shard %d has %d rows of %d", count, index, sum, rows)
			}
		}
		if next != len(parts) {
			t.Errorf("%d shards have %d parts", count, next)
		}
	}
}

// TestShardsGiveTheSameBytesAsOneProcess, one after the other and all at once.
func TestShardsGiveTheSameBytesAsOneProcess(t *testing.T) {
	whole := local(t)
	whole.put(t, "input/a.parquet", demo.Generate(900, 1), 100)
	mustRun(t, whole.job())
	for _, count := range []int{2, 3, 7} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d shards together %v", count, together), func(t *testing.T) {
				p := local(t)
				p.put(t, "input/a.parquet", demo.Generate(900, 1), 100)
				settings := p.job()
				r, err := prepare(t, settings)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.Train(t.Context()); err != nil {
					t.Fatal(err)
				}
				committed := applyShards(t, settings, count, together)
				if committed < 1 || !together && committed != 1 {
					t.Errorf("%d shards committed", committed)
				}
				compare(t, whole, p)
			})
		}
	}
}

// applyShards applies all shards and returns how many of them finished the export.
func applyShards(t *testing.T, settings []string, count int, together bool) (committed int) {
	t.Helper()
	results, errs := make([]Result, count), make([]error, count)
	var wait sync.WaitGroup
	for i := range count {
		r, err := prepare(t, settings)
		if err != nil {
			t.Fatal(err)
		}
		r.SetShard(Shard{i, count})
		work := func() { results[i], errs[i] = r.Apply(t.Context()) }
		if together {
			wait.Go(work)
		} else {
			work()
		}
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Committed != nil && *r.Committed {
			committed++
		}
	}
	return committed
}

func TestShardsDontTrain(t *testing.T) {
	p := local(t)
	p.put(t, "input/a.parquet", demo.Generate(100, 1), 100)
	r, err := prepare(t, p.job())
	if err != nil {
		t.Fatal(err)
	}
	r.SetShard(Shard{0, 2})
	if _, err := r.All(t.Context()); !errors.Is(err, ErrInvalid) {
		t.Errorf("got %v", err)
	}
}
