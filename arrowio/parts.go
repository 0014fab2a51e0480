package arrowio

// Part is a run of whole row groups that becomes one file of an export.
type Part struct {
	Index          int
	From, To       int // row groups
	FirstRow, Rows int64
}

// PlanParts cuts row groups into parts of at least target rows each, but for the last. It depends on the dataset and
// the target alone, so that every run and every shard cuts alike. A dataset without rows gives one empty part, so that
// its export has a file with the schema.
func PlanParts(groups []RowGroup, target int64) []Part {
	parts := []Part{{}}
	for i, g := range groups {
		last := &parts[len(parts)-1]
		if last.Rows >= target {
			parts = append(parts, Part{Index: len(parts), From: i, FirstRow: g.FirstRow})
			last = &parts[len(parts)-1]
		}
		last.To, last.Rows = i+1, last.Rows+g.Rows
	}
	return parts
}
