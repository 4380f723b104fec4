package detect_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// together are two transfers of a service that share 1 Mbit/s behind a queue.
func together() (out []*fact.RateSeries) {
	for i := range 2 {
		out = append(out, steps(fact.FlowID(1+i), "192.0.2.7", "whatsapp", int64(i)*300_000_000, flat(42, 0.5e6), waiting(230_000)))
	}
	return out
}

// others are two transfers of another party that have the rest of the line, and wait so
// many µs.
func others(bps float64, wait uint32) (out []*fact.RateSeries) {
	for i := range 2 {
		out = append(out, steps(fact.FlowID(10+i), "198.51.100.7", "", int64(i)*300_000_000, flat(42, bps), waiting(wait)))
	}
	return out
}

func TestS2AServiceBehindAQueueOfItsOwn(t *testing.T) {
	w := worldOf(slices.Concat(together(), others(2.5e6, 10_000))...)
	got := detect.Differential{}.Judge(w).Findings
	if len(got) != 1 || got[0].Kind != finding.RateShaped || got[0].Verdict != finding.Likely {
		t.Fatalf("%v", kinds(got))
	}
	f := &got[0]
	if math.Abs(*f.RateBps/1.02e6-1) > 0.03 || math.Abs(*f.Ratio-0.2) > 0.02 || f.Service != "whatsapp" || f.Server == nil || f.Segment != finding.ServerSide {
		t.Errorf("%.0f bit/s, ratio %.2f, %q, %v, %s", *f.RateBps, *f.Ratio, f.Service, f.Server, f.Segment)
	}
	if !slices.Equal(f.Flows, []string{"c000001", "c000002"}) || !slices.Contains(f.Controls, "c000010") || f.Beside == nil || len(f.Packets) < 3 || f.Filter == "" || len(f.For) < 3 {
		t.Errorf("%+v", f)
	}
	for range 3 { // seeded: the same each time
		if again := (detect.Differential{}).Judge(w).Findings; again[0].Summary != f.Summary || again[0].For[0].Text != f.For[0].Text {
			t.Fatal("it says something else when it is asked again")
		}
	}
}

// TestWhatIsNoDifference: the conditions of the comparison, one by one.
func TestWhatIsNoDifference(t *testing.T) {
	edit := func(list []*fact.RateSeries, f func(*fact.RateSeries)) []*fact.RateSeries {
		for _, s := range list {
			f(s)
		}
		return list
	}
	quick := others(2.5e6, 10_000)
	for _, tc := range []struct {
		name string
		w    []*fact.RateSeries
		want string
	}{
		{"N9 the others are as slow", slices.Concat(together(), others(0.55e6, 10_000)), ""},
		{"three quarters of the others' rate", slices.Concat(together(), others(0.66e6, 10_000)), ""},
		{"N10 the others wait in the same queue", slices.Concat(together(), others(2.5e6, 220_000)), ""},
		{"six tenths of the others' rate, behind a queue of its own", slices.Concat(together(), others(0.85e6, 10_000)), "suspected rate.differential"},
		{"nobody else", together(), ""},
		{"one flow that was busy twice", slices.Concat(edit(together(), func(s *fact.RateSeries) { s.Flow = 1 }), others(2.5e6, 10_000)), ""},
		{"one flow only", slices.Concat(together()[:1], others(2.5e6, 10_000)), ""},
		{"one other flow only", slices.Concat(together(), others(2.5e6, 10_000)[:1]), ""},
		{"too little of it", slices.Concat(edit(together(), func(s *fact.RateSeries) { s.Rate.Last = s.Rate.Start + 20*s.Rate.Width - 1 }), others(2.5e6, 10_000)), ""},
		{"N11 its server is four times as far", slices.Concat(edit(together(), func(s *fact.RateSeries) { s.Rate.Floor[fact.LegUp] = 170_000 }), others(2.5e6, 10_000)), ""},
		{"N5 the receiver's window", slices.Concat(edit(together(), func(s *fact.RateSeries) {
			for i := range s.Rate.Bins {
				s.Rate.Bins[i].Windows, s.Rate.Bins[i].FullWins = 1, 1
			}
		}), others(2.5e6, 10_000)), ""},
		{"N6 the application", slices.Concat(edit(together(), func(s *fact.RateSeries) {
			for i := range s.Rate.Bins {
				s.Rate.Bins[i].Idle = 250_000
			}
		}), others(2.5e6, 10_000)), ""},
		{"losses without a queue", slices.Concat(edit(together(), func(s *fact.RateSeries) {
			s.Rate.Trips = fact.Sketch{}
			for i := range s.Rate.Bins {
				s.Rate.Bins[i].RTT[fact.LegUp] = 42_000
				s.Rate.Bins[i].Lost = s.Rate.Bins[i].Packets / 10
			}
		}), others(2.5e6, 10_000)), ""},
		{"the others are in the same house", slices.Concat(together(), edit(others(2.5e6, 10_000), func(s *fact.RateSeries) { s.Server = s.Client.Next() })), ""},
		{"the others are of another client", slices.Concat(together(), edit(others(2.5e6, 10_000), func(s *fact.RateSeries) { s.Client = s.Client.Next() })), ""},
		{"the others move the other way", slices.Concat(together(), edit(others(2.5e6, 10_000), func(s *fact.RateSeries) { s.Dir = fact.Up })), ""},
		{"the others are of the same owner", slices.Concat(together(), edit(others(2.5e6, 10_000), func(s *fact.RateSeries) { s.Owner = "whatsapp" })), ""},
		{"the others were before", slices.Concat(together(), edit(others(2.5e6, 10_000), func(s *fact.RateSeries) {
			s.Rate.Start, s.Rate.Last = s.Rate.Start-60_000_000_000, s.Rate.Last-60_000_000_000
		})), "suspected rate.differential"},
		{"it is of no service that anybody knows", slices.Concat(edit(together(), func(s *fact.RateSeries) { s.Service = "" }), quick), ""},
		{"it wanders", slices.Concat(edit(together(), func(s *fact.RateSeries) {
			for i := range s.Rate.Bins {
				b := &s.Rate.Bins[i]
				b.Bytes = uint64(float64(b.Bytes) * (1 + 0.6*math.Sin(float64(i)/4)))
			}
		}), others(2.5e6, 10_000)), "suspected rate.differential"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := detect.Differential{}.Judge(worldOf(tc.w...)).Findings
			if s := strings.Join(kinds(got), ", "); s != tc.want {
				t.Errorf("%q, want %q", s, tc.want)
			}
		})
	}
}

