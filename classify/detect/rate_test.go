package detect_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// fastControl is a control that ran at 8 Mbit/s from the fifth second of a flow on.
func fastControl(f *fact.Flow) *fact.RateSeries {
	s := steps(99, "198.51.100.7", "", f.Start+5_000_000_000, flat(4, 8e6), nil)
	s.Client = f.Key.SrcAddr()
	return s
}

func TestS1ShaperWithAnAllowanceIsFoundFromBothEndsWithItsRate(t *testing.T) {
	for _, rate := range []float64{0.5e6, 1e6, 2e6} {
		for tap, f := range tappedRates(t, download{path: shaper(rate, 1e9, 1_500_000, 10e6), rtt: 50, responses: 1, bytes: 1_500_000 + int(14*rate/8), window: 60}) {
			j := detect.Slowed{}.Judge(f, worldOf(fastControl(f)))
			if len(j.Findings) != 1 || j.Findings[0].Kind != finding.RateShaped || j.Findings[0].Verdict != finding.Likely {
				t.Errorf("%.1f Mbit/s, %s tap: %v, stopped by %v", rate/1e6, tap, kinds(j.Findings), j.Stopped)
				continue
			}
			x := &j.Findings[0]
			if off := math.Abs(*x.RateBps/rate - 1); off > 0.04 {
				t.Errorf("%s tap: %.0f bit/s is %.1f %% off", tap, *x.RateBps, 100*off)
			}
			if *x.BeforeBps < 1.25*rate || *x.AfterBps != *x.RateBps || x.Beside == nil || x.Beside.RateBps < 7e6 {
				t.Errorf("%s tap: before %v, after %v, beside %+v", tap, *x.BeforeBps, *x.AfterBps, x.Beside)
			}
			where := map[string]finding.Segment{"client": finding.ServerSide, "server": finding.ClientSide}
			if x.Segment != where[tap] || x.Direction != finding.ToClient {
				t.Errorf("%s tap: %s %s", tap, x.Segment, x.Direction)
			}
			if len(x.Packets) < 3 || x.Filter != detect.Filter(x.Packets...) || !slices.Contains(x.Controls, "c000099") || len(x.For) < 4 || len(x.NotRuledOut) == 0 {
				t.Errorf("%s tap: packets %v, controls %v, for %v, not ruled out %v", tap, x.Packets, x.Controls, x.For, x.NotRuledOut)
			}
		}
	}
}

// TestWhatIsNotShaped: nothing but rate.limited, which accuses nobody, is said of what is
// slow by itself.
func TestWhatIsNotShaped(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	queue := func(bps float64) bottleneck { return dropTail(bps, bps/8*0.8) }
	for _, tc := range []struct {
		name string
		d    download
		why  string // one of the reasons at the client's tap
	}{
		{"N1 random loss", download{path: randomLoss(0.02, 6e6, rng), rtt: 60, responses: 1, bytes: 6_000_000}, "not_flat"},
		{"N3 a full queue of a line", download{path: queue(2e6), rtt: 50, responses: 1, bytes: 3_500_000}, "no_level_shift"},
		{"N5 the receiver's window", download{path: dropTail(50e6, 1e9), rtt: 100, responses: 1, bytes: 7_000_000, window: 40}, "not_backlogged"},
		{"N6 an application paced at 150 kbit/s", download{path: dropTail(50e6, 1e9), rtt: 60, responses: 1, bytes: 260_000, appBps: 150e3}, "short"},
		{"N6 an application paced at 1 Mbit/s", download{path: dropTail(50e6, 1e9), rtt: 60, responses: 1, bytes: 1_700_000, appBps: 1e6}, "not_backlogged"},
		{"N9 a line of 1 Mbit/s", download{path: queue(1e6), rtt: 40, responses: 1, bytes: 1_600_000}, "no_level_shift"},
		{"N11 a far server", download{path: dropTail(50e6, 1e9), rtt: 300, responses: 1, bytes: 3_000_000, window: 30}, "not_backlogged"},
		{"N13 reordering", download{path: overtaken(0.03, rng), rtt: 60, responses: 1, bytes: 9_000_000, window: 60}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for tap, f := range tappedRates(t, tc.d) {
				j := detect.Slowed{}.Judge(f, worldOf(fastControl(f)))
				for i := range j.Findings {
					if x := &j.Findings[i]; x.Kind != finding.RateLimited || x.Verdict != finding.Inconclusive {
						t.Errorf("%s tap: %s %s: %s", tap, x.Verdict, x.Kind, x.Summary)
					}
				}
				if got := reasons(j); tap == "client" && tc.why != "" && !slices.Contains(got, tc.why) {
					t.Errorf("stopped by %v, want %s; saw %v", got, tc.why, j.Saw)
				}
			}
		})
	}
}

