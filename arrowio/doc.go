// Package arrowio is the data's way in and out: datasets of Parquet files, local or on S3, as Arrow record batches, and
// exports that appear part by part and are done when _SUCCESS is there.
//
// It may import its own folders: storage (bytes by URI) and parquetio (one Parquet file). It knows nothing of models.
// Its one law: rows come in one order, numbered from 0, whatever batches, shards or threads read them.
//
// Read dataset.go and reader.go for the way in, export.go for the way out.
package arrowio
