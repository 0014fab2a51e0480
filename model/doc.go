// Package model is the masked autoencoder: rows become tokens; some are hidden; the encoder sees the visible ones only;
// the decoder gets them back with mask tokens and rebuilds the rest; the loss counts hidden tokens only.
//
// A kind (tabular.go, standard.go; the table is in kind.go) says how an arrow.Record becomes samples, what its programs
// are, and how a prediction becomes Arrow again. Everything else is shared: masks (mask.go), batches (batch.go),
// training (train.go, schedule.go), what a model directory holds (store.go, weights.go), and applying it (apply.go).
//
// It may import model/profile, model/random, model/program and, in tests, devices; a device comes in through
// program.Device. It never touches files or S3. Its one law: a row's result depends on the row, its position, the model
// and the seed alone; never on its neighbours, the chunk it came in, or the number of threads.
//
// Read kind.go, then tabular.go, then train.go.
package model