// shapedSeries is a transfer that fell from 8 to 1 Mbit/s behind a queue.
func shapedSeries() *fact.RateSeries {
	return steps(1, "192.0.2.7", "telegram", 0, append(flat(6, 8e6), flat(44, 1e6)...), func(i int, b *fact.RateBin) {
		if i > 6 {
			b.RTT[fact.LegUp] = 700_000
		}
	})
}

func TestWhatAShaperIsToldFrom(t *testing.T) {
	control := func() *fact.RateSeries {
		return steps(2, "198.51.100.7", "", 6_000_000_000, flat(6, 7e6), nil)
	}
	for _, tc := range []struct {
		name string
		make func() (*fact.RateSeries, *fact.World)
		want string
		why  string
	}{
		{"an allowance, a queue, and a faster control", func() (*fact.RateSeries, *fact.World) { s := shapedSeries(); return s, worldOf(s, control()) }, "likely rate.shaped", ""},
		{"no control at all", func() (*fact.RateSeries, *fact.World) { s := shapedSeries(); return s, worldOf(s) }, "inconclusive rate.limited", "no_control"},
		{"B43 a control before it fell", func() (*fact.RateSeries, *fact.World) {
			s, c := shapedSeries(), control()
			c.Rate.Start, c.Rate.Last = 0, 1_500_000_000
			return s, worldOf(s, c)
		}, "inconclusive rate.limited", "no_control"},
		{"N9 a control as slow", func() (*fact.RateSeries, *fact.World) {
			s := shapedSeries()
			return s, worldOf(s, steps(2, "198.51.100.7", "", 6_000_000_000, flat(10, 1.2e6), nil))
		}, "inconclusive rate.limited", "no_control"},
		{"a control of the same owner", func() (*fact.RateSeries, *fact.World) {
			s, c := shapedSeries(), control()
			c.Owner = "telegram"
			return s, worldOf(s, c)
		}, "inconclusive rate.limited", "no_control"},
		{"a control in the same house", func() (*fact.RateSeries, *fact.World) {
			s, c := shapedSeries(), control()
			c.Server = c.Client.Next()
			return s, worldOf(s, c)
		}, "inconclusive rate.limited", "no_control"},
		{"a control of another client", func() (*fact.RateSeries, *fact.World) {
			s, c := shapedSeries(), control()
			c.Client = c.Client.Next()
			return s, worldOf(s, c)
		}, "inconclusive rate.limited", "no_control"},
		{"N10 other transfers take what it lost", func() (*fact.RateSeries, *fact.World) {
			s := shapedSeries()
			return s, worldOf(s, steps(2, "198.51.100.7", "", 1_600_000_000, flat(44, 7e6), nil))
		}, "inconclusive rate.limited", "contention"},
		{"no round trips", func() (*fact.RateSeries, *fact.World) {
			s := shapedSeries()
			s.Rate.Stamped = false
			for i := range s.Rate.Bins {
				s.Rate.Bins[i].RTTs = [2]uint16{}
			}
			return s, worldOf(s, control())
		}, "inconclusive rate.limited", "queue_unseen"},
		{"N5 a full receiver's window", func() (*fact.RateSeries, *fact.World) {
			s := shapedSeries()
			for i := range s.Rate.Bins[6:] {
				s.Rate.Bins[6+i].Windows, s.Rate.Bins[6+i].FullWins = 1, 1
			}
			return s, worldOf(s, control())
		}, "", "not_backlogged"},
		{"round trips as short as the path's", func() (*fact.RateSeries, *fact.World) {
			s := steps(1, "192.0.2.7", "telegram", 0, append(flat(6, 8e6), flat(44, 1e6)...), nil)
			return s, worldOf(s, control())
		}, "", "not_backlogged"},
		{"the sender's queue took the first of it", func() (*fact.RateSeries, *fact.World) {
			s := steps(1, "192.0.2.7", "telegram", 0, append(flat(3, 1.5e6), flat(44, 1e6)...), waiting(1_500_000))
			return s, worldOf(s, control())
		}, "inconclusive rate.limited", "no_level_shift"},
		{"a rate that wanders, as in a mobile cell", func() (*fact.RateSeries, *fact.World) {
			rates := append(flat(6, 8e6), flat(44, 1e6)...)
			for i := range rates[6:] {
				rates[6+i] *= 1 + 0.5*math.Sin(float64(i)/3)
			}
			s := steps(1, "192.0.2.7", "telegram", 0, rates, waiting(400_000))
			return s, worldOf(s, control())
		}, "", "not_flat"},
		{"it recovers without a rest", func() (*fact.RateSeries, *fact.World) {
			s := steps(1, "192.0.2.7", "telegram", 0, slices.Concat(flat(6, 8e6), flat(40, 1e6), flat(6, 6e6)), func(i int, b *fact.RateBin) {
				if i > 6 && i < 46 {
					b.RTT[fact.LegUp] = 700_000
				}
			})
			return s, worldOf(s, control())
		}, "inconclusive rate.limited", "recovered"},
		{"what came before a rest", func() (*fact.RateSeries, *fact.World) {
			s := steps(1, "192.0.2.7", "telegram", 0, slices.Concat(flat(6, 8e6), flat(42, 1e6), flat(10, 0.1e6)), func(i int, b *fact.RateBin) {
				if i > 6 {
					b.RTT[fact.LegUp] = 700_000
				}
				if i >= 48 {
					b.Idle = 200_000
				}
			})
			return s, worldOf(s, control())
		}, "likely rate.shaped", ""},
		{"too short a while", func() (*fact.RateSeries, *fact.World) {
			s := steps(1, "192.0.2.7", "telegram", 0, append(flat(6, 8e6), flat(15, 1e6)...), waiting(600_000))
			return s, worldOf(s, steps(2, "198.51.100.7", "", 2_000_000_000, flat(6, 7e6), nil))
		}, "", "not_flat"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, w := tc.make()
			j := detect.Slowed{}.Judge(flowOf(s), w)
			got := strings.Join(kinds(j.Findings), ", ")
			if got != tc.want || tc.why != "" && !slices.Contains(reasons(j), tc.why) {
				t.Errorf("%q, stopped by %v; want %q, %s", got, j.Stopped, tc.want, tc.why)
			}
			for i := range j.Findings {
				x := &j.Findings[i]
				if s := detect.Unnamed(x); s != "" {
					t.Error(s)
				}
				if x.Kind == finding.RateLimited && (!strings.Contains(x.Summary, x.Missing[0].Text) || string(x.Missing[0].Code) != tc.why) {
					t.Errorf("%q does not say what is missing: %v, want %s", x.Summary, x.Missing, tc.why)
				}
			}
		})
	}
}

