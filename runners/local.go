package runners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/lacuna-ml/lacuna/jobs"
	"github.com/lacuna-ml/lacuna/jobs/progress"
)

// Local runs work on this machine.
type Local struct {
	Stdout, Stderr io.Writer
	Quiet          bool
	LogJSON        bool
}

// Work is something to run: a job, or a part of one. It returns what the result line says; nil for nothing.
type Work func(ctx context.Context, p *progress.Progress) (any, error)

// Run runs work until it is done or a signal asks to stop, and returns the exit code. SIGINT and SIGTERM cancel the
// work's context: AWS Batch and Kubernetes send SIGTERM and then wait before they kill. A second signal ends at once.
func (l Local) Run(ctx context.Context, work Work) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	shown := progress.New(l.Stderr, progress.Options{Mode: l.mode()})
	result, err := work(ctx, shown)
	shown.Close()
	if err != nil {
		l.explain(err)
		return jobs.ExitCode(err)
	}
	if result == nil {
		return jobs.ExitDone
	}
	line, err := json.Marshal(result)
	if err == nil {
		_, err = fmt.Fprintf(l.Stdout, "%s\n", line)
	}
	if err != nil {
		l.explain(fmt.Errorf("result: %w", err))
		return jobs.ExitRetryable
	}
	return jobs.ExitDone
}

// explain prints an error, and what a person may do where the error doesn't say it.
func (l Local) explain(err error) {
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(l.Stderr, "lacuna: interrupted; what is finished is kept, run the same command again to continue")
		return
	}
	for _, line := range strings.Split(err.Error(), "\n") {
		fmt.Fprintf(l.Stderr, "lacuna: %s\n", line)
	}
}

func (l Local) mode() progress.Mode {
	file, isFile := l.Stderr.(*os.File)
	switch {
	case l.Quiet:
		return progress.Quiet
	case l.LogJSON:
		return progress.JSON
	case isFile && term.IsTerminal(int(file.Fd())):
		return progress.Bar
	}
	return progress.Text
}
