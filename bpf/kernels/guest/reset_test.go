//go:build linux

package guest

import (
	"cmp"
	"slices"
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

// The two connections of the story that are played, by the client's port: the hello
// of one draws a reset that does not come from the server, the other is left alone,
// is longer than what is captured whole, and ends in resets of the client's own.
const struck, spared = 52077, 52019

// stretch is how many times slower than it was it is played: the machine is not
// exact to the millisecond.
const stretch = 4

// TestInjectedReset plays them on the cable, with the engine at near's end.
func TestInjectedReset(t *testing.T) {
	c := lay(t)
	frames := scene(t, struck, spared)
	s := capturing(t, c, live.Auto)
	defer s.Close()
	var found findings
	var stats classify.Stats
	ran := make(chan error, 1)
	go func() {
		end := &upTo{Source: s, left: len(frames), deadline: time.Now().Add(patience)}
		var err error
		stats, err = classify.Run(t.Context(), end, &found, classify.Options{Memory: 64 << 20, Seed: 1})
		ran <- err
	}()
	play(t, c, frames)
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	t.Logf("%d packets by %s", stats.Packets, s.Backend().Name)
	if stats.Packets != uint64(len(frames)) || len(found) != 1 {
		t.Errorf("of %d packets %d were looked at, and %d things found, not one", len(frames), stats.Packets, len(found))
	}
	for _, f := range found {
		if f.Kind != finding.ResetInjected || f.Verdict != finding.Confirmed || f.Service != "whatsapp" || f.Client == nil || f.Client.Port != struck {
			t.Errorf("found %+v", f)
		}
	}
}

// play sends frames from the ends that they came from.
func play(t *testing.T, c cable, frames []capture.Packet) {
	t.Helper()
	in, out := sender(t, c.far), sender(t, c.near)
	start := time.Now()
	for _, p := range frames {
		time.Sleep(time.Until(start.Add(time.Duration(stretch * p.Time))))
		if p.Key.DstPort == 443 {
			out(p.Frame)
		} else {
			in(p.Frame)
		}
	}
}

// scene reads connections of the story, by the client's ports. They begin at the
// same time, 0.
func scene(t *testing.T, ports ...uint16) (frames []capture.Packet) {
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
	began := map[uint16]int64{}
	var d decode.Decoder
	for _, p := range all {
		d.Decode(&p)
		port := max(p.Key.SrcPort, p.Key.DstPort) // the server's is 443
		if !slices.Contains(ports, port) {
			continue
		}
		if _, ok := began[port]; !ok {
			began[port] = p.Time
		}
		p.Time -= began[port]
		frames = append(frames, p)
	}
	if len(began) != len(ports) {
		t.Fatalf("the story has %d of the connections %v", len(began), ports)
	}
	slices.SortStableFunc(frames, func(a, b capture.Packet) int { return cmp.Compare(a.Time, b.Time) })
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
