// Package random is the one source of random numbers: the counter-based generator Philox4x32-10, keyed by (seed, purpose,
// index). A number depends on nothing else, so results don't depend on order, chunks, threads or devices.
//
// The key is the seed (low word first). The 128-bit counter is, from its lowest word: the block number within the
// stream, the purpose, and the index (low word first). This layout is a promise: changing it changes every model.
//
// It imports nothing of ours. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
package random
