package pcapfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
)

func gzipped(t testing.TB, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func TestReadsCompressedCaptures(t *testing.T) {
	const n = 3000
	file := sample(n)
	half := len(file) / 2
	skippable := []byte{0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'}
	for name, b := range map[string][]byte{
		"gzip":                    gzipped(t, file),
		"gzip of two members":     join(gzipped(t, file[:half]), gzipped(t, file[half:])),
		"zstd":                    zstandard(t, file),
		"zstd of two frames":      join(zstandard(t, file[:half]), zstandard(t, file[half:])),
		"zstd behind a skippable": join(skippable, zstandard(t, file)),
	} {
		t.Run(name, func(t *testing.T) {
			g := readAll(iotest.HalfReader(bytes.NewReader(b)))
			if g.err != nil {
				t.Error(g.err)
			}
			checkSample(t, g, n)
			r, err := New(bytes.NewReader(b), "x", Options{})
			if err != nil || r.Format() != "pcap in "+name[:4] {
				t.Errorf("format %q, error %v", r.Format(), err)
			}
		})
	}
}

func TestCompressedStreamsCutShortKeepWhatCameBefore(t *testing.T) {
	file := sample(3000)
	for name, b := range map[string][]byte{"gzip": gzipped(t, file), "zstd": zstandard(t, file)} {
		t.Run(name, func(t *testing.T) {
			best := 0
			for n := 1; n < len(b); n += 1 + n/100 {
				g := readAll(bytes.NewReader(b[:n]))
				if g.err == nil || n >= sniffLen && !errors.Is(g.err, ErrTruncated) {
					t.Errorf("cut at %d: error is %v", n, g.err)
				}
				checkSample(t, g, len(g.packets))
				best = max(best, len(g.packets))
			}
			g := readAll(bytes.NewReader(b[:len(b)-1]))
			if best = max(best, len(g.packets)); best == 0 {
				t.Error("not a packet before the cut")
			}
			if !strings.Contains(g.err.Error(), "(decompressed): "+name+" stream ends early: file is truncated") {
				t.Errorf("error is %v", g.err)
			}
		})
	}
}

func TestDamagedCompressionIsAnErrorNotASilence(t *testing.T) {
	file := sample(3000)
	for name, b := range map[string][]byte{"gzip": gzipped(t, file), "zstd": zstandard(t, file)} {
		t.Run(name, func(t *testing.T) {
			b[len(b)-3] ^= 0x55 // in the checksum
			g := readAll(bytes.NewReader(b))
			if g.err == nil || !strings.Contains(g.err.Error(), name+" stream is damaged") {
				t.Errorf("error is %v", g.err)
			}
		})
	}
}

func TestWhatIsInsideCompressionIsToldToo(t *testing.T) {
	for _, c := range []struct {
		inside []byte
		want   string
	}{
		{nil, "inside gzip: file is empty"},
		{[]byte("hello, world"), "inside gzip: not a capture file"},
		{[]byte("\xfd7zXZ\x00abcdef"), "inside gzip: xz: decompress first"},
		{gzipped(t, sample(1)), "compressed twice, with gzip inside gzip"},
		{sample(0)[:20], "file header cut short: file ends after 20 of 24 bytes"},
	} {
		_, err := New(bytes.NewReader(gzipped(t, c.inside)), "x", Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestAWindowIsNotAllocatedBecauseAFrameAsksForIt has frames that ask for more
// history than they have content.
func TestAWindowIsNotAllocatedBecauseAFrameAsksForIt(t *testing.T) {
	frame := func(log byte) []byte { // RFC 8878 section 3.1.1.1.2: 2^(10+log) bytes
		return []byte{0x28, 0xb5, 0x2f, 0xfd, 0, log << 3, 0x21, 0, 0, 'a', 'b', 'c', 'd'}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	g := readAll(bytes.NewReader(frame(13))) // 8 MiB
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes allocated", n)
	}
	if !errors.Is(g.err, ErrNotCapture) && !errors.Is(g.err, ErrTruncated) {
		t.Errorf("error is %v", g.err)
	}
	if g := readAll(bytes.NewReader(frame(20))); g.err == nil || !strings.Contains(g.err.Error(), "needs a window of more than") {
		t.Errorf("error is %v", g.err)
	}
}

// TestACompressedPipeDeliversAtAFlush is ssh with compression in between: what
// was flushed must come out though the stream goes on.
func TestACompressedPipeDeliversAtAFlush(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	go func() {
		z := gzip.NewWriter(pw)
		z.Write(sample(10))
		z.Flush()
	}()
	r, err := New(pr, "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b batchOf
	for len(b.frames) < 10 {
		b.read(t, r)
	}
}