// sealed is a transfer over QUIC: nothing of it can be seen but its bytes.
func sealed(bps float64, n int) *fact.RateSeries {
	s := steps(1, "192.0.2.7", "whatsapp", 0, flat(n, bps), func(_ int, b *fact.RateBin) { b.RTTs = [2]uint16{} })
	s.QUIC, s.Proto, s.Rate.Datagram, s.Rate.Floor, s.Rate.Stamped = true, capture.ProtoUDP, true, [2]uint32{}, false
	return s
}

// TestP4QUICIsSuspectedAtMost: without sequence numbers it takes ten times.
func TestP4QUICIsSuspectedAtMost(t *testing.T) {
	fast := others(14e6, 5_000)
	for _, tc := range []struct {
		name string
		w    []*fact.RateSeries
		want string
	}{
		{"a fourteenth, and flat", append(slices.Clone(fast), sealed(1e6, 40)), "suspected rate.differential"},
		{"a fifth", append(slices.Clone(fast), sealed(3e6, 40)), ""},
		{"for five seconds only", append(slices.Clone(fast), sealed(1e6, 19)), ""},
		{"one control", append(slices.Clone(fast[:1]), sealed(1e6, 40)), ""},
		{"N6 with pauses of the sender", append(slices.Clone(fast), func() *fact.RateSeries {
			s := sealed(1e6, 40)
			for i := range s.Rate.Bins {
				s.Rate.Bins[i].Idle = 200_000
			}
			return s
		}()), ""},
		{"acknowledgements only", append(slices.Clone(fast), func() *fact.RateSeries {
			s := sealed(26e3, 40)
			s.Rate.Packets = s.Rate.Bytes / 60
			return s
		}()), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := detect.Differential{}.Judge(worldOf(tc.w...)).Findings
			if s := strings.Join(kinds(got), ", "); s != tc.want {
				t.Fatalf("%q, want %q", s, tc.want)
			}
			if len(got) > 0 && (!slices.Contains(got[0].Blind, "queue_unseen") || len(got[0].Against) == 0 || !slices.Contains(got[0].NotRuledOut, "sender_pace")) {
				t.Errorf("blind %v, against %v, not ruled out %v", got[0].Blind, got[0].Against, got[0].NotRuledOut)
			}
		})
	}
	w := worldOf(append(slices.Clone(fast), sealed(1e6, 40))...)
	w.Vantage = "server"
	if got := (detect.Differential{}).Judge(w).Findings; len(got) != 1 || got[0].RateBps != nil {
		t.Error("at the server what is sent passes for what arrives")
	}
}

