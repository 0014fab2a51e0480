package cpu

import (
	"context"
	"sync"
	"sync/atomic"
)

// team runs tasks on a fixed number of workers. Its goroutines live for one call of each, which waits for them.
type team struct {
	workers []*worker
	run     []func() // by worker: takes tasks until none is left; made once, so that a step allocates nothing
	ctx     context.Context
	task    func(w *worker, i int)
	tasks   int64
	next    atomic.Int64
	wait    sync.WaitGroup
}

func newTeam(threads int, newWorker func() *worker) *team {
	t := &team{}
	for range threads {
		w := newWorker()
		t.workers = append(t.workers, w)
		t.run = append(t.run, func() {
			defer t.wait.Done()
			for i := t.next.Add(1) - 1; i < t.tasks && t.ctx.Err() == nil; i = t.next.Add(1) - 1 {
				t.task(w, int(i))
			}
		})
	}
	return t
}

// each calls task for 0 … n−1, in any order on any worker, and waits. It stops between tasks when ctx is done, and
// returns the context's error.
func (t *team) each(ctx context.Context, n int, task func(w *worker, i int)) error {
	t.ctx, t.task, t.tasks = ctx, task, int64(n)
	t.next.Store(0)
	t.wait.Add(len(t.run))
	for _, run := range t.run[1:] {
		go run()
	}
	t.run[0]()
	t.wait.Wait()
	return ctx.Err()
}
