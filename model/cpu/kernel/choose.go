// Which set runs on this machine.

package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// variable is the one of the environment that names the set to use instead of the best one.
const variable = "LACUNA_CPU"

// Best returns the fastest set that this machine can run, or the one that LACUNA_CPU names. It fails if that one is
// unknown or can't run here.
func Best() (*Set, error) {
	sets := Available()
	name := os.Getenv(variable)
	if name == "" {
		return sets[len(sets)-1], nil
	}
	for _, s := range sets {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s=%s: this machine has no such kernels; set it to one of %s, or leave it empty for the best",
		variable, name, strings.Join(names(sets), ", "))
}

// Available returns the sets that this machine can run, slowest first.
func Available() []*Set {
	return slices.Concat([]*Set{Portable()}, accelerated())
}

func names(sets []*Set) []string {
	var all []string
	for _, s := range sets {
		all = append(all, s.Name)
	}
	return all
}
