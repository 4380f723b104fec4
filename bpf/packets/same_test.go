//go:build linux

package packets

import (
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/capture/plan"
)

// both shows frames to the kernel's program and to the one for files.
type both struct {
	t       *testing.T
	p       *Program
	d       *plan.Decider
	shown   int
	shorter int // that were cut
}

func newBoth(t *testing.T) *both {
	l := capture.Live
	return &both{t: t, p: loaded(t, Config{Payloads: l.Payloads, Whole: l.Whole, Head: l.Head}), d: plan.NewDecider(l)}
}

// show skips what BPF_PROG_TEST_RUN does not take: an IP header that is not whole,
// and what does not fit into a page.
func (b *both) show(frame []byte, link capture.LinkType) {
	b.t.Helper()
	program, least := b.p.IPIn, 15
	if link == capture.LinkEthernet {
		program, least = b.p.EtherIn, 54
	}
	if len(frame) < least || len(frame) > 3000 {
		return
	}
	got := len(sent(b.t, b.p, program, frame).bytes)
	if want := b.d.CutBare(frame, uint32(len(frame)), link); got != want {
		b.t.Fatalf("frame %d, %d bytes %.120x: the kernel sends %d, a file would give %d", b.shown, len(frame), frame, got, want)
	}
	b.shown++
	if got < len(frame) {
		b.shorter++
	}
}

// A bundled capture is cut by the kernel as by analyze --plan live.
func TestSameAsFiles(t *testing.T) {
	b := newBoth(t)
	names, err := filepath.Glob("../../pcaps/*/client.pcapng")
	if err != nil || len(names) == 0 {
		t.Fatal("no bundled captures", err)
	}
	for _, name := range names {
		showFile(t, b, name)
	}
	if b.shown < 5_000 || b.shorter < 500 {
		t.Errorf("%d frames shown, %d of them cut", b.shown, b.shorter)
	}
}

func showFile(t *testing.T, b *both, name string) {
	t.Helper()
	const most = 800 // packets: what comes later is as what came before
	r, err := pcapfile.Open(name, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var batch capture.Batch
	for n := 0; n < most; n += len(batch.Packets) {
		err := r.Read(&batch)
		for i := range batch.Packets {
			p := &batch.Packets[i]
			b.show(p.Frame, p.Link)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// seeds are frames of every branch.
func seeds() (frames [][]byte) {
	for _, list := range [][]branch{linkBranches(), ipBranches(), tcpBranches(), udpBranches()} {
		for _, b := range list {
			if len(b.frame) >= 54 {
				frames = append(frames, b.frame)
			}
		}
	}
	return frames
}

// Frames that are wrong here and there are cut the same too.
func TestSameAsFilesWhenDamaged(t *testing.T) {
	b := newBoth(t)
	random := rand.New(rand.NewPCG(1, 2))
	frames := seeds()
	for range 4_000 {
		frame := append([]byte(nil), frames[random.IntN(len(frames))]...)
		for range random.IntN(4) {
			// Where the decisions are: the headers.
			frame[12+random.IntN(min(len(frame)-12, 110))] = byte(random.Uint32())
		}
		if random.IntN(3) == 0 {
			frame = frame[:54+random.IntN(len(frame)-53)]
		}
		b.show(frame, capture.LinkEthernet)
		b.show(frame[14:], capture.LinkRaw)
	}
	if b.shown < 6_000 || b.shorter < b.shown/10 {
		t.Errorf("%d frames shown, %d of them cut", b.shown, b.shorter)
	}
}
