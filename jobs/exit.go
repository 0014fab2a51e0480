// Exit codes, from the types of errors: the one place where it is decided whether a retry may help. The retry rules of
// AWS Batch and Airflow in docs/operations.md mirror it.

package jobs

import (
	"context"
	"errors"

	"github.com/lacuna-ml/lacuna/arrowio"
	"github.com/lacuna-ml/lacuna/arrowio/parquetio"
	"github.com/lacuna-ml/lacuna/arrowio/storage"
	"github.com/lacuna-ml/lacuna/jobs/jobfile"
	"github.com/lacuna-ml/lacuna/model"
)

// Exit codes.
const (
	ExitDone        = 0
	ExitRetryable   = 1 // failed, and a retry may help: network, throttling, storage, or a cause nobody foresaw
	ExitInvalid     = 2 // the job file, the schema, the data or the permissions are wrong: a retry won't help
	ExitInterrupted = 3 // stopped by a signal; what was done is kept, run it again
)

// ErrInvalid marks an error of the job or the data that has no type of its own.
var ErrInvalid = errors.New("the job can't run")

// invalid are the errors that a retry can't mend.
var invalid = []error{
	ErrInvalid,
	arrowio.ErrNoFiles, arrowio.ErrSchema, arrowio.ErrColumn, arrowio.ErrOutputExists,
	parquetio.ErrNotParquet, parquetio.ErrCorrupt, parquetio.ErrUnsupported,
	model.ErrNoColumns, model.ErrColumns, model.ErrModel, model.ErrDiverged,
	storage.ErrNotFound, storage.ErrNoBucket, storage.ErrInvalid, storage.ErrDenied, storage.ErrChanged, storage.ErrTooLarge, storage.ErrExists,
}

// ExitCode is the exit code for the error that ended a run.
func ExitCode(err error) int {
	var jobFile *jobfile.Error
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, storage.ErrUnavailable):
		return ExitRetryable
	case errors.As(err, &jobFile):
		return ExitInvalid
	}
	for _, kind := range invalid {
		if errors.Is(err, kind) {
			return ExitInvalid
		}
	}
	return ExitRetryable
}
