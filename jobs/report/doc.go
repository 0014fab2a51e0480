// Package report makes report.html from plain data: one file, no scripts, nothing loaded from elsewhere. It works in
// light and dark, on paper, and without JavaScript.
//
// It imports nothing of ours. Its one law: whatever text the data holds, html/template escapes it.
//
// Read data.go, then report.html and the charts beside it.
package report
