// Package storage is bytes by URI: local paths and s3:// alike. Reads are ranged and pinned to what was listed; writes
// become visible whole or not at all.
//
// It imports nothing of ours. Its one law: nothing half-written is ever visible under its name, and no error or log
// carries a credential.
//
// Read store.go, then file.go and s3.go: one backend each. storagetest is the suite that both pass; s3server starts a
// real S3 server for tests.
package storage
