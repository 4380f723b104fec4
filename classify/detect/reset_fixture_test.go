package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// The fixture flow: client 10.0.0.2 opens TLS to 157.240.1.60. Client numbers
// start at 1000, the server's at 5000; the server is 17 hops away, TTL 47.
const (
	clientISN = 1000
	serverISN = 5000
	helloLen  = 517
	helloEnd  = clientISN + 1 + helloLen
)

func ms(x float64) int64 { return 1_700_000_000_000_000_000 + int64(x*1e6) }

func dur(x float64) time.Duration { return time.Duration(x * 1e6) }

// tlsFlow has a handshake (packets 1 to 3, SYN at 0 ms) and a hello (packet 4,
// 10 ms after the SYN/ACK) that nothing answered yet.
func tlsFlow(rtt float64) *fact.Flow {
	f := synFlow()
	f.Handshake = true
	f.SYNACK = fact.Mark{Num: 2, Time: ms(rtt), SeqEnd: serverISN + 1}
	f.Hello = fact.Hello{Kind: "tls", First: fact.Mark{Num: 4, Time: ms(rtt + 10), SeqEnd: helloEnd}, End: helloEnd, Segs: 1}
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	up.Packets, up.Payload, up.NextSeq, up.Contig = 3, helloLen, helloEnd, helloEnd
	up.MaxAck, up.HasAck, up.First, up.Last = serverISN+1, true, f.Hello.First, f.Hello.First
	up.RTT = fact.RTT{Handshake: fact.Some(dur(rtt)), Min: fact.Some(dur(rtt)), Samples: 1}
	down.Packets, down.ISN = 1, fact.Some(uint32(serverISN))
	down.NextSeq, down.Contig, down.MaxAck, down.HasAck = serverISN+1, serverISN+1, clientISN+1, true
	down.SYN, down.SYNCount = f.SYNACK, 1
	down.MSS, down.SACKOK, down.Window = fact.Some(uint16(1460)), true, fact.Some(int64(65535))
	return f
}

// synFlow is a SYN of an ordinary system (packet 1) with no answer. What the
// server's side looks like is filled in already: it is what resets imitate.
func synFlow() *fact.Flow {
	f := &fact.Flow{ID: 1, Start: ms(0), Last: ms(60_000), Now: ms(60_000), Vantage: "gateway"}
	f.Key = capture.Key{Src: netip.MustParseAddr("10.0.0.2").As16(), Dst: netip.MustParseAddr("157.240.1.60").As16(),
		SrcPort: 51334, DstPort: 443, Proto: capture.ProtoTCP}
	up, down := &f.Sides[fact.Up], &f.Sides[fact.Down]
	up.Packets, up.SYN, up.SYNCount = 1, fact.Mark{Num: 1, Time: ms(0), SeqEnd: clientISN + 1}, 1
	up.ISN, up.NextSeq = fact.Some(uint32(clientISN)), clientISN+1
	up.MSS, up.SACKOK, up.WScale, up.Window = fact.Some(uint16(1460)), true, fact.Some(uint8(7)), fact.Some(int64(65535))
	up.TTL, up.TTLMin, up.TTLMax, up.DF = fact.Some(uint8(63)), 63, 63, fact.Some(true)
	down.TTL, down.TTLMin, down.TTLMax, down.DF = fact.Some(uint8(47)), 47, 47, fact.Some(true)
	down.TOS, up.TOS = fact.Some(uint8(0)), fact.Some(uint8(0))
	return f
}

// serverSends adds n full data segments from the server, packets first on.
func serverSends(f *fact.Flow, n int, first uint64, at float64) {
	down := &f.Sides[fact.Down]
	down.Packets += uint64(n)
	down.Payload += uint64(n) * 1460
	down.NextSeq += uint32(n) * 1460
	down.Contig = down.NextSeq
	f.Hello.Data = fact.Mark{Num: first, Time: ms(at), SeqEnd: serverISN + 1461}
	f.Hello.Answer = f.Hello.Data
	down.First = f.Hello.Data
	down.Last = fact.Mark{Num: first + uint64(n) - 1, Time: ms(at), SeqEnd: down.NextSeq}
	f.Sides[fact.Up].RTT.Samples++
}

// serverRST is a reset in sequence with an ACK for the hello, one RTT after it,
// as a server's own socket sends it: nothing is wrong with it.
func serverRST(f *fact.Flow, num uint64, at float64) fact.Reset {
	down := &f.Sides[fact.Down]
	down.Packets++
	return fact.Reset{Num: num, Time: ms(at), Dir: fact.Down, Flags: capture.RST | capture.ACK,
		Seq: down.NextSeq, Ack: helloEnd, HasAck: true, Window: 502, TTL: 47, IPID: fact.Some(uint16(0)), DF: true,
		SeqAhead: fact.Some(int32(0)), AckAhead: fact.Some(int32(0)),
		Covers: f.Hello.First, CoverAge: fact.Some(time.Duration(ms(at) - f.Hello.First.Time)),
		PrevSame: f.SYNACK.Time, PrevOther: f.Hello.First.Time, PrevOtherNum: 4, PrevOtherTTL: 63, Offenders: 1,
		HandshakeOK: true, UpBytes: helloLen, DownBytes: down.Payload, UpPackets: 3, DownPackets: uint32(down.Packets - 1)}
}

