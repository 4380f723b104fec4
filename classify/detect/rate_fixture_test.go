package detect_test

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/classify/track"
)

// followed is what the tracker makes of one tap's packets of one connection.
func followed(t *testing.T, seen []capture.Packet) *fact.Flow {
	t.Helper()
	tr := track.New(track.Config{Memory: 8 << 20, Seed: 1})
	for i := range seen {
		p := seen[i]
		p.Hash = p.Key.Hash(1)
		p.Has |= capture.Decoded
		tr.Packet(&p)
	}
	k := seen[0].Key
	id, e, _ := tr.Table.Find(&k, k.Hash(1))
	if e == nil {
		t.Fatal("no flow")
	}
	f := &fact.Flow{}
	tr.Snapshot(id, f, seen[len(seen)-1].Time, fact.EndOfCapture)
	f.Label = service.Label{Service: "telegram", Function: "media"}
	return f
}

// tappedRates are both taps' views of a download.
func tappedRates(t *testing.T, d download) map[string]*fact.Flow {
	t.Helper()
	server, client := simulate(d)
	return map[string]*fact.Flow{"server": followed(t, server), "client": followed(t, client)}
}

// shaper is a queue that begins when an allowance is used up; before, a faster line
// takes all.
func shaper(bps, limit, allowance, line float64) bottleneck {
	fast, slow, used := dropTail(line, 1e9), dropTail(bps, limit), 0.0
	return func(now int64, n float64) (bool, int64) {
		if used += n; used <= allowance {
			return fast(now, n)
		}
		return slow(now, n)
	}
}

// steps is a series made by hand: bits/s of each bin of 268 ms, from a time on, with
// what edit adds.
func steps(flow fact.FlowID, server string, owner string, from int64, bps []float64, edit func(i int, b *fact.RateBin)) *fact.RateSeries {
	const width = 4 * fact.RateWidth
	s := &fact.RateSeries{
		Flow: flow, Dir: fact.Down, Client: netip.MustParseAddr("10.0.0.2"), Server: netip.MustParseAddr(server), Port: 443, Proto: capture.ProtoTCP,
		Owner: owner, Service: owner, Name: owner + ".example",
		Rate: fact.Rate{Start: from, Width: width, Last: from + int64(len(bps))*width - 1, Floor: [2]uint32{fact.LegUp: 40_000}, Stamped: true},
	}
	for i, x := range bps {
		b := &s.Rate.Bins[i]
		b.Num = uint64(1000*int(flow) + i)
		b.Bytes = uint64(x / 8 * float64(width) / 1e9)
		b.Packets = uint32(b.Bytes/1500) + 1
		b.RTT[fact.LegUp], b.RTTs[fact.LegUp] = 42_000, 1
		if edit != nil {
			edit(i, b)
		}
		s.Rate.Bytes += b.Bytes
		s.Rate.Packets += uint64(b.Packets)
		if n := b.RTTs[fact.LegUp]; n > 0 {
			s.Rate.Trips.Add(b.RTT[fact.LegUp] / uint32(n))
		}
	}
	return s
}

// waiting has all bins wait in a queue of so many µs.
func waiting(us uint32) func(int, *fact.RateBin) {
	return func(_ int, b *fact.RateBin) { b.RTT[fact.LegUp] = 40_000 + us }
}

// flat is n bins of one rate, with a packet more in every other one.
func flat(n int, bps float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = bps + float64(i%2)*20e3
	}
	return out
}

// world has some series.
func worldOf(list ...*fact.RateSeries) *fact.World {
	w := &fact.World{}
	for _, s := range list {
		w.SawRate(s)
	}
	return w
}

// flowOf is the flow of a series.
func flowOf(s *fact.RateSeries) *fact.Flow {
	f := &fact.Flow{ID: s.Flow, Key: capture.Key{Src: s.Client.As16(), Dst: s.Server.As16(), SrcPort: 5000, DstPort: s.Port, Proto: s.Proto},
		Start: s.Rate.Start, Last: s.Rate.Last, Label: service.Label{Service: s.Service}}
	if s.QUIC {
		f.App = "quic"
	}
	f.Rates[s.Dir] = &s.Rate
	return f
}

func reasons(j detect.Judgement) (out []string) {
	for _, r := range j.Stopped {
		out = append(out, r.Code)
	}
	return out
}

// kinds lists what was found, with how sure.
func kinds(all []finding.Finding) (out []string) {
	for i := range all {
		out = append(out, string(all[i].Verdict)+" "+string(all[i].Kind))
	}
	return out
}
