// Package jobs is what runs: the stages profile → train → apply → commit → report, the plan, the demo, and the exit codes.
//
// It may import its own folders (jobfile, progress, report, demo), arrowio and model. It doesn't know where it runs: that
// is runners'. Its one law: a stage that is done stays done; running a job again continues, and never begins anew over
// what is there.
//
// Read run.go, then input.go, train.go and apply.go in the order of the data; exit.go decides what a scheduler may retry.
package jobs
