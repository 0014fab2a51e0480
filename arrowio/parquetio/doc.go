// Package parquetio is one Parquet file as Arrow records, both ways. parquet-go decodes and encodes pages; their values go
// straight into and out of Arrow's buffers, column by column, page by page.
//
// It imports nothing of ours: a file comes as an io.ReaderAt and goes to an io.Writer. Its one law: whatever bytes a file
// holds, reading it ends with records or with an error that names the column; never with a panic.
//
// Read file.go, then reader.go and leaf.go; types.go holds the mapping of types, writer.go the way back.
package parquetio
