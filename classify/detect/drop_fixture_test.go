package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

// Times of the drop fixtures are in seconds since dropEpoch.
const dropEpoch = int64(1_760_000_000) * int64(time.Second)

func sec(s float64) int64 { return dropEpoch + int64(s*1e9) }

const (
	dropClient = "192.168.1.23"
	dropServer = "157.240.205.60"
	dropISN    = 1000
)

func dropKey(server string, proto uint8, port uint16) capture.Key {
	return capture.Key{Src: netip.MustParseAddr(dropClient).As16(), Dst: netip.MustParseAddr(server).As16(),
		SrcPort: 51334, DstPort: port, Proto: proto}
}

// dropSYN is a connection to WhatsApp whose SYN was sent at these times, and
// nothing came back.
func dropSYN(at ...float64) *fact.Flow {
	f := &fact.Flow{ID: 1, Key: dropKey(dropServer, capture.ProtoTCP, 443), Vantage: "host",
		Start: sec(at[0]), Label: service.Label{Service: "whatsapp", Family: "meta"}}
	up := &f.Sides[fact.Up]
	up.SYN = fact.Mark{Num: 1, Time: sec(at[0])}
	up.ISN = fact.Some(uint32(dropISN))
	for i, t := range at {
		up.Packets++
		up.SYNCount++
		f.Last, f.LastNum, up.LastAny = sec(t), uint64(10*i+1), sec(t)
		if i > 0 {
			f.Hello.SYNRetr = append(f.Hello.SYNRetr, fact.Mark{Num: f.LastNum, Time: sec(t)})
		}
	}
	f.Now = f.Last + sec(3) - dropEpoch
	return f
}

// dropHello is a connection that opened in 37 ms and whose hello of 517 bytes
// was sent at 0.04 s and again at these times; nothing came back.
func dropHello(again ...float64) *fact.Flow {
	f := dropSYN(0)
	f.Hello.SYNRetr = nil
	f.Handshake, f.SYNACK = true, fact.Mark{Num: 2, Time: sec(0.037)}
	f.Names.SNI = "web.whatsapp.com"
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	up.RTT.Handshake = fact.Some(37 * time.Millisecond)
	down.Packets, down.LastAny, down.HasAck, down.MaxAck = 1, sec(0.037), true, dropISN+1
	up.Payload, up.Unacked, up.Retrans = 517, fact.Some(uint32(517)), uint32(len(again))
	up.Packets = uint64(3 + len(again))
	h := &f.Hello
	h.Kind, h.Segs, h.End, h.Count = "tls", 1, dropISN+1+517, uint32(len(again))
	h.First = fact.Mark{Num: 4, Time: sec(0.04), SeqEnd: h.End}
	up.First, up.Last = h.First, h.First
	f.Last, f.LastNum = sec(0.04), 4
	for i, t := range again {
		f.Last, f.LastNum = sec(t), uint64(20+i)
		h.Retrans = append(h.Retrans, fact.Mark{Num: f.LastNum, Time: sec(t), SeqEnd: h.End})
	}
	up.LastAny = f.Last
	f.Now = f.Last + int64(10*time.Second)
	return f
}

// backoff is how a hello was seen to be sent again on a filtered line
// (resets-and-drops, D2).
var backoff = []float64{0.30, 0.59, 1.22, 2.43, 4.80, 9.67}

// dropFrozen is a download that stopped after 25 packets in the middle of a TLS
// record, about 16 KB; the client asked again in vain until 9 s.
func dropFrozen() *fact.Flow {
	f := dropHello()
	f.Hello.Acked, f.Hello.Answer, f.Hello.Data = fact.Some(sec(0.08)), fact.Mark{Num: 5}, fact.Mark{Num: 6}
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	down.Packets, down.Payload = 13, 12*1380
	down.First, down.Last = fact.Mark{Num: 6, Time: sec(0.08)}, fact.Mark{Num: 30, Time: sec(0.5)}
	down.LastAny, down.ISN = sec(0.5), fact.Some(uint32(5000))
	down.NextSeq = 5001 + 12*1380
	down.Contig = down.NextSeq
	down.TLSRemain = fact.Some(4000)
	down.HasAck, down.MaxAck = true, dropISN+1+517
	up.Packets, up.Retrans, up.Payload = 12+4, 4, 517+5*60
	up.HasAck, up.MaxAck = true, down.NextSeq
	up.Last = fact.Mark{Num: 31, Time: sec(1), SeqEnd: dropISN + 1 + 517 + 60}
	up.Unacked, up.Window, up.LastAny = fact.Some(uint32(60)), fact.Some(int64(64000)), sec(9)
	f.Last, f.LastNum, f.Now = sec(9), 60, sec(10)
	return f
}

// dropWorld holds controls, sorted by Last.
func dropWorld(controls ...fact.Control) *fact.World {
	slices.SortStableFunc(controls, func(a, b fact.Control) int { return int(a.Last - b.Last) })
	return &fact.World{Vantage: "host", Controls: controls}
}

// living is a control: a connection of the same client to another party.
func living(from, to float64) fact.Control {
	return fact.Control{Flow: 77, Service: "max", Owner: "vk", Server: netip.MustParseAddr("217.20.152.19"),
		Client: netip.MustParseAddr(dropClient), Name: "api.oneme.ru", Port: 443, Proto: capture.ProtoTCP,
		First: sec(from), Last: sec(to), Bytes: 9000}
}

// neighbour is a control on the failing flow's own address.
func neighbour(name string, from, to float64) fact.Control {
	c := living(from, to)
	c.Flow, c.Service, c.Owner, c.Server, c.Name = 78, "whatsapp", "meta", netip.MustParseAddr(dropServer), name
	return c
}

// verdictOf returns the verdict of the only finding, "" if there is none.
func verdictOf(t *testing.T, j Judgement) finding.Verdict {
	t.Helper()
	switch len(j.Findings) {
	case 0:
		return ""
	case 1:
		return j.Findings[0].Verdict
	}
	t.Fatalf("%d findings: %+v", len(j.Findings), j.Findings)
	return ""
}

// wellFormed holds what every finding owes the reader.
func wellFormed(t *testing.T, j Judgement) {
	t.Helper()
	for _, f := range j.Findings {
		if f.Summary == "" || len(f.Packets) == 0 || f.Filter != Filter(f.Packets...) || f.Confidence != Confidence(f.Verdict) {
			t.Errorf("summary %q, packets %v, filter %q, confidence %v", f.Summary, f.Packets, f.Filter, f.Confidence)
		}
		if !slices.IsSorted(f.Packets) || len(slices.Compact(slices.Clone(f.Packets))) != len(f.Packets) {
			t.Errorf("packets %v", f.Packets)
		}
		if f.Verdict.Rank() > 1 && len(f.For) == 0 {
			t.Errorf("%s without evidence", f.Verdict)
		}
		if s := Unnamed(&f); s != "" {
			t.Error(s)
		}
	}
}
