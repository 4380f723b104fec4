//go:build linux

package owner

//go:generate go tool -modfile=../../tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -tags linux -type holding iter owner.bpf.c -- -O2 -Wall -Werror -nostdinc -I../headers
