// Package jobfile is the job file: its Go types, which are also its documentation and its JSON Schema; strict YAML, in
// which every mistake is an error with file, line and the nearest right name; --set; and hashes of what a job computes.
//
// It may import model for architectures and readings. Its one law: everything is checked here, once; who has a Job may
// trust its values.
//
// Read job.go, then decode.go and validate.go.
package jobfile
