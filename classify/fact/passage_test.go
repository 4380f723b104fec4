package fact

import (
	"net/netip"
	"testing"
)

func client(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}) }

// TestPassages: stretches of one client are summed up as far as they overlap what is
// asked, whoever told of them.
func TestPassages(t *testing.T) {
	w := &World{}
	say := func(n int, from, to int64, segs, lost uint32) {
		w.SawPassage(Passage{Passer: Passer{Client: client(n)}, Fared: Fared{From: from, To: to, Segs: [2]uint32{0, segs}, Lost: [2]uint32{0, lost}, Runs: [2]uint32{0, lost}}})
	}
	say(1, 0, 10, 100, 1)
	say(1, 5, 9, 50, 0) // another shard, the same tick
	say(1, 20, 30, 10, 2)
	say(2, 0, 30, 1000, 500)
	for _, c := range []struct {
		from, to   int64
		segs, lost uint32
	}{{0, 40, 160, 3}, {12, 40, 10, 2}, {0, 15, 150, 1}, {11, 19, 0, 0}} {
		if got := w.Passed(client(1), 0, c.from, c.to); got.Segs[Down] != c.segs || got.Lost[Down] != c.lost {
			t.Errorf("[%d, %d]: %+v", c.from, c.to, got)
		}
	}
	if got := w.Passed(client(1), 3, 0, 40); got.Segs[Down] != 0 {
		t.Errorf("another interface: %+v", got)
	}
}

// TestPassagesAreBounded: by client and in clients; who is silent for long gives way.
func TestPassagesAreBounded(t *testing.T) {
	w := &World{}
	for i := range int64(1000) {
		w.SawPassage(Passage{Passer: Passer{Client: client(1)}, Fared: Fared{From: 10 * i, To: 10*i + 1, Segs: [2]uint32{0, 1}}})
	}
	if n := len(w.passed[Passer{client(1), 0}].list); n > 2*MaxPassages || n < MaxPassages {
		t.Errorf("%d stretches", n)
	}
	for n := range 3 * MaxPassers {
		w.SawPassage(Passage{Passer: Passer{Client: client(n)}, Fared: Fared{From: 20_000, To: 20_001, Segs: [2]uint32{0, 1}}})
	}
	if len(w.passed) != MaxPassers {
		t.Errorf("%d clients", len(w.passed))
	}
	late := int64(20_001 + 2*PassageMemory)
	w.SawPassage(Passage{Passer: Passer{Client: client(9999)}, Fared: Fared{From: late, To: late, Segs: [2]uint32{0, 1}}})
	if got := w.Passed(client(9999), 0, late, late); len(w.passed) != 1 || got.Segs[Down] != 1 {
		t.Errorf("%d clients, %+v", len(w.passed), got)
	}
}

// TestStreams: a source that is met in two flows of one client, however many there are.
func TestStreams(t *testing.T) {
	w := &World{}
	k := StreamKey{Client: client(1), SSRC: 7}
	w.SawStream(k, 5)
	if w.Elsewhere(k, 5) != 0 || w.Elsewhere(k, 6) != 5 || w.Elsewhere(StreamKey{Client: client(2), SSRC: 7}, 6) != 0 {
		t.Error("one flow")
	}
	w.SawStream(k, 6)
	w.SawStream(k, 6)
	if w.Elsewhere(k, 5) != 6 || w.Elsewhere(k, 6) != 5 {
		t.Error("two flows")
	}
	for i := range 3 * MaxStreams {
		w.SawStream(StreamKey{Client: client(3), SSRC: uint32(i)}, FlowID(i))
	}
	if len(w.streams) > MaxStreams || w.Elsewhere(k, 5) != 0 {
		t.Errorf("%d sources", len(w.streams))
	}
}
