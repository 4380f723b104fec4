//go:build linux

package guest

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/decode"
	"chokepoint/capture/live"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// scene is one connection of the story: its hello draws a reset that does not come
// from the server.
var scene = struct {
	client  netip.AddrPort
	stretch int64 // the machine is not exact to the millisecond
}{netip.MustParseAddrPort("192.168.1.23:52077"), 8}

// TestInjectedReset plays the scene on the cable, with the engine at near's end.
func TestInjectedReset(t *testing.T) {
	c := lay(t)
	frames := scenes(t)
	s := capturing(t, c, live.Auto)
	defer s.Close()
	in, out := sender(t, c.far), sender(t, c.near)

	var played sync.WaitGroup
	played.Go(func() {
		start := time.Now()
		for _, p := range frames {
			time.Sleep(time.Until(start.Add(time.Duration(scene.stretch * (p.Time - frames[0].Time)))))
			if p.Key.SrcAddr() == scene.client.Addr() {
				out(p.Frame)
			} else {
				in(p.Frame)
			}
		}
	})
	var found findings
	end := &upTo{Source: s, left: len(frames), deadline: time.Now().Add(patience)}
	stats, err := classify.Run(t.Context(), end, &found, classify.Options{Memory: 64 << 20, Seed: 1})
	played.Wait()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packets of %d by %s", stats.Packets, len(frames), s.Backend().Name)
	if len(found) != 1 {
		t.Fatalf("found %+v, want one thing", found)
	}
	for _, f := range found {
		if f.Kind != "reset.injected" || f.Verdict != "confirmed" || f.Service != "whatsapp" || !strings.Contains(f.Summary, "157.240.205.60") {
			t.Errorf("found %s %s of %s: %s", f.Verdict, f.Kind, f.Service, f.Summary)
		}
	}
}

// scenes reads the frames of the scene.
func scenes(t *testing.T) (frames []capture.Packet) {
	t.Helper()
	file, err := pcapfile.Open("/story.pcapng", pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, _, err := capturetest.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var d decode.Decoder
	for _, p := range all {
		d.Decode(&p)
		src, dst := netip.AddrPortFrom(p.Key.SrcAddr(), p.Key.SrcPort), netip.AddrPortFrom(p.Key.DstAddr(), p.Key.DstPort)
		if src == scene.client || dst == scene.client {
			frames = append(frames, p)
		}
	}
	if len(frames) != 13 {
		t.Fatalf("the scene has %d packets", len(frames))
	}
	return frames
}

// findings are the last revisions by id.
type findings map[string]finding.Finding

func (fs *findings) Finding(f *finding.Finding) error {
	if *fs == nil {
		*fs = findings{}
	}
	(*fs)[f.ID] = *f
	return nil
}

func (*findings) Flow(*fact.Flow, []string) error { return nil }

func (*findings) Service(*answer.Service) error { return nil }
