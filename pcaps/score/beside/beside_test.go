package beside

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
	"chokepoint/capture/pcapfile"
	"chokepoint/pcaps"
	"chokepoint/pcaps/score"
)

const clientFile = "client.pcapng"

// watched is a bundled case as live capture would have delivered it, change made to
// its packets.
func watched(t *testing.T, name string, change func([]capture.Packet) []capture.Packet) *Case {
	t.Helper()
	all, err := pcaps.Cases()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c pcaps.Case) bool { return c.Name == name })
	file, _ := all[i].File(clientFile)
	src, err := pcapfile.New(bytes.NewReader(file), clientFile, pcapfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	recorded, _, err := capturetest.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	seen, _, err := capturetest.Load(planned(recorded))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		seen = change(decoded(seen))
	}
	s := Side{File: clientFile, Recorded: recorded}
	for len(seen) > 0 {
		n := min(7, len(seen))
		s.Live = append(s.Live, capture.Batch{Packets: seen[:n], Now: seen[n-1].Time}, capture.Batch{Now: seen[n-1].Time + 1})
		seen = seen[n:]
	}
	return &Case{Name: name, Truth: &all[i].Truth, Sides: []Side{s}}
}

func reported(t *testing.T, c *Case) *Report {
	t.Helper()
	r := &Report{}
	if err := r.Add(c); err != nil {
		t.Fatal(err)
	}
	return r
}

func floors(t *testing.T) *score.Floors {
	t.Helper()
	f, err := score.Standing()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTheSamePacketsSayTheSame, and what they say is found.
func TestTheSamePacketsSayTheSame(t *testing.T) {
	for _, name := range []string{"whatsapp-reset-race", "telegram-policed", "everything-works", "dns-double-answer"} {
		r := reported(t, watched(t, name, nil))
		if len(r.Differences)+len(r.Faults)+len(r.Broken(floors(t))) > 0 || r.Frames != r.Packets || r.Alike == 0 || r.Merged+r.Gathered > 0 {
			t.Errorf("%s: %v %v %+v", name, r.Differences, r.Broken(floors(t)), r)
		}
		j := r.Judged[clientFile]
		if !slices.EqualFunc(j.Plan, j.Live, func(a, b score.Judgement) bool { return slices.Equal(outcomes(&a), outcomes(&b)) }) {
			t.Errorf("%s: judged otherwise", name)
		}
	}
}

func outcomes(j *score.Judgement) (out []score.Outcome) {
	for _, w := range j.Wants {
		out = append(out, w.Outcome)
	}
	return out
}

func isReset(p *capture.Packet) bool { return p.Flags&capture.RST != 0 }

// TestLostPacketsAreNotExplained: resets that live capture has not make a difference
// that accuses, and a fault.
func TestLostPacketsAreNotExplained(t *testing.T) {
	r := reported(t, watched(t, "whatsapp-reset-race", func(p []capture.Packet) []capture.Packet {
		return slices.DeleteFunc(p, func(p capture.Packet) bool { return isReset(&p) })
	}))
	broken := strings.Join(r.Broken(floors(t)), "\n")
	if len(r.Unexplained()) == 0 || !strings.Contains(broken, "UNEXPLAINED") || !strings.Contains(broken, "packets only recorded") {
		t.Errorf("%v\n%s", r.Differences, broken)
	}
	if text := r.Markdown(); !strings.Contains(text, "UNEXPLAINED") || !strings.Contains(text, "| reset.injected | ") {
		t.Error(text)
	}
}

// TestInventedPacketsAreFaults: of which nothing was recorded.
func TestInventedPacketsAreFaults(t *testing.T) {
	r := reported(t, watched(t, "everything-works", func(p []capture.Packet) []capture.Packet {
		return slices.Insert(p, 100, p[99])
	}))
	if len(r.Faults) != 1 || !strings.Contains(r.Faults[0], "1 of") || !strings.Contains(r.Faults[0], "packets only live") {
		t.Error(r.Faults)
	}
}

// TestTheEndOfTheRecordingIsTheEnd: what came live after it is no matter.
func TestTheEndOfTheRecordingIsTheEnd(t *testing.T) {
	c := watched(t, "everything-works", nil)
	s := &c.Sides[0]
	late := s.Recorded[len(s.Recorded)-1]
	late.Time += 5e6
	late.Frame = slices.Clone(late.Frame)
	late.Frame[23] = 99 // another protocol
	s.Live = append(s.Live, capture.Batch{Packets: []capture.Packet{late}, Now: late.Time})
	if r := reported(t, c); len(r.Faults)+len(r.Differences) > 0 {
		t.Error(r.Faults, r.Differences)
	}
}

// TestTestimonyExplains: the kernel says that it sent the resets itself.
func TestTestimonyExplains(t *testing.T) {
	c := watched(t, "whatsapp-reset-race", nil)
	s := &c.Sides[0]
	for i := range s.Live {
		for k := range decoded(s.Live[i].Packets) {
			if p := &s.Live[i].Packets[k]; isReset(p) {
				s.Live[i].Notes = append(s.Live[i].Notes, capture.Note{Kind: capture.NoteResetSent, Time: p.Time, Key: p.Key, Count: 1, Reason: "NOT_SPECIFIED"})
			}
		}
	}
	r := reported(t, c)
	if len(r.Differences) == 0 || len(r.Unexplained()) > 0 {
		t.Fatal(r.Differences)
	}
	for _, d := range r.Differences {
		if !strings.HasPrefix(d.Why, "the kernel testified: ") || strings.Contains(d.Why, "clocks") {
			t.Error(d.String())
		}
	}
	if d := r.Differences[0]; !strings.Contains(d.Why, "sent a reset (NOT_SPECIFIED)") || !d.Accuses {
		t.Error(d.String())
	}
}

// TestClocksExplain: resets that are dated a second late are no race any more.
func TestClocksExplain(t *testing.T) {
	r := reported(t, watched(t, "whatsapp-reset-race", func(p []capture.Packet) []capture.Packet {
		for i := range p {
			if isReset(&p[i]) {
				p[i].Time += 1e9
			}
		}
		return ordered(p)
	}))
	if len(r.Differences) == 0 || len(r.Unexplained()) > 0 {
		t.Fatal(r.Differences)
	}
	for _, d := range r.Differences {
		if !strings.HasPrefix(d.Why, "clocks: ") || !strings.Contains(d.Why, "1s at most") {
			t.Error(d.String())
		}
	}
}

// TestAgainDeliversWhatCame: batch by batch, up to a time.
func TestAgainDeliversWhatCame(t *testing.T) {
	s := &Side{Live: []capture.Batch{
		{Packets: []capture.Packet{{Time: 1}, {Time: 2}}, Notes: []capture.Note{{Time: 1}, {Time: 3}}, Now: 3},
		{Now: 9},
	}}
	for _, tt := range []struct {
		a              again
		packets, notes int
	}{{again{side: s, until: 9}, 2, 2}, {again{side: s, until: 1}, 1, 1}, {again{side: s, until: 9, deaf: true}, 2, 0}} {
		var b capture.Batch
		if err := tt.a.Read(&b); err != nil || len(b.Packets) != tt.packets || len(b.Notes) != tt.notes || b.Now > tt.a.until {
			t.Errorf("%+v: %v", b, err)
		}
		if err := tt.a.Read(&b); err != nil || len(b.Packets)+len(b.Notes) > 0 || b.Now != min(9, tt.a.until) {
			t.Errorf("%+v: %v", b, err)
		}
		if err := tt.a.Read(&b); err != io.EOF {
			t.Error(err)
		}
	}
}
