//go:build linux

package live

import (
	"slices"
	"testing"

	"chokepoint/bpf/testimony"
	"chokepoint/capture"
)

// event is one about a TCP segment from 10.0.0.1:1000 to 10.0.0.2:443.
func event(kind testimony.Kind, time uint64) testimony.Event {
	k := udpKey(1, 2, 1000, 443)
	return testimony.Event{
		Kind: kind, Time: time, Cookie: 5, Src: k.Src, Dst: k.Dst, SrcPort: 1000, DstPort: 443, Proto: capture.ProtoTCP,
		HasPacket: true, TTL: 61, IPID: 4711, Flags: capture.RST, Seq: 99, Ifindex: 2, Reason: 1, Count: 3, Out: true,
	}
}

// told reads once, at a time, and returns the notes.
func told(t *testing.T, f *fake, s *Source, boot uint64) []capture.Note {
	t.Helper()
	f.boot.Store(boot)
	var b capture.Batch
	if err := s.Read(&b); err != nil {
		t.Fatal(err)
	}
	for _, n := range b.Notes {
		if n.Time > b.Now {
			t.Errorf("a note of a time that is not reached: %+v", n)
		}
	}
	if !slices.IsSortedFunc(b.Notes, func(a, b capture.Note) int { return int(a.Time - b.Time) }) {
		t.Errorf("out of order: %+v", b.Notes)
	}
	return b.Notes
}

// TestNotes: each kind of event makes its note, and the note has what the event has.
func TestNotes(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	key := udpKey(1, 2, 1000, 443)
	key.Proto = capture.ProtoTCP
	want := capture.Note{
		Time: at(20 * second), Key: key, Cookie: 5, If: 0, IfKnown: true, Reason: "NETFILTER_DROP", Count: 3, Out: true,
		Has: capture.HasIP | capture.HasIPID | capture.HasPorts | capture.HasTCP, Flags: capture.RST, Seq: 99, TTL: 61, IPID: 4711,
	}
	for from, to := range map[testimony.Kind]capture.NoteKind{
		testimony.Drop: capture.NoteDrop, testimony.ResetRefused: capture.NoteResetRefused, testimony.ResetSent: capture.NoteResetSent,
		testimony.ResetReceived: capture.NoteResetReceived, testimony.Retransmit: capture.NoteRetransmit,
	} {
		f.witness.events = []testimony.Event{event(from, 20*second)}
		want.Kind = to
		if got := told(t, f, s, 30*second); len(got) != 1 || got[0] != want {
			t.Errorf("kind %d: %+v", from, got)
		}
	}
	f.witness.events = []testimony.Event{{Kind: 99}, {Kind: 0}}
	if got := told(t, f, s, 30*second); len(got) != 0 {
		t.Errorf("events of no kind make notes: %+v", got)
	}
}

// TestNoteFields: what the kernel did not tell is absent.
func TestNoteFields(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	udp, v6, bare := event(testimony.Drop, 20*second), event(testimony.Drop, 20*second+1), event(testimony.Drop, 20*second+2)
	udp.Proto, udp.Ifindex = capture.ProtoUDP, 99
	v6.Src, v6.Dst = [16]byte{0x20, 1}, [16]byte{0x20, 2}
	bare.HasPacket, bare.Count, bare.Reason = false, 0, 77
	f.witness.events = []testimony.Event{udp, v6, bare}
	n := told(t, f, s, 30*second)
	if len(n) != 3 {
		t.Fatalf("%+v", n)
	}
	if n[0].Has != capture.HasIP|capture.HasIPID|capture.HasPorts|capture.HasUDP || n[0].Flags != 0 || n[0].IfKnown {
		t.Errorf("%+v", n[0])
	}
	if n[1].Has != capture.HasIP|capture.HasIPv6|capture.HasPorts|capture.HasTCP || n[1].IPID != 0 || n[1].Seq != 99 {
		t.Errorf("%+v", n[1])
	}
	if n[2].Has != 0 || n[2].TTL != 0 || n[2].Seq != 0 || n[2].Count != 1 || n[2].Reason != "" {
		t.Errorf("%+v", n[2])
	}
}

// TestNotesInTime: a note waits for the packets of its time.
func TestNotesInTime(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	f.witness.events = []testimony.Event{event(testimony.Drop, 40*second), event(testimony.Drop, 20*second)}
	f.witness.repeated = []testimony.Event{event(testimony.Retransmit, 19*second)}
	got := told(t, f, s, 30*second)
	if len(got) != 2 || got[0].Kind != capture.NoteRetransmit || got[1].Time != at(20*second) {
		t.Errorf("at 30 s: %+v", got)
	}
	if got = told(t, f, s, 40*second); len(got) != 0 {
		t.Errorf("within the window: %+v", got)
	}
	if got = told(t, f, s, 41*second); len(got) != 1 || got[0].Time != at(40*second) {
		t.Errorf("at 41 s: %+v", got)
	}
	f.witness.counts.Lost = 4
	told(t, f, s, 43*second)
	f.told(t, "4 events of this host's kernel were lost")
}

// TestAsked: whoever stops misses nothing that was only counted.
func TestAsked(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	told(t, f, s, 30*second) // the second begins
	f.witness.repeated = []testimony.Event{event(testimony.Drop, 19*second)}
	if got := told(t, f, s, 30*second+1); len(got) != 0 {
		t.Errorf("asked every time: %+v", got)
	}
	s.Ask()
	if got := told(t, f, s, 30*second+2); len(got) != 1 {
		t.Errorf("not when asked: %+v", got)
	}
}

// TestBehindTheQueue: what never came to the socket of AF_PACKET is not taken for
// one of its packets.
func TestBehindTheQueue(t *testing.T) {
	for _, backend := range []string{TCX, AFPacket} {
		f := newFake()
		s := f.open(t, Options{Backend: backend})
		out, in, again := event(testimony.Drop, 20*second), event(testimony.Drop, 20*second), event(testimony.Retransmit, 20*second)
		in.Out = false
		if !s.heard.note(&out).Untapped == (backend == AFPacket) || s.heard.note(&in).Untapped || s.heard.note(&again).Untapped {
			t.Errorf("%s: %+v", backend, s.heard.note(&out))
		}
	}
}

// TestTestimonyEnds: packets go on without it.
func TestTestimonyEnds(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{})
	f.witness.err = errFake
	f.program.send(rec(20*second, udp4(1, 2, 3, 4, 20)))
	f.boot.Store(30 * second)
	frames(t, s, 1)
	f.told(t, "can no longer be told: "+errFake.Error())
	told(t, f, s, 32*second)
	if len(f.notices) > 0 {
		t.Errorf("%q", f.notices)
	}
}

func TestTestimonyOfThisNamespace(t *testing.T) {
	f := newFake()
	f.open(t, Options{})
	if !slices.Equal(f.witness.netns, []uint32{77}) {
		t.Error(f.witness.netns)
	}
}
