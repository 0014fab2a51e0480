// Package runners is where jobs run. In this version that is this machine: signals, progress on stderr, the result line
// on stdout, and the exit code. AWS Batch, Kubernetes and Airflow come as files of their own.
//
// It may import jobs and what is below. Its one law: the last line on stdout is the result, and the exit code says
// whether a retry may help.
package runners

// Read local.go.
