package fact

import (
	"math"
	"testing"
)

// sampled are events that gave these round trips to one leg, µs.
func sampled(leg Leg, us ...uint32) (out []Event) {
	for _, x := range us {
		e := Event{Len: 1500}
		e.RTT[leg] = x
		out = append(out, e)
	}
	return out
}

func lossy(flags EventFlag, ev []Event, after ...uint32) *Bulk {
	ev = append(ev, Event{Len: 1500, Flags: flags, RTT: [2]uint32{9_000_000, 9_000_000}})
	ev = append(append(ev, sampled(LegDown, after...)...), sampled(LegUp, after...)...)
	return &Bulk{Segments: []Segment{{Losses: 1, Events: ev}}}
}

func TestOpeningIsOfTheRoundTripsUntilTheFirstLoss(t *testing.T) {
	for _, leg := range []Leg{LegDown, LegUp} {
		for _, flags := range []EventFlag{LostDown, LostUp, LostUp | Filled} {
			b := lossy(flags, sampled(leg, 40_000, 60_000, 80_000, 100_000), 500_000, 1)
			o := b.Opening(leg)
			if o.N != 4 || o.Min != 40_000 || o.Max != 100_000 || o.Last != 80_000 || o.Mean != 70_000 || math.Abs(o.SD-math.Sqrt(5e8)) > 1e-6 {
				t.Errorf("leg %d, flags %05b: %+v", leg, flags, o)
			}
			if o := b.Opening(1 - leg); o != (Opening{}) {
				t.Errorf("the other leg: %+v", o)
			}
		}
	}
}

func TestOpeningTakesInWhatWasThinned(t *testing.T) {
	b := lossy(LostUp, sampled(LegUp, 60_000))
	b.Segments[0].Early[LegUp].Add(20_000)
	b.Segments[0].Early[LegUp].Add(40_000)
	if o := b.Opening(LegUp); o.N != 3 || o.Min != 20_000 || o.Last != 40_000 {
		t.Errorf("%+v", o)
	}
}

// TestOpeningOfWhatWasWithdrawn: what was only overtaken is no loss, and gives no sample.
func TestOpeningOfWhatWasWithdrawn(t *testing.T) {
	ev := sampled(LegUp, 40_000, 50_000, 60_000)
	ev[1].Flags = Void
	if o := lossy(LostUp, ev).Opening(LegUp); o.N != 2 || o.Max != 60_000 {
		t.Errorf("%+v", o)
	}
}

func TestOpeningSaysNothing(t *testing.T) {
	some := sampled(LegUp, 40_000, 60_000)
	edit := func(f func(*Bulk)) *Bulk {
		b := lossy(LostUp, some)
		f(b)
		return b
	}
	for _, tc := range []struct {
		name string
		b    *Bulk
	}{
		{"of an empty log", &Bulk{}},
		{"of one without losses", &Bulk{Segments: []Segment{{Events: some}}}},
		{"of one without round trips", lossy(LostUp, nil)},
		{"where the first loss was forgotten", edit(func(b *Bulk) { b.Segments[0].Events = nil })},
		{"where what came before was forgotten", edit(func(b *Bulk) { b.Segments[0].Lapse = true })},
		{"where it goes on from what was cut", edit(func(b *Bulk) { b.Segments[0].Continues = true })},
		{"behind a stretch whose losses were forgotten", edit(func(b *Bulk) {
			b.Segments = append([]Segment{{Losses: 2}}, b.Segments...)
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if o := tc.b.Opening(LegUp); o != (Opening{}) {
				t.Errorf("%+v", o)
			}
		})
	}
	after := edit(func(b *Bulk) { b.Segments = append([]Segment{{Events: some}}, b.Segments...) })
	if o := after.Opening(LegUp); o.N != 2 {
		t.Errorf("of an answer behind one without losses: %+v", o)
	}
}

func TestSketchAbove(t *testing.T) {
	var s Sketch
	for _, us := range []uint32{0, 10, 5_000, 19_000, 25_000, 90_000} {
		s.Add(us)
	}
	if s.Above(20_000) != 2 || s.Above(1_000) != 4 || s.Above(200_000) != 0 {
		t.Errorf("%d, %d, %d", s.Above(20_000), s.Above(1_000), s.Above(200_000))
	}
}
