package usc

import (
	"compress/gzip"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/internal/corpora"
)

// TestBars runs the whole engine over the router's captures, as taken at the
// server and as a tap at the client would have seen them.
func TestBars(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes of decompression")
	}
	r, err := Of(corpora.Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	page, _, _ := strings.Cut(r.Markdown(), "\n| view |")
	t.Log("\n" + page)
	for _, b := range r.Broken() {
		t.Error(b)
	}
	if n := r.Innocent(Server).Of; n != 28 {
		t.Errorf("%d captures of shapers and random loss, the set has 28", n)
	}
}

func TestVerdictsOfThePublishedDetector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.csv.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	_, _ = z.Write([]byte("a.filtered,0,0,b2a,1803,421,False,[code 5, null, null],False,[code 5, null, null]\n" +
		"a.filtered,0,1,b2a,1480,98,True,[code 0, 476680 bps, 173760 bytes burst],True,[code 0, 476975 bps, 173760 bytes burst]\n" +
		"a.filtered,0,2,b2a,1480,98,False,[code 1, null, null],True,[code 0, 476975 bps, 173760 bytes burst]\n" +
		"a.filtered,0,3,b2a,1400,14,False,[code 1, null, null],False,[code 1, null, null]\n"))
	if z.Close() != nil || f.Close() != nil {
		t.Fatal("not written")
	}
	got, err := verdicts(path)
	if err != nil || got["a"].Lossy != 3 || got["a"].Policed != 2 || len(got["a"].Rates) != 1 || got["a"].Rates[0] != 476680 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAtClient: a lost packet is not seen and its retransmission is, data comes
// with the acknowledgement that tells of it, and so does the SYN/ACK.
func TestAtClient(t *testing.T) {
	const ms = 1_000_000
	up := capture.Key{Src: netip.MustParseAddr("10.0.0.2").As16(), Dst: netip.MustParseAddr("192.0.2.7").As16(), SrcPort: 5000, DstPort: 443, Proto: capture.ProtoTCP}
	packet := func(at int64, k capture.Key, flags uint16, seq, ack uint32, n uint32) capture.Packet {
		return capture.Packet{Time: at * ms, Key: k, Flags: flags, Seq: seq, Ack: ack, PayloadLen: n,
			Has: capture.Decoded | capture.HasIP | capture.HasPorts | capture.HasTCP}
	}
	down := up.Reverse()
	sack := packet(203, up, capture.ACK, 10, 1100, 0)
	sack.Has |= capture.HasSACK
	sack.NSACK, sack.SACK[0] = 1, [2]uint32{2100, 3100}
	in := []capture.Packet{
		packet(0, up, capture.SYN, 9, 0, 0),
		packet(0, down, capture.SYN|capture.ACK, 99, 10, 0),
		packet(100, up, capture.ACK, 10, 100, 0),
		packet(101, down, capture.ACK, 100, 10, 1000),
		packet(102, down, capture.ACK, 1100, 10, 1000), // lost
		packet(103, down, capture.ACK, 2100, 10, 1000),
		packet(150, down, capture.ACK, 3100, 10, 0), // no data: a round trip later
		packet(201, up, capture.ACK, 10, 1100, 0),
		sack,
		packet(204, down, capture.ACK, 1100, 10, 1000),
		packet(304, up, capture.ACK, 10, 3100, 0),
	}
	type seen struct {
		at  int64
		seq uint32
		n   uint32
	}
	var got []seen
	for i, p := range AtClient(in) {
		if p.Num != uint64(i+1) {
			t.Errorf("packet %d has number %d", i+1, p.Num)
		}
		if p.Key.SrcPort == 443 {
			got = append(got, seen{p.Time / ms, p.Seq, p.PayloadLen})
		}
	}
	want := []seen{{100, 99, 0}, {201, 100, 1000}, {203, 2100, 1000}, {250, 3100, 0}, {304, 1100, 1000}}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got[i], want[i])
		}
	}
}
