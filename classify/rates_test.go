package classify

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// slowWorld has two transfers of WhatsApp that share 1 Mbit/s behind a queue, and two of
// somebody else that do not wait.
func slowWorld(w *fact.World) {
	const width = 4 * fact.RateWidth
	for i := range 4 {
		s := fact.RateSeries{Flow: fact.FlowID(1 + i), Dir: fact.Down, Client: netip.MustParseAddr("10.0.0.2"), Server: netip.MustParseAddr("192.0.2.7"),
			Port: 443, Proto: capture.ProtoTCP, Service: "whatsapp", Owner: "meta",
			Rate: fact.Rate{Width: width, Last: 40*width - 1, Floor: [2]uint32{fact.LegUp: 40_000}, Stamped: true}}
		bps, wait := 0.5e6, uint32(230_000)
		if i >= 2 {
			s.Server, s.Service, s.Owner = netip.MustParseAddr("198.51.100.7"), "", ""
			bps, wait = 2.5e6, 5_000
		}
		for k := range 40 {
			b := &s.Rate.Bins[k]
			b.Num, b.Bytes = uint64(100*i+k+1), uint64(bps/8*float64(width)/1e9)
			b.Packets = uint32(b.Bytes / 1500)
			b.RTT[fact.LegUp], b.RTTs[fact.LegUp] = 40_000+wait, 1
			s.Rate.Bytes += b.Bytes
			s.Rate.Packets += uint64(b.Packets)
			s.Rate.Trips.Add(40_000 + wait)
		}
		w.SawRate(&s)
	}
}

// TestWhatIsRevisedIsAskedOnce: a detector that goes by throughput is asked when any of
// it was told, and not between; what it does not say any more then is withdrawn.
func TestWhatIsRevisedIsAskedOnce(t *testing.T) {
	rec := newRecorder()
	r := newRun(nil, rec, Options{})
	r.out.overall(true)
	if len(rec.findings) != 0 {
		t.Fatalf("%d findings about nothing", len(rec.findings))
	}
	slowWorld(r.world)
	r.out.overall(false)
	if len(rec.findings) != 0 {
		t.Fatal("asked between two sweeps")
	}
	r.out.overall(true)
	f := rec.findings["f1"]
	if len(rec.findings) != 1 || f.Kind != finding.RateShaped || f.Verdict != finding.Likely {
		t.Fatalf("%+v", rec.findings)
	}
	r.world.Rates = nil
	r.out.overall(true)
	if got := rec.findings["f1"]; got.Rev != 0 {
		t.Errorf("asked again though nothing was told: %s, revision %d", got.Verdict, got.Rev)
	}
	r.world.RatesRev++
	r.out.overall(true)
	if got := rec.findings["f1"]; got.Verdict != finding.Withdrawn {
		t.Errorf("%s, revision %d", got.Verdict, got.Rev)
	}
}
