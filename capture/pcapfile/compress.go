package pcapfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// compressedChunk is how much a decompressor asks of the file at once; more
	// than 64 KiB a system call gains nothing measurable.
	compressedChunk = 64 << 10
	// maxWindow bounds the history a zstd frame may ask for. RFC 8878 section
	// 3.1.1.1.2 recommends that decoders support 8 MiB, which is all that levels
	// up to 19 use.
	maxWindow = 8 << 20
)

// decompress returns a reader of what is inside a compressed stream whose first
// bytes were read already, and how to release it.
func decompress(k kind, head []byte, r io.Reader) (io.Reader, func(), error) {
	r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(head), r), compressedChunk)
	if k == gzipKind {
		z, err := gzip.NewReader(r) // reads all members, RFC 1952 section 2.2
		return z, func() {}, err
	}
	// One goroutine: the decoder then works inside Read and leaves nothing behind.
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, func() {}, err
	}
	return z, z.Close, nil
}

// String returns the name used in messages.
func (k kind) String() string {
	return [...]string{"unknown", "pcap", "pcapng", "gzip", "zstd"}[k]
}

// streamError words what a stream returned instead of bytes; outer says what it
// was compressed with, if it was.
func streamError(outer kind, err error) error {
	switch {
	case outer != gzipKind && outer != zstdKind:
		return fmt.Errorf("read: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("%v stream ends early: %w", outer, ErrTruncated)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("zstd: needs a window of more than %d MiB: decompress first with `zstd -dc --long=31 FILE | chokepoint analyze -`", maxWindow>>20)
	}
	return fmt.Errorf("%v stream is damaged: %w", outer, err)
}
