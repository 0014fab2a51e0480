package jobs

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lacuna-ml/lacuna/jobs/demo"
)

// duckDB asks DuckDB, an independent reader of Parquet, and returns the first row of the answer. The test is skipped
// unless LACUNA_DUCKDB names a folder with its npm package.
func duckDB(t *testing.T, query string) []any {
	t.Helper()
	folder := os.Getenv("LACUNA_DUCKDB")
	if folder == "" {
		t.Skip("DuckDB is not here; set LACUNA_DUCKDB to a folder in which `npm install @duckdb/node-api@1.5.6-r.1` was run")
	}
	const script = `const {DuckDBInstance} = require('@duckdb/node-api');
(async () => {
	const connection = await (await DuckDBInstance.create()).connect();
	const answer = await connection.runAndReadAll(process.argv[1]);
	console.log(JSON.stringify(answer.getRowsJson()[0]));
})()`
	command := exec.CommandContext(t.Context(), "node", "-e", script, query)
	command.Dir = folder
	out, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%s: %v\n%s", query, err, failed.Stderr)
	} else if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var row []any
	if err := json.Unmarshal(out, &row); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return row
}

// TestDuckDBReadsTheExport checks what an analyst sees: rows and ids in the input's order, whole embeddings of which no
// dimension is constant, scores, structs and restored values.
func TestDuckDBReadsTheExport(t *testing.T) {
	p := local(t)
	p.put(t, "input/a.parquet", demo.Generate(900, 1), 300)
	mustRun(t, p.job("apply.part_rows=300"))
	parts, input := filepath.Join(p.root, "export", "part-*.parquet"), filepath.Join(p.root, "input", "*.parquet")
	row := duckDB(t, `select count(*), bool_and(i.customer_id = e.customer_id), min(len(embedding)), max(len(embedding)),
		count(*) filter (embedding is null or list_contains(embedding, null)), count(*) filter (score is null or isnan(score)),
		count(*) filter (restored_age is null), count(*) filter (age is not null and age <> restored_age),
		count(column_scores.age), count(age), typeof(any_value(restored_signed_up))
		from (select *, row_number() over () r from '`+input+`') i join (select *, row_number() over () r from '`+parts+`') e using (r)`)
	for i, want := range []any{"900", true, "32", "32", "0", "0", "0", "0"} {
		if row[i] != want {
			t.Errorf("figure %d is %v, want %v", i, row[i], want)
		}
	}
	if row[8] != row[9] || row[10] != "DATE" {
		t.Errorf("%v scores of %v ages; sign-up dates are restored as %v", row[8], row[9], row[10])
	}
	row = duckDB(t, `select count(*), min(s) > 0 from (select stddev(v) s from (select unnest(embedding) v, generate_subscripts(embedding, 1) d from '`+parts+`') group by d)`)
	if row[0] != "32" || row[1] != true {
		t.Errorf("of %v dimensions, all vary: %v", row[0], row[1])
	}
}
