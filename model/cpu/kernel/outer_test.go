//go:build unix

package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestAddOuterAddsTheSumOfOuterProducts(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, mem *memory, r *rand.Rand) {
		l, k, n := size(t, "l", 70), size(t, "k", 40), size(t, "n", 50)
		dw, x, dy := mem.plain(r, k*n), mem.random(r, l*k), mem.random(r, l*n)
		before := mem.clone(dw)
		s.AddOuter(dw, x, dy, l, k, n)
		for at := range dw {
			i, j := at/n, at%n
			v, terms := float64(before[at]), math.Abs(float64(before[at]))
			for row := range l {
				term := float64(x[row*k+i]) * float64(dy[row*n+j])
				v, terms = v+term, terms+math.Abs(term)
			}
			near(t, "dw", at, dw[at], v, float64(l+1)*unit*terms)
		}
		i, j := r.IntN(k), r.IntN(n)
		alone := mem.clone(before[i*n+j : i*n+j+1])
		s.AddOuter(alone, mem.column(x, i, l, k), mem.column(dy, j, l, n), l, 1, 1)
		same(t, "an entry on its own", dw[i*n+j:i*n+j+1], alone)
	})
}

func TestAddColumnSumsAddsEachColumn(t *testing.T) {
	check(t, func(t *rapid.T, s *Set, mem *memory, r *rand.Rand) {
		l, n := size(t, "l", 70), size(t, "n", 90)
		db, dy := mem.plain(r, n), mem.random(r, l*n)
		before := mem.clone(db)
		s.AddColumnSums(db, dy, l, n)
		for j := range db {
			v, terms := float64(before[j]), math.Abs(float64(before[j]))
			for i := range l {
				v, terms = v+float64(dy[i*n+j]), terms+math.Abs(float64(dy[i*n+j]))
			}
			near(t, "db", j, db[j], v, float64(l+1)*unit*terms)
		}
		j := r.IntN(n)
		alone := mem.clone(before[j : j+1])
		s.AddColumnSums(alone, mem.column(dy, j, l, n), l, 1)
		same(t, "a column on its own", db[j:j+1], alone)
	})
}
