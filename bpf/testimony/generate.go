//go:build linux

package testimony

//go:generate go tool -modfile=../../tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -tags linux -type topic -type event -type tally facts testimony.bpf.c -- -O2 -Wall -Werror -nostdinc -I../headers
