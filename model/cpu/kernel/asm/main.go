// Which family to write.

package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	family := flag.String("family", "", "what to write: adamw, gelu, layernorm, multiply, outer, pack, peak, softmax or vector")
	flag.Parse()
	families := map[string]func(){
		"adamw":     adamW,
		"gelu":      gelu,
		"layernorm": layerNorm,
		"multiply":  multiply,
		"outer":     outer,
		"pack":      pack,
		"peak":      peak,
		"softmax":   softmax,
		"vector":    vector,
	}
	write, ok := families[*family]
	if !ok {
		log.Fatalf("asm: no family %q", *family)
	}
	ConstraintExpr("!purego")
	write()
	Generate()
}
