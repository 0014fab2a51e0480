package arrowio

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPartsHaveNoMoreThanTheyNeed: they cover all row groups once, in order, and each but the last has the target and no row group more than it needs.
func TestPartsHaveNoMoreThanTheyNeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, rows := drawGroups(t)
		target := rapid.Int64Range(1, 60).Draw(t, "target")
		parts := PlanParts(groups, target)
		from, first := 0, int64(0)
		for i, p := range parts {
			if p.Index != i || p.From != from || p.FirstRow != first {
				t.Fatalf("part %d is %+v, want it to begin at row group %d, row %d", i, p, from, first)
			}
			counted, last := int64(0), int64(0)
			for _, g := range groups[p.From:p.To] {
				counted, last = counted+g.Rows, g.Rows
			}
			if counted != p.Rows || p.To == p.From && len(groups) > 0 {
				t.Fatalf("part %+v has %d rows", p, counted)
			}
			if i < len(parts)-1 && (p.Rows < target || p.Rows-last >= target) {
				t.Fatalf("part %+v for a target of %d; its last row group has %d", p, target, last)
			}
			from, first = p.To, first+p.Rows
		}
		if from != len(groups) || first != rows {
			t.Fatalf("%d of %d row groups, %d of %d rows", from, len(groups), first, rows)
		}
	})
}

// TestPartsDependOnRowCountsAlone: which files the row groups lie in makes no difference.
func TestPartsDependOnRowCountsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups, _ := drawGroups(t)
		target := rapid.Int64Range(1, 60).Draw(t, "target")
		elsewhere := slices.Clone(groups)
		for i := range elsewhere {
			elsewhere[i].File, elsewhere[i].Index = i, 0
		}
		if !slices.Equal(PlanParts(groups, target), PlanParts(elsewhere, target)) {
			t.Fatal("the parts differ")
		}
	})
}

func drawGroups(t *rapid.T) (groups []RowGroup, rows int64) {
	for i, n := range rapid.SliceOfN(rapid.Int64Range(0, 30), 0, 20).Draw(t, "rows of the row groups") {
		groups = append(groups, RowGroup{Index: i, FirstRow: rows, Rows: n})
		rows += n
	}
	return groups, rows
}

func TestNoRowGroupsGiveOneEmptyPart(t *testing.T) {
	if got := PlanParts(nil, 10); !slices.Equal(got, []Part{{}}) {
		t.Errorf("got %+v", got)
	}
}
