package detect

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// anyDropFlow draws a flow near the ones that fire.
func anyDropFlow(t *rapid.T) *fact.Flow {
	f := rapid.SampledFrom([]func() *fact.Flow{
		func() *fact.Flow { return dropSYN(0, 1, 3, 7, 15) },
		func() *fact.Flow { return dropHello(backoff...) },
		dropFrozen,
	}).Draw(t, "shape")()
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	f.Blind |= rapid.SampledFrom([]fact.Blindness{0, 0, fact.BlindOneWay, fact.BlindMidstream, fact.BlindGap, fact.BlindEvicted}).Draw(t, "blind")
	f.End = fact.End(rapid.IntRange(0, int(fact.EndOfCapture)).Draw(t, "end"))
	f.Vantage = rapid.SampledFrom([]string{"host", "gateway", "server", "unknown"}).Draw(t, "vantage")
	f.Now = f.Last + rapid.Int64Range(0, int64(time.Minute)).Draw(t, "later")
	down.Packets += rapid.Uint64Range(0, 40).Draw(t, "down")
	down.Payload += rapid.Uint64Range(0, 40_000).Draw(t, "payload")
	down.TLSRemain = fact.Some(rapid.IntRange(0, 2).Draw(t, "remain"))
	up.Retrans = rapid.Uint32Range(0, 6).Draw(t, "again")
	up.Window = fact.Some(rapid.Int64Range(0, 2).Draw(t, "window"))
	if rapid.Bool().Draw(t, "renumbered") { // sequence numbers may begin anywhere
		shift(f, rapid.Uint32().Draw(t, "shift"))
	}
	return f
}

// shift moves all sequence numbers of a flow, as another ISN would.
func shift(f *fact.Flow, by uint32) {
	for i := range f.Sides {
		s := &f.Sides[i]
		s.ISN.V, s.NextSeq, s.Contig, s.MaxAck = s.ISN.V+by, s.NextSeq+by, s.Contig+by, s.MaxAck+by
		s.First.SeqEnd, s.Last.SeqEnd, s.FIN.SeqEnd = s.First.SeqEnd+by, s.Last.SeqEnd+by, s.FIN.SeqEnd+by
	}
	f.Hello.End += by
	for i := range f.Hello.Retrans {
		f.Hello.Retrans[i].SeqEnd += by
	}
}

func anyDropWorld(t *rapid.T) *fact.World {
	var cs []fact.Control
	for range rapid.IntRange(0, 3).Draw(t, "controls") {
		from := float64(rapid.IntRange(-20, 30).Draw(t, "from"))
		c := living(from, from+float64(rapid.IntRange(0, 30).Draw(t, "span")))
		c.Server = mustAddr(rapid.SampledFrom([]string{"217.20.152.19", dropServer, "192.168.1.9"}).Draw(t, "server"))
		c.Owner = rapid.SampledFrom([]string{"vk", "meta", ""}).Draw(t, "owner")
		cs = append(cs, c)
	}
	return dropWorld(cs...)
}

var dropDetectors = []FlowDetector{DropConnect{}, DropHello{}, DropMidflow{}}

func TestLawNoDropIsAccusedWithoutAControl(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyDropFlow(t)
		for _, d := range dropDetectors {
			for _, fd := range d.Judge(f, dropWorld()).Findings {
				if fd.Verdict != finding.Inconclusive {
					t.Fatalf("%s: %s without a control", d.Name(), fd.Verdict)
				}
			}
			for _, fd := range d.Judge(f, anyDropWorld(t)).Findings {
				if fd.Verdict.Rank() > finding.Inconclusive.Rank() && len(fd.Controls) == 0 {
					t.Fatalf("%s: %s names no control", d.Name(), fd.Verdict)
				}
				if fd.Verdict == finding.Confirmed || fd.Verdict == finding.Likely && d.Name() != "drop.hello" {
					t.Fatalf("%s: %s of one flow", d.Name(), fd.Verdict)
				}
			}
		}
	})
}