// losing has a share of the packets lost, in runs.
func losing(s *fact.RateSeries, share float64, run uint32) *fact.RateSeries {
	for i := range s.Rate.Bins {
		s.Rate.Bins[i].Lost = uint32(share * float64(s.Rate.Bins[i].Packets))
	}
	n := uint32(share * float64(s.Rate.Packets))
	s.Rate.Lost[fact.LegUp], s.Rate.Filled, s.Rate.Runs = n, n, max(n/run, 1)
	return s
}

func TestLossThatHitsEverythingAlike(t *testing.T) {
	plain := func(id fact.FlowID, server string, packets int, share float64) *fact.RateSeries {
		return losing(steps(id, server, "", 0, flat(20, float64(packets)*1500*8/5.4), nil), share, 1)
	}
	for _, tc := range []struct {
		name string
		w    []*fact.RateSeries
		want bool
	}{
		{"three parties, two in a hundred", []*fact.RateSeries{plain(1, "192.0.2.7", 2000, 0.02), plain(2, "198.51.100.7", 400, 0.03), plain(3, "203.0.113.7", 300, 0.015)}, true},
		{"two parties", []*fact.RateSeries{plain(1, "192.0.2.7", 2000, 0.02), plain(2, "198.51.100.7", 400, 0.03)}, false},
		{"P2 one of them loses, the others do not", []*fact.RateSeries{plain(1, "192.0.2.7", 2000, 0.05), plain(2, "198.51.100.7", 400, 0), plain(3, "203.0.113.7", 300, 0)}, false},
		{"one of them loses, the others hardly", []*fact.RateSeries{plain(1, "192.0.2.7", 2000, 0.1), plain(2, "198.51.100.7", 600, 0.01), plain(3, "203.0.113.7", 600, 0.01)}, false},
		{"too few", []*fact.RateSeries{plain(1, "192.0.2.7", 2000, 0.002), plain(2, "198.51.100.7", 400, 0.004), plain(3, "203.0.113.7", 300, 0.004)}, false},
		{"N12 the capture missed them", func() (out []*fact.RateSeries) {
			for i, server := range []string{"192.0.2.7", "198.51.100.7", "203.0.113.7"} {
				s := plain(fact.FlowID(1+i), server, 1000, 0.02)
				s.Rate.Filled = 1
				out = append(out, s)
			}
			return out
		}(), false},
		{"N13 overtaken", func() (out []*fact.RateSeries) {
			for i, server := range []string{"192.0.2.7", "198.51.100.7", "203.0.113.7"} {
				s := plain(fact.FlowID(1+i), server, 1000, 0.02)
				s.Rate.Late = 30
				out = append(out, s)
			}
			return out
		}(), false},
		{"N3 behind a queue", func() (out []*fact.RateSeries) {
			for i, server := range []string{"192.0.2.7", "198.51.100.7", "203.0.113.7"} {
				out = append(out, losing(steps(fact.FlowID(1+i), server, "", 0, flat(20, 2e6), waiting(200_000)), 0.02, 1))
			}
			return out
		}(), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := detect.PathLoss{}.Judge(worldOf(tc.w...)).Findings
			if (len(got) == 1) != tc.want {
				t.Fatalf("%v", kinds(got))
			}
			if tc.want {
				f := &got[0]
				if f.Kind != finding.PathLoss || f.Service != "" || f.Segment != finding.ServerSide || math.Abs(*f.Loss-0.02) > 0.003 || !strings.Contains(f.Summary, "one by one") || len(f.Packets) == 0 {
					t.Errorf("%+v", f)
				}
			}
		})
	}
	bursts := []*fact.RateSeries{
		losing(steps(1, "192.0.2.7", "", 0, flat(20, 4e6), nil), 0.05, 4),
		losing(steps(2, "198.51.100.7", "", 0, flat(20, 2e6), nil), 0.05, 4),
		losing(steps(3, "203.0.113.7", "", 0, flat(20, 1e6), nil), 0.05, 4),
	}
	if got := (detect.PathLoss{}).Judge(worldOf(bursts...)).Findings; len(got) != 1 || !strings.Contains(got[0].Summary, "in bursts of 4") {
		t.Errorf("%+v", got)
	}
}
