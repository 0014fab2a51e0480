// Command asm writes the amd64 assembly of model/cpu/kernel, one family of kernels a call:
//
//	go run . -family multiply -out ../multiply_avx2_amd64.s -stubs ../multiply_avx2_amd64.go -pkg kernel
//
// `go generate` in model/cpu/kernel calls it for all of them. It may import avo and nothing of the product. Its one law:
// the same source gives the same bytes. Read main.go, then lanes.go, then multiply.go.
package main
