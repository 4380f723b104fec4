package policy

import (
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/miekg/dns"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/site"
)

// look does nothing.
type look struct{}

func (look) Act(*box.Box, *box.Rule, *box.Packet) bool { return true }

// everything is a rule of each kind. Those that act do so on half of the packets, so
// that the next ones also have some.
func everything() (rules []*box.Rule) {
	half := func() box.Match { return Chance(0.5) }
	for _, m := range []box.Match{SNI(".example"), Host("a"), QNAME("a"), To(site.All[0].Address()), Port(53), V6, ICMP, STUN, RTP, QUICInitial, QUIC, SYN, SYNACK,
		Nth(3, Every), Once(Every), Following(Hello), Residual(SYN, time.Second), ConnLimit(FirstPayload, 2, time.Second, time.Second),
		AfterBytes(10), AfterPackets(3), FlowChance(0.5), Sticky(Payload(10)), After(time.Second), Between(0, time.Second), Flags(RST)} {
		rules = append(rules, rule(m, look{}))
	}
	for _, a := range []box.Action{Race(0), Corporate(), InWindow(), Behind(), GFWOnSYN(), GFWOnSYNACK(), GFWTrain(), GFWMix(), RSTThenZero(), Sandvine(),
		&Reset{To: Both, Shots: []Shot{{Seq: SeqAcked, Ack: AckISN(1), IPID: Random, Timestamps: true}}}, Henan(), Tajikistan(), Brunei(), Mirrored(), InjectedFIN(),
		&Rewrite{}, &Rewrite{Seq: Random, Ack: AckBeyond(1), NoOptions: true}, &BlockPage{ResetServer: true, Body: "no"}, &ForgeDNS{EDNS: true, SOA: "a", Lower: true},
		&ICMPError{Error: Prohibited, Pass: true}, &DropAfter{Packets: 9}, &Police{Rate: 1e6, Burst: 9000, Per: PerFlow}, &Shape{Rate: 1e6, Queue: 9000, Per: PerServer},
		Delay{Jitter: time.Second}, TSPUTrain(0), &Reject{}, Drop{}, Accept{}} {
		rules = append(rules, rule(half(), a))
	}
	return rules
}

// play hands a frame to a box three times in each direction; what it makes of them
// must have sound lengths and be readable.
func play(t *testing.T, raw []byte, rules []*box.Rule) {
	b := box.New(uint64(len(raw)))
	b.Rules = rules
	b.Out = func(_ box.Dir, out []byte) {
		if len(out) == 0 && len(raw) > 0 {
			t.Fatal("an empty frame comes out")
		}
	}
	b.Log = func(e *box.Event) {
		if e.What != box.Injected {
			return
		}
		if p := gopacket.NewPacket(e.Frame, layers.LayerTypeEthernet, gopacket.Default); p.NetworkLayer() == nil {
			t.Fatalf("forged what cannot be read: %x", e.Frame)
		}
	}
	b.Start(epoch)
	for i := range 6 {
		b.In(epoch+int64(i)*int64(300*time.Millisecond), box.Dir(i&1), raw)
	}
	b.Run(epoch + int64(time.Hour))
}

// seeds are frames of all kinds.
func seeds(t testing.TB) (out [][]byte) {
	for _, ends := range families {
		for _, f := range append(stream(4000, hello("blocked.example")), stream(4000, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))...) {
			f.ends = ends
			out = append(out, f.bytes())
		}
		f := frame{ends: ends, udp: true, server: 53, payload: question(t, "a", dns.TypeA)}
		p := new(box.Packet)
		*p = *box.New(1).Decode(box.Up, f.bytes())
		out = append(out, f.bytes(), (&ICMPError{Error: Prohibited}).frame(box.New(1), p), frame{ends: ends, flags: capture.RST}.bytes())
	}
	return out
}

func FuzzRules(f *testing.F) {
	for _, raw := range seeds(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) { play(t, raw, everything()) })
}

// TestEveryRuleTakesEveryFrame asks every action about every seed, each cut short
// at every length and damaged at every place of its headers.
func TestEveryRuleTakesEveryFrame(t *testing.T) {
	all := everything()
	for _, raw := range seeds(t) {
		for i := range min(len(raw), 120) {
			for _, r := range all {
				r.When = Every
			}
			damaged := append([]byte(nil), raw...)
			damaged[i] ^= 0xff
			one := all[i%len(all)]
			play(t, damaged, []*box.Rule{one})
			play(t, raw[:i], []*box.Rule{one})
		}
	}
}