func TestMissingInputIsNamed(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*fact.RateSeries)
		want string
	}{
		{"N21 one direction", func(s *fact.RateSeries) { s.Rate.OneWay, s.Rate.Stamped = true, false }, "one-way capture"},
		{"no timestamps", func(s *fact.RateSeries) { s.Rate.Stamped = false }, "no timestamps"},
		{"P4 QUIC", func(s *fact.RateSeries) { s.Rate.Datagram, s.QUIC, s.Proto = true, true, capture.ProtoUDP }, "outside of QUIC"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := steps(1, "192.0.2.7", "telegram", 0, flat(44, 1e6), func(_ int, b *fact.RateBin) { b.RTTs = [2]uint16{} })
			tc.edit(s)
			j := detect.Slowed{}.Judge(flowOf(s), worldOf(s))
			x := only(t, j)
			if x.Kind != finding.RateLimited || x.Verdict != finding.Inconclusive || !strings.Contains(x.Summary, tc.want) || !slices.Contains(x.Blind, "queue_unseen") || x.Missing[0].Code != finding.LacksQueue {
				t.Errorf("%s %s, blind %v: %s", x.Verdict, x.Kind, x.Blind, x.Summary)
			}
		})
	}
}

// TestAFallWithinAFlow: rate.shift where no queue shows, and no more than suspected.
func TestAFallWithinAFlow(t *testing.T) {
	losing := func(_ int, b *fact.RateBin) { b.Lost = b.Packets / 20 }
	fall := append(flat(14, 6e6), flat(30, 1e6)...)
	control := steps(2, "198.51.100.7", "", 6_000_000_000, flat(6, 7e6), nil)
	for _, tc := range []struct {
		name string
		s    *fact.RateSeries
		w    []*fact.RateSeries
		want string
		why  string
	}{
		{"P2 it falls to a sixth, others do not", steps(1, "192.0.2.7", "telegram", 0, fall, losing), []*fact.RateSeries{control}, "suspected rate.shift", ""},
		{"nobody else to compare with", steps(1, "192.0.2.7", "telegram", 0, fall, losing), nil, "", "no_control"},
		{"N10 others begin", steps(1, "192.0.2.7", "telegram", 0, fall, losing), []*fact.RateSeries{steps(3, "198.51.100.9", "", 3_700_000_000, flat(32, 5e6), nil)}, "", "contention"},
		{"N22 a silence and another round trip", steps(1, "192.0.2.7", "telegram", 0, slices.Concat(flat(14, 6e6), make([]float64, 7), flat(30, 2e6)), func(i int, b *fact.RateBin) {
			losing(i, b)
			if b.Bytes < 10_000 {
				*b = fact.RateBin{}
			} else if i > 14 {
				b.RTT[fact.LegUp] = 58_000
			}
		}), []*fact.RateSeries{control}, "", "outage"},
		{"to two thirds", steps(1, "192.0.2.7", "telegram", 0, append(flat(14, 1.5e6), flat(30, 1e6)...), losing), []*fact.RateSeries{control}, "", "no_fall"},
		{"after too short a time", steps(1, "192.0.2.7", "telegram", 0, append(flat(6, 6e6), flat(30, 1e6)...), losing), []*fact.RateSeries{control}, "", "no_fall"},
		{"N1 to what wanders", steps(1, "192.0.2.7", "telegram", 0, append(flat(14, 6e6), func() (out []float64) {
			for i := range 30 {
				out = append(out, 1.2e6*(1+0.6*math.Sin(float64(i))))
			}
			return out
		}()...), losing), []*fact.RateSeries{control}, "", "wanders"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := detect.Slowed{}.Judge(flowOf(tc.s), worldOf(append(tc.w, tc.s)...))
			got := strings.Join(kinds(j.Findings), ", ")
			if got != tc.want || tc.why != "" && !slices.Contains(reasons(j), tc.why) {
				t.Errorf("%q, stopped by %v; want %q, %s", got, j.Stopped, tc.want, tc.why)
			}
			if got == "suspected rate.shift" {
				if x := &j.Findings[0]; math.Abs(*x.BeforeBps/6e6-1) > 0.05 || math.Abs(*x.AfterBps/1e6-1) > 0.05 {
					t.Errorf("from %.0f to %.0f", *x.BeforeBps, *x.AfterBps)
				}
			}
		})
	}
}

