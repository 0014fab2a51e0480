package jobs

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
)

func TestExitCodes(t *testing.T) {
	_, badJob := jobfile.Parse("job.yaml", nil, nil)
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, ExitDone},
		{badJob, ExitInvalid},
		{fmt.Errorf("input x: %w", arrowio.ErrNoFiles), ExitInvalid},
		{fmt.Errorf("input x: column y: %w: damaged", parquetio.ErrCorrupt), ExitInvalid},
		{&storage.Error{Op: "read", URI: "s3://lake/a", Kind: storage.ErrDenied}, ExitInvalid},
		{&storage.Error{Op: "read", URI: "s3://lake/a", Kind: storage.ErrNoBucket}, ExitInvalid},
		{&storage.Error{Op: "read", URI: "s3://lake/a", Kind: storage.ErrNotFound}, ExitInvalid},
		{&storage.Error{Op: "read", URI: "s3://lake/a", Kind: storage.ErrUnavailable}, ExitRetryable},
		{&storage.Error{Op: "read", URI: "s3://lake/a", Kind: storage.ErrUnavailable, Err: context.Canceled}, ExitInterrupted},
		{fmt.Errorf("epoch 3: %w", context.Canceled), ExitInterrupted},
		{errors.New("no space left on device"), ExitRetryable},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
