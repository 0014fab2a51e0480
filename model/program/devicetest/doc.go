// Package devicetest is the suite that every device passes: a test of a device calls Run. It compares results with
// model/reference, and checks what the design promises of every device: the same bytes on any number of threads, rows
// that don't depend on their neighbours, and training that goes down.
//
// It may import model/program and model/reference.
package devicetest
