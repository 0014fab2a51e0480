// Which families there are, and their files.

package main

import (
	"log"
	"os"
)

func main() {
	for name, text := range files() {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			log.Fatalf("neon: %v", err)
		}
	}
}

// families are the functions of each file.
var families = map[string]func() []*function{
	"adamw":     adamW,
	"gelu":      gelu,
	"layernorm": layerNorm,
	"multiply":  multiply,
	"outer":     outer,
	"peak":      peak,
	"softmax":   softmax,
	"vector":    vectors,
}

// files is what is written, by name.
func files() map[string][]byte {
	all := map[string][]byte{}
	for name, family := range families {
		functions := family()
		all[name+"_arm64.s"] = assembly(functions)
		all[name+"_arm64.go"] = declarations(functions)
	}
	return all
}