func TestLawALifeSignClearsTheHello(t *testing.T) {
	signs := map[string]func(f *fact.Flow){
		"acknowledged": func(f *fact.Flow) { f.Hello.Acked = fact.Some(sec(11)) },
		"data":         func(f *fact.Flow) { f.Hello.Data = fact.Mark{Num: 99} },
		"any packet":   func(f *fact.Flow) { f.Hello.Answer = fact.Mark{Num: 99} },
		"reset":        func(f *fact.Flow) { f.ResetCount[fact.Down] = 1 },
	}
	names := []string{"acknowledged", "any packet", "data", "reset"}
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyDropFlow(t), anyDropWorld(t)
		sign := rapid.SampledFrom(names).Draw(t, "sign")
		signs[sign](f)
		if j := (DropHello{}).Judge(f, w); len(j.Findings) != 0 {
			t.Fatalf("%s after %q", j.Findings[0].Verdict, sign)
		}
	})
}

func TestLawVetoesHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyDropFlow(t), anyDropWorld(t)
		veto := rapid.SampledFrom([]fact.Blindness{fact.BlindGap, fact.BlindKernelDrops, fact.BlindOneWay, fact.BlindEvicted, fact.BlindTruncated}).Draw(t, "veto")
		f.Blind |= veto
		for _, d := range dropDetectors {
			for _, fd := range d.Judge(f, w).Findings {
				if fd.Verdict == finding.Unexplained && veto == fact.BlindOneWay && clientTestifies(f) && slices.Contains(fd.Blind, "one_way") {
					continue // the client says so itself, if less surely
				}
				if fd.Verdict != finding.Inconclusive || !slices.Contains(fd.Blind, veto.Names()[0]) {
					t.Fatalf("%s: %s, blind %v", d.Name(), fd.Verdict, fd.Blind)
				}
			}
		}
	})
}

func TestLawJudgingTwiceIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyDropFlow(t), anyDropWorld(t)
		for _, d := range append(dropDetectors, ICMPProhibited{}) {
			before := *f
			a, b := d.Judge(f, w), d.Judge(f, w)
			if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(before, *f) {
				t.Fatalf("%s:\n%+v\n%+v", d.Name(), a, b)
			}
		}
	})
}

func TestLawSequenceNumbersBeginAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, w := anyDropFlow(t), anyDropWorld(t)
		g := *f
		g.Hello.Retrans = slices.Clone(f.Hello.Retrans)
		shift(&g, rapid.Uint32().Draw(t, "shift"))
		for _, d := range dropDetectors {
			if a, b := d.Judge(f, w), d.Judge(&g, w); !reflect.DeepEqual(a, b) {
				t.Fatalf("%s:\n%+v\n%+v", d.Name(), a, b)
			}
		}
	})
}

func TestLawDNSIsJudgedByFactsAlone(t *testing.T) {
	addrs := []string{waIs, waElse, "1.2.3.4", "0.0.0.0", "10.10.34.34", "198.18.0.1", "64:ff9b::1", "2001::1", "93.184.216.34"}
	names := []string{"web.whatsapp.com", "web.telegram.org", "www.example.org", "x.local", ""}
	rapid.Check(t, func(t *rapid.T) {
		w := dnsWorld()
		for i := range rapid.IntRange(0, 4).Draw(t, "said") {
			heard(w, rapid.SampledFrom(names).Draw(t, "name"), told(rapid.SampledFrom([]string{google, router, "9.9.9.9"}).Draw(t, "who"),
				rapid.Bool().Draw(t, "tcp"), float64(i), rapid.SampledFrom(addrs).Draw(t, "addr")))
		}
		d := query(rapid.SampledFrom([]string{google, router, "9.9.9.9"}).Draw(t, "resolver"), rapid.SampledFrom(names).Draw(t, "qname"))
		d.Copies = rapid.IntRange(0, 4).Draw(t, "copies")
		for i := range rapid.IntRange(0, 3).Draw(t, "answers") {
			a := says(uint64(11+i), float64(3+10*i))
			if a.Rcode = uint8(rapid.IntRange(0, 5).Draw(t, "rcode")); a.Rcode == 0 {
				a.Addrs = says(0, 0, rapid.SampledFrom(addrs).Draw(t, "is")).Addrs
			}
			d.Answers = append(d.Answers, a)
		}
		f := dnsFlow(d)
		for _, det := range []FlowDetector{DNSDenied{}, DNSForged{}, DNSUnanswered{}} {
			a, b := det.Judge(f, w), det.Judge(f, w)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("%s:\n%+v\n%+v", det.Name(), a, b)
			}
			for _, fd := range a.Findings {
				if localAddr(d.Resolver) && fd.Verdict.Rank() > finding.Suspected.Rank() {
					t.Fatalf("%s: %s of the own resolver", det.Name(), fd.Verdict)
				}
			}
		}
	})
}
