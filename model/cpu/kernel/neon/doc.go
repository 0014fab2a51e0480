// Command neon writes the arm64 assembly of model/cpu/kernel into the working directory, with the Go declarations
// beside it. `go generate` in model/cpu/kernel calls it.
//
// Go's assembler knows few of arm64's instructions on vectors of floats, so every one of them is encoded here, and
// stands in the assembly as a word with its name beside it. What is done with whole numbers is Go's assembly.
//
// It may import the standard library only. Its one law: the same source gives the same bytes, and every word is the
// instruction that its comment says: a test holds both. Read main.go, then function.go, instructions.go, loops.go, and
// vector.go as the first of the families.
package main
