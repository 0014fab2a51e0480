// Which family to write.

package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	family := flag.String("family", "", "what to write: activation, adamw, layernorm, multiply, outer, pack or vector")
	flag.Parse()
	families := map[string]func(){
		"activation": activation,
		"adamw":      adamW,
		"layernorm":  layerNorm,
		"multiply":   multiply,
		"outer":      outer,
		"pack":       pack,
		"vector":     vector,
	}
	write, ok := families[*family]
	if !ok {
		log.Fatalf("asm: no family %q", *family)
	}
	ConstraintExpr("!purego")
	write()
	Generate()
}