// bareRST is a reply without a socket: no ACK, no window, number from the
// offender's acknowledgement.
func bareRST(f *fact.Flow, num uint64, at float64, dir fact.Dir) fact.Reset {
	r := serverRST(f, num, at)
	r.Dir, r.Flags, r.HasAck, r.Ack, r.Window = dir, capture.RST, false, 0, 0
	r.Covers, r.CoverAge, r.AckAhead, r.AckEchoes = fact.Mark{}, fact.Opt[time.Duration]{}, fact.Opt[int32]{}, true
	if dir == fact.Up {
		f.Sides[fact.Down].Packets--
		f.Sides[fact.Up].Packets++
		r.TTL, r.Seq = 63, f.Sides[fact.Down].MaxAck
	}
	return r
}

// refusal answers a SYN that nothing else answered.
func refusal(f *fact.Flow, num uint64, at float64) fact.Reset {
	f.Sides[fact.Down].Packets++
	return fact.Reset{Num: num, Time: ms(at), Dir: fact.Down, Flags: capture.RST | capture.ACK, Seq: 0, Ack: clientISN + 1,
		HasAck: true, TTL: 47, DF: true, IPID: fact.Some(uint16(0)), SYNOnly: true, AckAhead: fact.Some(int32(0)),
		PrevOther: ms(0), PrevOtherNum: 1, Offenders: 1, UpPackets: 1}
}

func asIPv6(f *fact.Flow) *fact.Flow {
	f.Key.Src, f.Key.Dst = netip.MustParseAddr("2001:db8::2").As16(), netip.MustParseAddr("2001:db8:1::60").As16()
	for i := range f.Resets {
		f.Resets[i].IPID, f.Resets[i].DF, f.Resets[i].PrevOtherIPID = fact.Opt[uint16]{}, false, fact.Opt[uint16]{}
	}
	for i := range f.Sides {
		f.Sides[i].DF, f.Sides[i].LastIPID = fact.Opt[bool]{}, fact.Opt[uint16]{}
	}
	return f
}

// resetCaseTest is one recorded case: what must come out, exactly.
type resetCaseTest struct {
	name    string
	flow    func() *fact.Flow
	verdict finding.Verdict // "" no finding
	kind    finding.Kind
	cause   string // benign
	how     string // technique
	counts  string // evidence that counts, as "R1/C R5/S", sorted
	packets []uint64
	segment finding.Segment
}

func (tc *resetCaseTest) run(t *testing.T) {
	j := ResetInjected{}.Judge(tc.flow(), &fact.World{})
	if tc.verdict == "" {
		if len(j.Findings) != 0 {
			t.Fatalf("unexpected finding: %s %s %q %s", j.Findings[0].Kind, j.Findings[0].Verdict, j.Findings[0].Summary, counting(&j.Findings[0]))
		}
		if len(j.Stopped) == 0 {
			t.Error("nothing says why there is no finding")
		}
		return
	}
	if len(j.Findings) != 1 {
		t.Fatalf("findings: %d, want 1; stopped by %v", len(j.Findings), j.Stopped)
	}
	f := &j.Findings[0]
	if f.Verdict != tc.verdict || f.Kind != tc.kind || f.BenignCause != tc.cause || f.Technique != tc.how {
		t.Errorf("got %s %s cause=%q technique=%q, want %s %s cause=%q technique=%q",
			f.Verdict, f.Kind, f.BenignCause, f.Technique, tc.verdict, tc.kind, tc.cause, tc.how)
	}
	if got := counting(f); got != tc.counts {
		t.Errorf("evidence that counts: %q, want %q", got, tc.counts)
	}
	if !slices.Equal(f.Packets, tc.packets) {
		t.Errorf("packets %v, want %v", f.Packets, tc.packets)
	}
	if tc.segment != "" && f.Segment != tc.segment {
		t.Errorf("segment %s, want %s", f.Segment, tc.segment)
	}
	if f.Summary == "" || f.Filter != Filter(f.Packets...) || f.Key == "" {
		t.Errorf("summary %q filter %q key %q", f.Summary, f.Filter, f.Key)
	}
	t.Log(f.Summary)
}

// counting lists the evidence that weighs anything, sorted.
func counting(f *finding.Finding) string {
	var out []string
	for _, e := range f.For {
		if rank(e.Class) > 0 {
			out = append(out, fmt.Sprintf("%s/%s", e.Code, e.Class))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (tc resetCaseTest) runAs(t *testing.T) {
	t.Helper()
	t.Run(tc.name, tc.run)
}
