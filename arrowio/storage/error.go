package storage

import (
	"errors"
	"fmt"
)

// Error is a failed operation on an object.
type Error struct {
	Op   string // what was being done: "read", "list", …
	URI  string
	Kind error // one of the sentinels below
	Err  error // the cause, nil where the kind says it all
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s %s: %v", e.Op, e.URI, e.Kind)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap makes errors.Is work with kinds, and with context errors among causes.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// The kinds of errors. Whether to try again is decided by them.
var (
	ErrNotFound    = errors.New("not found")
	ErrNoBucket    = errors.New("no such bucket (check the name and the region)")
	ErrDenied      = errors.New("access denied (check the credentials, and the bucket's policy or the file's permissions)")
	ErrExpired     = errors.New("the credentials have expired (run it again with new ones)")
	ErrChanged     = errors.New("changed since the job began (run it again on the new data)")
	ErrExists      = errors.New("exists already")
	ErrUnavailable = errors.New("storage is unavailable (a retry may help)")
	ErrInvalid     = errors.New("not a path or an s3://bucket/key URI")
	ErrTooLarge    = errors.New("larger than such a file can be")
)
