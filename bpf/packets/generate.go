package packets

//go:generate go tool -modfile=../../tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -tags linux -no-global-types -cflags "-O2 -g -Wall -Werror -mcpu=v3 -nostdinc -I../headers" object packets.bpf.c
