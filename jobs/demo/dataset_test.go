package demo

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/lacuna-ml/lacuna/jobs/jobfile"
)

func TestDatasetIsTheSameForASeedAndItsRowsStandAlone(t *testing.T) {
	long, short := Generate(500, 7), Generate(200, 7)
	for j := range short.NumCols() {
		head := array.NewSlice(long.Column(int(j)), 0, 200)
		if !array.Equal(head, short.Column(int(j))) {
			t.Errorf("column %s depends on the number of rows", short.ColumnName(int(j)))
		}
	}
	if array.RecordEqual(short, Generate(200, 8)) {
		t.Error("another seed gives the same dataset")
	}
}

// TestDatasetIsAsDescribed allows five standard errors of each share.
func TestDatasetIsAsDescribed(t *testing.T) {
	const n = 20_000
	rec := Generate(n, 1)
	counts := map[string]float64{}
	anomalous := 0.0
	for i := range n {
		counts[rec.Column(16).ValueStr(i)]++
		if rec.Column(17).(*array.Boolean).Value(i) {
			anomalous++
		}
	}
	check := func(name string, got, want float64) {
		if math.Abs(got/n-want) > 5*math.Sqrt(want*(1-want)/n) {
			t.Errorf("%s: share %v, want %v", name, got/n, want)
		}
	}
	check("anomalies", anomalous, anomalies)
	for _, s := range segments {
		check(s.name, counts[s.name], s.share)
	}
	for j, name := range []string{"age", "income", "device"} {
		if nulls := rec.Column([]int{2, 3, 6}[j]).NullN(); nulls == 0 || nulls > n/2 {
			t.Errorf("%s has %d nulls", name, nulls)
		}
	}
}

func TestJobFileIsAJobFile(t *testing.T) {
	for _, folder := range []string{"demo", "/tmp/a b", "s3://lake/demo"} {
		if _, err := jobfile.Parse("job.yaml", []byte(JobFile(folder)), nil); err != nil {
			t.Error(err)
		}
	}
}
