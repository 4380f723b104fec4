//go:build linux

package replay

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/plan"
	"chokepoint/pcaps/lab/tap"
)

// session is a rig with its watchers, on which captures are played one after the
// other.
type session struct {
	rig      *Rig
	watchers []*watcher
	decider  *plan.Decider // lives as long as the watchers: so do their flows
}

func newSession(name string) (*session, error) {
	r, err := New(name)
	if err != nil {
		return nil, err
	}
	s := &session{rig: r, decider: plan.NewDecider(capture.Live)}
	for _, b := range backends {
		w, err := watch(r, b)
		if err != nil {
			return nil, err
		}
		s.watchers = append(s.watchers, w)
	}
	return s, nil
}

func (s *session) close(t *testing.T) {
	for _, w := range s.watchers {
		stats, err := w.close()
		if err != nil || stats.Lost+stats.Dropped+stats.Unseen > 0 {
			t.Errorf("%s: %v, %+v", w.name, err, stats)
		}
	}
	if err := s.rig.Close(); err != nil {
		t.Error(err)
	}
}

// compare plays a capture and compares what each watcher delivers, and what comes
// of it, with what was recorded.
func (s *session) compare(t *testing.T, f capturedFile) (sum tally) {
	packets, err := f.load()
	if err != nil {
		t.Errorf("%s: %v", f.name, err)
		return sum
	}
	span := time.Duration(packets[len(packets)-1].Time - packets[0].Time)
	faster := max(1, float64(span)/float64(longest))
	frames, left := Frames(packets, Clients(packets), faster)
	sum.packets, sum.left = len(frames), left
	want, err := s.play(frames)
	if err != nil || len(want) != len(frames) {
		t.Errorf("%s: %d frames sent, %d recorded, %v", f.name, len(frames), len(want), err)
	}
	base, _, _ := told(stretched(want, want, faster))
	for _, w := range s.watchers {
		got := w.take(len(frames))
		if diff := differ(want, got); diff != "" {
			t.Errorf("%s: %s (%+v): %s", f.name, w.name, w.src.Stats(), diff)
			continue
		}
		said, findings, accuse := told(stretched(want, got, faster))
		if said != base {
			t.Errorf("%s: %s says\n%s\nof the recording\n%s", f.name, w.name, firstDifference(said, base), firstDifference(base, said))
		}
		sum.findings, sum.accuse = findings, accuse
	}
	return sum
}

// play plays frames and returns what was recorded of them, cut by the plan.
func (s *session) play(frames []Frame) ([]capture.Packet, error) {
	rec, err := tap.Open(s.rig.Near, Watched)
	if err != nil {
		return nil, err
	}
	played := s.rig.Play(frames)
	c, err := rec.Stop()
	if played != nil || err != nil {
		return nil, fmt.Errorf("%w, %w", played, err)
	}
	var out []capture.Packet
	for i, r := range c.Records {
		n := s.decider.Cut(r.Frame, r.WireLen, capture.LinkEthernet)
		out = append(out, capture.Packet{Num: uint64(i + 1), Time: r.Time, Frame: r.Frame[:n], WireLen: r.WireLen, Link: capture.LinkEthernet})
	}
	return out, nil
}

// differ compares what was delivered with what was recorded.
func differ(want, got []capture.Packet) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d packets, %d recorded", len(got), len(want))
	}
	for i := range want {
		a, b := &want[i], &got[i]
		if a.WireLen != b.WireLen || !bytes.Equal(a.Frame, b.Frame) || b.Num != uint64(i+1) {
			return fmt.Sprintf("packet %d: %d of %d bytes\n%x\nrecorded %d of %d\n%x", b.Num, len(b.Frame), b.WireLen, b.Frame, len(a.Frame), a.WireLen, a.Frame)
		}
	}
	return ""
}