func TestDatagramsThatAreNoTransferAreNotJudged(t *testing.T) {
	s := shapedSeries()
	s.Proto, s.Rate.Datagram = capture.ProtoUDP, true
	if j := (detect.Slowed{}).Judge(flowOf(s), worldOf(s)); len(j.Findings) > 0 || !slices.Contains(reasons(j), "own_pace") {
		t.Errorf("%v, %v", kinds(j.Findings), j.Stopped)
	}
	s.QUIC = true
	s.Rate.Packets = s.Rate.Bytes / 60 // acknowledgements
	if j := (detect.Slowed{}).Judge(flowOf(s), worldOf(s)); len(j.Findings) > 0 {
		t.Errorf("%v", kinds(j.Findings))
	}
}

// TestTheLimitOfAFlow: N3, N5, N6, N11 as records call them.
func TestTheLimitOfAFlow(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(int, *fact.RateBin)
		want string
	}{
		{"N6 the application", func(_ int, b *fact.RateBin) { b.Idle = 200_000 }, "application"},
		{"N6 PSH on all segments", func(_ int, b *fact.RateBin) { b.Pushed = b.Packets }, "application"},
		{"N5 the receiver", func(_ int, b *fact.RateBin) { b.Windows, b.FullWins = 2, 1 }, "receiver_window"},
		{"N11 the round trip", nil, "round_trip"},
		{"N3 a queue", waiting(30_000), "queue"},
		{"N1 losses", func(_ int, b *fact.RateBin) { b.Lost = b.Packets / 20 }, "loss"},
		{"nothing to tell by", func(_ int, b *fact.RateBin) { b.RTTs = [2]uint16{} }, ""},
		{"now this, now that", func(i int, b *fact.RateBin) {
			b.Lost = b.Packets / 20 * uint32(i%3%2)
			b.Idle = 200_000 * uint32(i%3/2)
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := detect.Limit(flowOf(steps(1, "192.0.2.7", "telegram", 0, flat(30, 2e6), tc.edit))); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	if got := detect.Limit(&fact.Flow{}); got != "" {
		t.Errorf("%q of nothing", got)
	}
}

// TestWhyNotSaysWhatWasCompared: who asks for a flow is told why its service was not, or
// what came of it.
func TestWhyNotSaysWhatWasCompared(t *testing.T) {
	for _, tc := range []struct {
		name string
		list []*fact.RateSeries
		want string
	}{
		{"too little", slices.Concat(together()[:1], others(2.5e6, 10_000)), "insufficient"},
		{"the same queue", slices.Concat(together(), others(2.5e6, 220_000)), "no_difference"},
	} {
		w := worldOf(tc.list...)
		if j := (detect.Slowed{}).Judge(flowOf(tc.list[0]), w); !slices.Contains(reasons(j), tc.want) {
			t.Errorf("%s: %v", tc.name, j.Stopped)
		} else if at := slices.IndexFunc(j.Saw, func(r finding.Reason) bool { return r.Code == "compared" }); at >= 0 && strings.Contains(j.Saw[at].Text, "95 % to 0.00") {
			t.Errorf("%s: the interval was not computed: %s", tc.name, j.Saw[at].Text)
		} else if (at >= 0) != (tc.want == "no_difference") {
			t.Errorf("%s: saw %v", tc.name, j.Saw)
		}
		w.Terse = true
		if j := (detect.Slowed{}).Judge(flowOf(tc.list[0]), w); len(j.Stopped) > 0 || len(j.Saw) > 0 {
			t.Errorf("%s: told though nobody asks: %v", tc.name, j.Stopped)
		}
	}
}
