package classify

import (
	"testing"

	"chokepoint/classify/track"
)

// learn has the engine take in what a shard learnt.
func (r *run) learn(o *track.Observations) {
	var g gathered
	g.add(o)
	g.sort()
	r.merge(&g)
}

// TestGatheredIsInPacketOrder: whatever shard saw it; what came of one packet stays as it
// came.
func TestGatheredIsInPacketOrder(t *testing.T) {
	var g gathered
	g.add(&track.Observations{Talks: []track.TalkSeen{{Num: 2, Start: 1}, {Num: 7}}, Rates: []*track.RateSeen{{Num: 5}, {Num: 9}}})
	g.add(&track.Observations{Talks: []track.TalkSeen{{Num: 2, Start: 2}, {Num: 4}}, Rates: []*track.RateSeen{{Num: 8}}})
	g.sort()
	var got []uint64
	for _, o := range g.talks {
		got = append(got, o.Num)
	}
	for _, o := range g.rates {
		got = append(got, o.Num)
	}
	for i, want := range []uint64{2, 2, 4, 7, 5, 8, 9} {
		if i >= len(got) || got[i] != want {
			t.Fatalf("packets %v", got)
		}
	}
	if g.talks[0].Start != 1 || g.talks[1].Start != 2 {
		t.Error("what came of one packet changed places")
	}
	g.clear()
	if len(g.talks)+len(g.rates) != 0 {
		t.Error("it is not cleared")
	}
}
