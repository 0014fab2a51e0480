// How the assembly is made.

package kernel

//go:generate go run -C asm . -family adamw -out ../adamw_amd64.s -stubs ../adamw_amd64.go -pkg kernel
//go:generate go run -C asm . -family gelu -out ../gelu_amd64.s -stubs ../gelu_amd64.go -pkg kernel
//go:generate go run -C asm . -family layernorm -out ../layernorm_amd64.s -stubs ../layernorm_amd64.go -pkg kernel
//go:generate go run -C asm . -family multiply -out ../multiply_amd64.s -stubs ../multiply_amd64.go -pkg kernel
//go:generate go run -C asm . -family outer -out ../outer_amd64.s -stubs ../outer_amd64.go -pkg kernel
//go:generate go run -C asm . -family pack -out ../pack_amd64.s -stubs ../pack_amd64.go -pkg kernel
//go:generate go run -C asm . -family peak -out ../peak_amd64.s -stubs ../peak_amd64.go -pkg kernel
//go:generate go run -C asm . -family softmax -out ../softmax_amd64.s -stubs ../softmax_amd64.go -pkg kernel
//go:generate go run -C asm . -family vector -out ../vector_amd64.s -stubs ../vector_amd64.go -pkg kernel
//go:generate go run ./neon
