package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"chokepoint/capture"
)

// sample is a pcap file of n packets, one a millisecond, of 40 to 103 bytes.
func sample(n int) []byte {
	o := binary.LittleEndian
	b := pcapHead(o, magicMicros, 65535, 1)
	for i := range n {
		b = append(b, pcapRecord(o, 1, uint32(i*1000), 1500, fmt.Appendf(nil, "%0*d", 40+i%64, i), 0)...)
	}
	return b
}

// checkSample checks that the first n packets of a sample were read.
func checkSample(t *testing.T, g got, n int) {
	t.Helper()
	if len(g.packets) != n {
		t.Fatalf("%d packets, want %d", len(g.packets), n)
	}
	for i, p := range g.packets {
		if p.Num != uint64(i+1) || string(p.Frame) != fmt.Sprintf("%0*d", 40+i%64, i) || p.Time != nanosPerSecond+int64(i)*1e6 {
			t.Fatalf("packet %d is %d at %d: %q", i+1, p.Num, p.Time, p.Frame)
		}
	}
}

func TestRecordsSurviveEveryWayTheirBytesArrive(t *testing.T) {
	const n = 5000
	file := sample(n)
	for name, r := range map[string]io.Reader{
		"at once":               bytes.NewReader(file),
		"byte by byte":          iotest.OneByteReader(bytes.NewReader(file)),
		"in halves":             iotest.HalfReader(bytes.NewReader(file)),
		"with the end attached": iotest.DataErrReader(bytes.NewReader(file)),
	} {
		t.Run(name, func(t *testing.T) {
			g := readAll(r)
			if g.err != nil {
				t.Error(g.err)
			}
			checkSample(t, g, n)
		})
	}
}

func TestBatchesAreFullAndKeepTheirBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, sample(5000), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var batches []*capture.Batch
	for {
		b := new(capture.Batch)
		if err := r.Read(b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if b.Now != b.Packets[len(b.Packets)-1].Time {
			t.Errorf("now is %d", b.Now)
		}
		batches = append(batches, b)
	}
	var g got
	for i, b := range batches {
		if len(b.Packets) != MaxBatch && i < len(batches)-1 {
			t.Errorf("batch %d of %d has %d packets", i, len(batches), len(b.Packets))
		}
		g.packets = append(g.packets, b.Packets...) // frames are still those of their batch
	}
	checkSample(t, g, 5000)
	if done, total := r.Progress(); done != total || total != int64(len(sample(5000))) {
		t.Errorf("progress is %d of %d", done, total)
	}
	if f := r.Format(); f != "pcap" {
		t.Errorf("format is %q", f)
	}
}

// TestAPipeThatStaysOpenDeliversWhatIsThere writes to a pipe that never ends.
func TestAPipeThatStaysOpenDeliversWhatIsThere(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	file := sample(30)
	rest := file[len(file)-10:]
	go pw.Write(file[:len(file)-10])
	done := make(chan int)
	go func() {
		r, err := New(pr, "pipe", Options{})
		if err != nil {
			t.Error(err)
			close(done)
			return
		}
		var b capture.Batch
		for n := 0; n < 30; n += len(b.Packets) {
			if err := r.Read(&b); err != nil {
				t.Error(err)
			}
			done <- n + len(b.Packets)
		}
		close(done)
	}()
	for n := 0; n < 30; {
		select {
		case n = <-done:
		case <-time.After(10 * time.Second):
			t.Fatalf("%d packets after ten seconds", n)
		}
		if n == 29 {
			go pw.Write(rest)
		}
	}
}

func TestAReaderOfNothingIsGivenUp(t *testing.T) {
	file := io.MultiReader(bytes.NewReader(sample(1)), idle{})
	if g := readAll(file); !errors.Is(g.err, io.ErrNoProgress) || len(g.packets) != 1 {
		t.Errorf("%d packets, error %v", len(g.packets), g.err)
	}
	if g := readAll(idle{}); !errors.Is(g.err, io.ErrNoProgress) {
		t.Errorf("error %v", g.err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestAReadErrorKeepsThePacketsBefore(t *testing.T) {
	broken := errors.New("disk on fire")
	g := readAll(io.MultiReader(bytes.NewReader(sample(100)), iotest.ErrReader(broken)))
	checkSample(t, g, 100)
	if !errors.Is(g.err, broken) || !strings.Contains(g.err.Error(), "read: disk on fire (100 packets read)") {
		t.Errorf("error %v", g.err)
	}
}

func TestErrorsRepeat(t *testing.T) {
	r, err := New(bytes.NewReader(sample(3)[:100]), "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b capture.Batch
	if err := r.Read(&b); err != nil || len(b.Packets) != 1 {
		t.Fatalf("%d packets, %v", len(b.Packets), err)
	}
	first := r.Read(&b)
	if again := r.Read(&b); first != again || len(b.Packets) != 0 {
		t.Errorf("%v, then %v", first, again)
	}
	const want = "x: byte 80: record cut short: file ends after 20 of 57 bytes (1 packets read)"
	if first.Error() != want {
		t.Errorf("%q, want %q", first, want)
	}
}

func TestRefusesWhatIsNoCaptureByName(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"", "file is empty"},
		{"abc", "not a capture file: it starts with 61 62 63"},
		{"hello, world", "not a capture file: it starts with 68 65 6c 6c 6f 2c 20 77"},
		{"\xfd7zXZ\x00abcdef", "xz: decompress first with `xz -dc FILE | chokepoint analyze -`"},
		{"BZh91AY&SY", "bzip2: decompress first with `bzip2 -dc FILE | chokepoint analyze -`"},
		{"snoop\x00\x00\x00\x00\x00\x00\x02", "snoop: convert first with `editcap FILE out.pcapng`"},
		{"GMBU\x00\x02\x00\x00", "Network Monitor 2: convert first with `editcap FILE out.pcapng`"},
	} {
		_, err := New(strings.NewReader(c.content), "x", Options{})
		if want := "x: byte 0: " + c.want + " (0 packets read)"; err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", c.content, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Open(t.TempDir(), Options{}); err == nil {
		t.Error("opens a folder")
	}
}
