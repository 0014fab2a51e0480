package parquetio

import (
	"io"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// BenchmarkWriteEmbeddings writes an id and 64 floats a row, on one core.
func BenchmarkWriteEmbeddings(b *testing.B) {
	const rows, width = 8192, 64
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "embedding", Type: arrow.FixedSizeListOfNonNullable(width, arrow.PrimitiveTypes.Float32)},
	}, nil)
	ids, items := array.NewInt64Builder(memory.DefaultAllocator), array.NewFloat32Builder(memory.DefaultAllocator)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		ids.Append(int64(i))
		for range width {
			items.Append(float32(r.NormFloat64()))
		}
	}
	list := array.NewData(schema.Field(1).Type, rows, []*memory.Buffer{nil}, []arrow.ArrayData{items.NewArray().Data()}, 0, 0)
	rec := array.NewRecord(schema, []arrow.Array{ids.NewArray(), array.NewFixedSizeListData(list)}, rows)
	defer rec.Release()
	w, err := NewWriter(io.Discard, schema, WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := w.Write(rec); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
