package fact

import (
	"net/netip"
	"testing"
)

const ms = int64(1e6)

func TestHabit(t *testing.T) {
	r := &Resolver{}
	for i := range 6 {
		r.Add(DNSSample{Time: int64(i), RTT: int64(40+i) * ms, TTL: 53, RA: true, AskedEDNS: i > 0, EDNS: i > 1})
	}
	r.Add(DNSSample{Time: 6, RTT: 2 * ms, TTL: 60})                   // from elsewhere
	r.Add(DNSSample{Time: 7, RTT: 2 * ms, TTL: 53, Odd: true})        // cannot be so
	r.Add(DNSSample{Time: 7, RTT: 2 * ms, TTL: 53, Owner: "meta"})    // about whose names is asked
	r.Add(DNSSample{Time: 7, RTT: 2 * ms, TTL: 53, TCP: true})        // another transport
	r.Add(DNSSample{Time: -2 * HabitMemory, RTT: 2 * ms, TTL: 53})    // long ago
	r.Add(DNSSample{Time: 1 + HabitMemory + 9, RTT: 2 * ms, TTL: 53}) // long after
	h := r.Habit(5, "meta")
	want := Habit{N: 7, TTL: 53, TTLN: 6, MinRTT: 40 * ms, EDNS: Share{4, 5}, RA: Share{6, 7}, AA: Share{0, 7}}
	if h != want {
		t.Errorf("%+v\nwant %+v", h, want)
	}
	if r.Answers != 12 || r.Last != 1+HabitMemory+9 {
		t.Errorf("%d answers, the last at %d", r.Answers, r.Last)
	}
	if h := (&Resolver{}).Habit(5, ""); h != (Habit{}) {
		t.Errorf("of no answer %+v", h)
	}
}

func TestSamplesAreTheLatest(t *testing.T) {
	r := &Resolver{}
	for i := range 3*MaxSamples + 5 {
		r.Add(DNSSample{Num: uint64(i), Time: int64(i)})
	}
	least := uint64(1 << 60)
	for i := range r.Samples {
		least = min(least, r.Samples[i].Num)
	}
	if len(r.Samples) != MaxSamples || least != 2*MaxSamples+5 {
		t.Errorf("%d, from %d", len(r.Samples), least)
	}
	for i := range 3 * MaxOutlets {
		r.Hear(Outlet{Num: uint64(i)})
	}
	if len(r.Outlets) != MaxOutlets || r.Outlets[0].Num != 2*MaxOutlets {
		t.Errorf("%+v", r.Outlets)
	}
}

func TestSpare(t *testing.T) {
	google, quad9 := netip.MustParseAddr("8.8.8.8"), netip.MustParseAddr("9.9.9.9")
	is := []netip.Addr{quad9}
	n := &NameFact{Answers: []NameAnswer{
		{Resolver: quad9, Addrs: is}, {Resolver: google, TCP: true, Addrs: is}, {Resolver: google, Addrs: is}, {Resolver: google, Addrs: is},
	}}
	for _, c := range []struct {
		name string
		next NameAnswer
		want int
	}{
		{"one that says the same as the next", NameAnswer{Resolver: google, TCP: true, Addrs: is}, 1},
		{"one of two alike", NameAnswer{Resolver: google, TCP: true}, 2},
		{"a witness of another kind stays", NameAnswer{Resolver: quad9, Odd: true, Addrs: is}, 2},
	} {
		if got := n.Spare(&c.next); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	n.Answers = n.Answers[:3]
	if got := n.Spare(&NameAnswer{Resolver: google, Rcode: 3}); got != 0 {
		t.Errorf("all differ: %d, want the oldest", got)
	}
}
