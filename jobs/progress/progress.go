// Package progress shows how far a job is: a bar with rows/s, loss and ETA on a terminal, log lines every few seconds
// elsewhere. It writes to stderr; stdout is left to the result line.
//
// It imports nothing of ours. Its one law: Close leaves no goroutine behind.
package progress

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Mode is how progress is shown.
type Mode int

const (
	Text  Mode = iota // log lines: time=… level=… msg=…
	JSON              // log lines as JSON objects
	Bar               // progress bars, for terminals
	Quiet             // warnings only
)

// Options say how progress is shown.
type Options struct {
	Mode  Mode
	Every time.Duration    // between log lines of a stage; default 5 s
	Now   func() time.Time // the clock; default time.Now
	// Run identifies this run in every log line.
	Run string
}

// Progress shows the stages of one run.
type Progress struct {
	options Options
	log     *slog.Logger
	bars    *mpb.Progress // nil but in mode Bar
	mutex   sync.Mutex
	open    []*mpb.Bar
}

// New starts showing progress on w.
func New(w io.Writer, o Options) *Progress {
	if o.Every <= 0 {
		o.Every = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Progress{options: o}
	var handler slog.Handler = slog.NewTextHandler(w, &slog.HandlerOptions{Level: level(o.Mode)})
	if o.Mode == JSON {
		handler = slog.NewJSONHandler(w, nil)
	}
	if o.Mode == Bar {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithAutoRefresh())
		handler = slog.NewTextHandler(p.bars, &slog.HandlerOptions{Level: slog.LevelWarn})
	}
	p.log = slog.New(handler)
	if o.Run != "" {
		p.log = p.log.With("run", o.Run)
	}
	return p
}

func level(m Mode) slog.Level {
	if m == Quiet {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// Note says what is good to know.
func (p *Progress) Note(text string, args ...any) { p.log.Info(text, args...) }

// Warn says that something needs a look; it is shown even where progress is not.
func (p *Progress) Warn(text string, args ...any) { p.log.Warn(text, args...) }

// Close ends stages that were left open, and waits until everything is shown. No stage may begin after it.
func (p *Progress) Close() {
	if p.bars == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, bar := range p.open {
		bar.Abort(false) // nothing happens to one that is complete
	}
	p.bars.Wait()
}

// Stage is one stage of a run. Its methods may be called from several goroutines.
type Stage struct {
	progress *Progress
	name     string
	unit     string
	bar      *mpb.Bar
	mutex    sync.Mutex
	total    int64 // 0: not known
	count    int64
	began    time.Time
	shown    time.Time
	ended    time.Time // zero while the stage runs
	notes    []any     // key, value, …
}

// Stage begins a stage of so many units, 0 where their number is not known.
func (p *Progress) Stage(name string, total int64, unit string) *Stage {
	now := p.options.Now()
	s := &Stage{progress: p, name: name, unit: unit, total: total, began: now, shown: now}
	if p.bars != nil {
		s.bar = p.bars.AddBar(total,
			mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-9s", name)), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string { return "  " + s.details() })))
		p.mutex.Lock()
		p.open = append(p.open, s.bar)
		p.mutex.Unlock()
	}
	return s
}

// Add counts n more units, and notes pairs of a name and a value to show beside, such as "loss", 0.31.
func (s *Stage) Add(n int64, notes ...any) {
	s.mutex.Lock()
	s.count += n
	if len(notes) > 0 {
		s.notes = notes
	}
	now := s.progress.options.Now()
	due := now.Sub(s.shown) >= s.progress.options.Every
	if due {
		s.shown = now
	}
	s.mutex.Unlock()
	if s.bar != nil {
		s.bar.IncrInt64(n)
	} else if due {
		s.write("running")
	}
}

// Done ends the stage.
func (s *Stage) Done() {
	s.mutex.Lock()
	s.ended = s.progress.options.Now()
	s.mutex.Unlock()
	if s.bar != nil {
		s.bar.SetTotal(-1, true)
		return
	}
	s.write("done")
}

// Abandon ends a stage that failed, without a line of its own: the error says what happened.
func (s *Stage) Abandon() {
	if s.bar != nil {
		s.bar.Abort(false)
	}
}

func (s *Stage) write(state string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	args := []any{"state", state, s.unit, s.count}
	if s.total > 0 {
		args = append(args, "of", s.total)
	}
	args = append(args, "per_second", int64(s.rate()), "seconds", fmt.Sprintf("%.1f", s.seconds()))
	s.progress.log.Log(context.Background(), slog.LevelInfo, s.name, append(args, s.notes...)...)
}

func (s *Stage) seconds() float64 {
	now := s.ended
	if now.IsZero() {
		now = s.progress.options.Now()
	}
	return now.Sub(s.began).Seconds()
}

func (s *Stage) rate() float64 { return float64(s.count) / max(s.seconds(), 1e-3) }

// details is what stands behind a bar: speed, time left and notes.
func (s *Stage) details() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	text := fmt.Sprintf("%.0f %s/s", s.rate(), s.unit)
	if left := s.total - s.count; s.total > 0 && s.count > 0 && left > 0 {
		text += "  " + time.Duration(float64(left)/s.rate()*float64(time.Second)).Round(time.Second).String() + " left"
	}
	for i := 0; i+1 < len(s.notes); i += 2 {
		text += fmt.Sprintf("  %v %v", s.notes[i], s.notes[i+1])
	}
	return text
}
