// Requests that stall: a connection that is open but silent would hang a job for ever.

package storage

import (
	"context"
	"errors"
	"io"
	"time"
)

// errStalled is why a silent request was given up.
var errStalled = errors.New("the server said nothing for too long")

// watchdog cancels a request's context when nothing has come for a while.
type watchdog struct {
	timer  *time.Timer
	after  time.Duration
	cancel context.CancelCauseFunc
}

// watch starts a watchdog over requests made with the context it returns. Whoever starts it stops it.
func watch(ctx context.Context, after time.Duration) (context.Context, *watchdog) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &watchdog{timer: time.AfterFunc(after, func() { cancel(errStalled) }), after: after, cancel: cancel}
}

func (w *watchdog) stop() {
	w.timer.Stop()
	w.cancel(nil)
}

// reader tells the watchdog of every byte that comes.
func (w *watchdog) reader(r io.Reader) io.Reader { return &watchedReader{Reader: r, watchdog: w} }

type watchedReader struct {
	io.Reader
	watchdog *watchdog
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.watchdog.timer.Reset(r.watchdog.after)
	}
	return n, err
}
