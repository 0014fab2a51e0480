package model

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawStates makes a row with any mix of visible and absent tokens.
func drawStates(t *rapid.T) []State {
	return rapid.SliceOfN(rapid.SampledFrom([]State{Absent, Visible}), 1, 40).Draw(t, "states")
}

func masked(m Mask, row int64, states []State) []State {
	states = slices.Clone(states)
	m(row, states, make([]int32, len(states)))
	return states
}

func TestRandomMaskHidesTheRatioOfPresentTokensOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := drawStates(t)
		ratio := rapid.Float64Range(0.01, 0.99).Draw(t, "ratio")
		row, draw := rapid.Int64Range(0, 1<<40).Draw(t, "row"), rapid.IntRange(0, 1<<15).Draw(t, "draw")
		got := masked(RandomMask(rapid.Uint64().Draw(t, "seed"), ratio, draw), row, states)
		present := count(states, Visible)
		want := min(max(int(math.Ceil((1-ratio)*float64(present))), 1), present)
		if count(got, Visible) != want || count(got, Hidden) != present-want || count(got, Absent) != len(states)-present {
			t.Fatalf("of %v, ratio %v leaves %v", states, ratio, got)
		}
	})
}

func TestComplementaryMasksHideEachPresentTokenOnceARound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := drawStates(t)
		groups, round := rapid.IntRange(2, 6).Draw(t, "groups"), rapid.IntRange(0, 9).Draw(t, "round")
		row := rapid.Int64Range(0, 1<<40).Draw(t, "row")
		times := make([]int, len(states))
		for group := range groups {
			got := masked(ComplementaryMask(7, groups, round, group), row, states)
			for i, s := range got {
				if s == Hidden {
					times[i]++
				}
			}
			if n, present := count(got, Hidden), count(states, Visible); n < present/groups || n > (present+groups-1)/groups {
				t.Fatalf("group %d of %d hides %d of %d", group, groups, n, present)
			}
		}
		for i, s := range states {
			if want := count([]State{s}, Visible); times[i] != want {
				t.Fatalf("token %d (%v) was hidden %d times", i, s, times[i])
			}
		}
	})
}

func TestMasksDifferBetweenRowsAndDraws(t *testing.T) {
	states := slices.Repeat([]State{Visible}, 30)
	first := masked(RandomMask(1, 0.5, 1), 5, states)
	for name, other := range map[string][]State{
		"another row":  masked(RandomMask(1, 0.5, 1), 6, states),
		"another draw": masked(RandomMask(1, 0.5, 2), 5, states),
		"another seed": masked(RandomMask(2, 0.5, 1), 5, states),
	} {
		if slices.Equal(first, other) {
			t.Errorf("%s has the same mask", name)
		}
	}
	if !slices.Equal(first, masked(RandomMask(1, 0.5, 1), 5, states)) {
		t.Error("the same row and draw have another mask")
	}
}

// TestRandomMaskHidesEveryTokenEquallyOften: 4,000 rows of 10 tokens, half hidden; six standard errors.
func TestRandomMaskHidesEveryTokenEquallyOften(t *testing.T) {
	times := make([]float64, 10)
	for row := range int64(4000) {
		for i, s := range masked(RandomMask(3, 0.5, 0), row, slices.Repeat([]State{Visible}, 10)) {
			if s == Hidden {
				times[i]++
			}
		}
	}
	for i, n := range times {
		if math.Abs(n-2000) > 6*math.Sqrt(1000) {
			t.Errorf("token %d was hidden %v times of 4000", i, n)
		}
	}
}

func TestAbsentMaskHidesWhatIsAbsent(t *testing.T) {
	got := masked(AbsentMask, 0, []State{Visible, Absent, Visible, Absent})
	if !slices.Equal(got, []State{Visible, Hidden, Visible, Hidden}) {
		t.Errorf("got %v", got)
	}
}
