package pcapfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// sniffLen is how many bytes tell the formats apart. No capture is shorter: a
// pcap header has 24 bytes, an empty gzip member 18, a zstd frame with one
// record more than 30.
const sniffLen = 8

// Magic numbers of pcap in the writer's byte order (draft-ietf-opsawg-pcap
// section 4; the modified one is Alexey Kuznetsov's, as libpcap's sf-pcap.c
// reads it) and the pcapng section header (draft-ietf-opsawg-pcapng section
// 4.1), which reads the same either way.
const (
	magicMicros   = 0xa1b2c3d4
	magicNanos    = 0xa1b23c4d
	magicModified = 0xa1b2cd34
	magicSection  = 0x0a0d0d0a
)

// zstd magics (RFC 8878 section 3.1.1 and, for skippable frames, which pzstd
// puts first, 3.1.2; their lowest four bits are free).
const (
	magicZstd     = 0xfd2fb528
	magicSkip     = 0x184d2a50
	magicSkipMask = 0xfffffff0
)

// kind is what the first bytes of a stream say it is.
type kind uint8

const (
	unknown kind = iota
	pcapKind
	pcapngKind
	gzipKind
	zstdKind
)

// foreign lists formats that are refused by name, with what to do instead.
var foreign = []struct {
	magic, name, advice string
}{
	{"\xfd7zXZ\x00", "xz", "decompress first with `xz -dc FILE | chokepoint analyze -`"},
	{"BZh", "bzip2", "decompress first with `bzip2 -dc FILE | chokepoint analyze -`"},
	{"\x04\x22\x4d\x18", "lz4", "decompress first with `lz4 -dc FILE | chokepoint analyze -`"},
	{"\x1f\x9d", "compress", "decompress first with `uncompress -c FILE | chokepoint analyze -`"},
	{"PK\x03\x04", "zip", "extract the capture first with `unzip FILE`"},
	{"7z\xbc\xaf\x27\x1c", "7z", "extract the capture first with `7z x FILE`"},
	{"snoop\x00\x00\x00", "snoop", "convert first with `editcap FILE out.pcapng`"}, // RFC 1761
	{"btsnoop\x00", "Bluetooth snoop", "it holds no network packets"},
	{"GMBU", "Network Monitor 2", "convert first with `editcap FILE out.pcapng`"},
	{"RTSS", "Network Monitor 1", "convert first with `editcap FILE out.pcapng`"},
	{"XCP\x00", "NetXRay", "convert first with `editcap FILE out.pcapng`"},
	{"TRSNIFF ", "Sniffer", "convert first with `editcap FILE out.pcapng`"},
	{"iptrace ", "AIX iptrace", "convert first with `editcap FILE out.pcapng`"},
}

// ForeignError is a stream of a well-known format that is not read here.
type ForeignError struct {
	Format string // "xz", "snoop", ...
	Advice string // a command that makes it readable
}

// Error names the format and the way out.
func (e *ForeignError) Error() string { return e.Format + ": " + e.Advice }

// Unwrap returns [ErrNotCapture].
func (e *ForeignError) Unwrap() error { return ErrNotCapture }

// identify tells what a stream is by its first bytes.
func identify(head []byte) (kind, error) {
	if len(head) == 0 {
		return unknown, ErrEmpty
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return unknown, &ForeignError{Format: f.name, Advice: f.advice}
		}
	}
	if len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b { // RFC 1952 section 2.3.1
		return gzipKind, nil
	}
	if len(head) >= 4 {
		le, be := binary.LittleEndian.Uint32(head), binary.BigEndian.Uint32(head)
		switch {
		case isPcap(le) || isPcap(be):
			return pcapKind, nil
		case be == magicSection:
			return pcapngKind, nil
		case le == magicZstd || le&magicSkipMask == magicSkip:
			return zstdKind, nil
		}
	}
	return unknown, fmt.Errorf("%w: it starts with % x", ErrNotCapture, head)
}

func isPcap(magic uint32) bool {
	return magic == magicMicros || magic == magicNanos || magic == magicModified
}

// sniff reads and identifies the first bytes of a stream. A clean end before
// sniffLen bytes is no error by itself.
func sniff(r io.Reader) (kind, []byte, error) {
	head := make([]byte, sniffLen)
	n, err := readFull(r, head)
	if err != nil && err != io.EOF {
		return unknown, head[:n], err
	}
	k, cause := identify(head[:n])
	return k, head[:n], cause
}

// readFull is io.ReadFull, except that it returns the stream's own error, so
// that a clean end is told apart from a decompressor's io.ErrUnexpectedEOF.
func readFull(r io.Reader, b []byte) (n int, err error) {
	for idle := 0; n < len(b) && err == nil; idle++ {
		var k int
		if k, err = r.Read(b[n:]); k > 0 {
			n, idle = n+k, 0
		}
		if idle == maxIdle {
			return n, io.ErrNoProgress
		}
	}
	if n == len(b) {
		return n, nil
	}
	return n, err
}
