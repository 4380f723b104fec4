package slice

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/cmd/internal/report/packets"
)

// recordings are captures of which every way to interfere has one.
var recordings = []string{
	"whatsapp-reset-race", "telegram-policed", "dns-double-answer", "freeze-after-16k", "whatsapp-denied-and-dropped",
	"recorded/call-relays-telegram", "recorded/capture-gro-policed", "recorded/icmp-prohibited", "recorded/hello-dropped-v6",
}

// cutOf runs over a recording twice.
func cutOf(t *testing.T, name string, hide Hider) (*Slices, []capture.Interface) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("../../../../pcaps", name, "client.pcapng*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v %v", name, found, err)
	}
	open := func() *pcapfile.Reader {
		src, err := pcapfile.Open(found[0], pcapfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		return src
	}
	s := New(hide)
	stats, err := classify.Run(context.Background(), open(), s, classify.Options{})
	if err != nil || s.End(&stats) != nil {
		t.Fatal(err)
	}
	src := open()
	g := packets.NewGather(src, 0, 0, s.Takers()...)
	for b := new(capture.Batch); ; {
		if err := g.Read(b); errors.Is(err, io.EOF) {
			return s, src.Interfaces()
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEverySliceOpensInTsharkWithItsComments: the packets that the evidence names bear
// comments that say so, and no other does.
func TestEverySliceOpensInTsharkWithItsComments(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("REQUIRE_BPF") == "1" { // a machine that has everything
			t.Fatal(err)
		}
		t.Skip("no tshark here")
	}
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			s, ifs := cutOf(t, name, nil)
			dir := t.TempDir()
			if n, err := s.Write(dir, ifs); err != nil || n == 0 || n != len(s.chosen) {
				t.Fatalf("%d slices of %d findings: %v", n, len(s.chosen), err)
			}
			for _, f := range s.chosen[:min(len(s.chosen), 6)] {
				out, err := exec.Command(tshark, "-r", filepath.Join(dir, Name(f)), "-T", "fields", "-e", "frame.packet_id", "-e", "frame.comment").Output()
				if err != nil {
					t.Fatalf("%s: %v", Name(f), err)
				}
				var commented []uint64
				for line := range strings.Lines(string(out)) {
					id, comment, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
					num, err := strconv.ParseUint(id, 0, 64)
					if err != nil {
						t.Fatalf("%q: %v", line, err)
					}
					if comment != "" {
						commented = append(commented, num)
					}
				}
				if want := namesOf(s, f.ID); !slices.Equal(commented, want) || len(want) == 0 {
					t.Errorf("%s %s: comments at %v, evidence names %v", f.ID, f.Kind, commented, want)
				}
				for _, n := range f.Packets[:min(len(f.Packets), 1)] {
					if !slices.Contains(commented, n) && len(f.Flows) <= maxFlows {
						t.Errorf("%s: packet %d, which is what is meant, is not there", f.ID, n)
					}
				}
			}
		})
	}
}

// namesOf are the packets of a finding's flows that its evidence names.
func namesOf(s *Slices, id string) (out []uint64) {
	for _, c := range s.cuts[id] {
		for _, k := range c.kept {
			if len(c.named[k.num]) > 0 {
				out = append(out, k.num)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestASliceIsAsCaptured: every frame of it is one of the capture, byte for byte, and a
// second run gives the same.
func TestASliceIsAsCaptured(t *testing.T) {
	s, ifs := cutOf(t, "whatsapp-reset-race", nil)
	again, _ := cutOf(t, "whatsapp-reset-race", nil)
	src, err := pcapfile.Open("../../../../pcaps/whatsapp-reset-race/client.pcapng", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	frames := map[uint64][]byte{}
	for b := new(capture.Batch); ; {
		err := src.Read(b)
		for _, p := range b.Packets {
			frames[p.Num] = bytes.Clone(p.Frame)
		}
		if err != nil {
			break
		}
	}
	for i, f := range s.chosen {
		list := s.of(f)
		if len(list) < 5 {
			t.Errorf("%s: %d packets", f.ID, len(list))
		}
		for _, k := range list {
			if !bytes.Equal(k.frame, frames[k.num]) {
				t.Errorf("%s: packet %d differs", f.ID, k.num)
			}
		}
		var one, two bytes.Buffer
		if err := errors.Join(s.write(&one, f, list, ifs), again.write(&two, again.chosen[i], again.of(again.chosen[i]), ifs)); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s: two runs differ, %v", f.ID, err)
		}
	}
}

// hidden is a Hider that leaves nothing.
type hidden struct{}

func (hidden) Packet(*capture.Packet, []byte) []byte { return []byte{0x45} }
func (hidden) Text(string) string                    { return "hidden" }
func (hidden) Nanos(int64) int64                     { return 1 }

// TestWhatIsHiddenGoesThroughTheHider: frames, times and texts, and no interface is named.
func TestWhatIsHiddenGoesThroughTheHider(t *testing.T) {
	s, ifs := cutOf(t, "whatsapp-reset-race", hidden{})
	ifs[0].Name, ifs[0].Filter = "wlan-of-somebody", "host 192.0.2.1"
	for _, f := range s.chosen {
		var b bytes.Buffer
		if err := s.write(&b, f, s.of(f), ifs); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b.Bytes(), []byte("somebody")) || bytes.Contains(b.Bytes(), []byte("192.0.2.1")) || bytes.Contains(b.Bytes(), []byte("reset.")) {
			t.Errorf("%s: %q", f.ID, b.Bytes())
		}
		for _, k := range s.of(f) {
			if k.time != 1 || !bytes.Equal(k.frame, []byte{0x45}) {
				t.Fatalf("packet %d: %d %x", k.num, k.time, k.frame)
			}
		}
	}
}

// TestBounds: of many findings the surest are kept, and of a long flow what is named.
func TestBounds(t *testing.T) {
	c := &cut{named: map[uint64][]string{5000: {"x"}}}
	for n := range uint64(20_000) {
		c.Add(&capture.Packet{Num: n + 1, Frame: make([]byte, 1500)})
	}
	if len(c.kept) != opening+before+1+behind || c.kept[opening].num != 5000-before {
		t.Errorf("%d packets from %d on", len(c.kept), c.kept[opening].num)
	}
	c = &cut{named: map[uint64][]string{}}
	for n := range uint64(20_000) {
		c.named[n+1] = []string{"x"}
	}
	for n := range uint64(3000) {
		c.Add(&capture.Packet{Num: n*7 + 1, Frame: make([]byte, 1500)})
	}
	if n := len(c.kept); n != 2*maxBytes/1500 {
		t.Errorf("%d named packets", n)
	}
}
