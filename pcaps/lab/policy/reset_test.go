package policy

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

const helloLen = 517

func onHello(do box.Action) *box.Rule { return rule(All(SNI("blocked.example"), Hello), do) }

func both(t *testing.T, test func(t *testing.T, ends [2]netip.Addr)) {
	for _, ends := range families {
		t.Run(ends[0].String(), func(t *testing.T) { test(t, ends) })
	}
}

func TestARaceIsExact(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		x, up, down := resets(t, ends, onHello(Race(2*time.Millisecond)))
		if len(up) != 0 || len(down) != 1 {
			t.Fatalf("%d resets to the server, %d to the client", len(up), len(down))
		}
		r, eth := down[0], down[0].pkt.LinkLayer().(*layers.Ethernet)
		if r.at != 43*time.Millisecond || r.tcp().Ack != clientISN+1+helloLen || !r.tcp().ACK || r.ttl() != 64 || r.tcp().SrcPort != 443 || r.tcp().DstPort != 4000 {
			t.Errorf("at %v: %v", r.at, r.pkt)
		}
		if wantSeqs(t, "race", down, 0); !bytes.Equal(eth.SrcMAC, serverMAC) || !bytes.Equal(eth.DstMAC, clientMAC) {
			t.Errorf("from %v to %v", eth.SrcMAC, eth.DstMAC)
		}
		if x.count(box.Dropped) != 0 {
			t.Error("the hello did not go on")
		}
	})
}

func TestResetsGoToBothSides(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		_, up, down := resets(t, ends, onHello(Corporate()))
		wantSeqs(t, "to the server", up, helloLen)
		wantSeqs(t, "to the client", down, 0)
		if up[0].tcp().Ack != serverISN+1 {
			t.Errorf("acknowledges %d", up[0].tcp().Ack-serverISN)
		}
		x, up, _ := resets(t, ends, onHello(&Reset{To: Server, Swallow: true}))
		wantSeqs(t, "in the place of the hello", up, 0)
		if x.count(box.Dropped) != 1 {
			t.Error("the hello went on")
		}
	})
}

func TestTrainsHaveTheirNumbers(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		_, up, down := resets(t, ends, onHello(GFWTrain()))
		wantSeqs(t, "GFW", down, 0, 1460, 4380)
		wantSeqs(t, "GFW", up, helloLen, helloLen+1460, helloLen+4380)
		_, up, down = resets(t, ends, onHello(Sandvine()))
		wantSeqs(t, "Sandvine", down, 0, 12503)
		wantSeqs(t, "Sandvine", up, helloLen, helloLen+12503)
		if ends[0].Is4() && (down[0].id() != 304 || down[1].id() != 305 || up[0].id() != 13 || up[1].id() != 14) {
			t.Errorf("Sandvine: IPIDs %d %d, %d %d", down[0].id(), down[1].id(), up[0].id(), up[1].id())
		}
		x, _, down := resets(t, ends, onHello(TSPUTrain(time.Millisecond)))
		wantSeqs(t, "TSPU", down, 0, 0, 1460, 2920, 3437)
		for i, a := range down {
			if a.ttl() != 52 || ends[0].Is4() && a.id() != uint16(301+i) || a.tcp().Window != 500 || !a.tcp().ACK {
				t.Errorf("TSPU: %v", a.pkt)
			}
		}
		if x.count(box.Dropped) != 1 {
			t.Error("TSPU: the hello went on")
		}
		_, _, down = resets(t, ends, onHello(GFWMix()))
		wantSeqs(t, "mix", down, 0, 0, 0, 0)
		if down[0].tcp().ACK || !down[1].tcp().ACK {
			t.Error("mix: not a RST and RST|ACKs")
		}
		_, _, down = resets(t, ends, onHello(RSTThenZero()))
		if len(down) != 2 || down[0].tcp().Ack == 0 || down[1].tcp().Ack != 0 {
			t.Error("no RST with ack 0 after one without")
		}
	})
}

func TestSYNsAreAnsweredInLockstep(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		_, _, down := resets(t, ends, rule(SYN, GFWOnSYN()))
		for i, want := range [][2]uint32{{65, 4229}, {67, 4231}, {66, 4230}} {
			if a := down[i]; a.tcp().Seq != 0 || a.tcp().Ack != clientISN+1 || uint32(a.ttl()) != want[0] || uint32(a.tcp().Window) != want[1] {
				t.Errorf("%v", a.pkt)
			}
		}
		_, _, down = resets(t, ends, rule(SYNACK, GFWOnSYNACK()))
		wantSeqs(t, "on SYN/ACK", down, 0, 0, 0)
		if down[0].at != 40*time.Millisecond+near || down[2].at != down[0].at+2*near || down[2].ttl() != 193 {
			t.Errorf("at %v and %v, TTL %d", down[0].at, down[2].at, down[2].ttl())
		}
	})
}

func TestOddOnes(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		_, _, down := resets(t, ends, onHello(Henan()))
		if len(down) != 1 || !bytes.Equal(down[0].tcp().Payload, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 0}) || ends[0].Is4() && down[0].id() != 1 || down[0].ttl() != 58 {
			t.Errorf("Henan: %v", down)
		}
		_, _, down = resets(t, ends, onHello(Tajikistan()))
		if len(down) != 1 || len(down[0].tcp().Payload) != 22 {
			t.Errorf("Tajikistan: %v", down)
		}
		_, _, down = resets(t, ends, onHello(InWindow()))
		if at := seqs(down); len(at) != 1 || at[0] < 1 || at[0] >= 500 {
			t.Errorf("in the window: %v", at)
		}
		if _, _, down = resets(t, ends, onHello(Brunei())); ends[0].Is4() && down[0].id() != 9 {
			t.Errorf("Brunei: IPID %d", down[0].id())
		}
		_, up, _ := resets(t, ends, onHello(Mirrored()))
		if wantSeqs(t, "mirrored", up, helloLen, helloLen, helloLen, helloLen+30, helloLen+30); up[0].ttl() != 64 {
			t.Errorf("mirrored: TTL %d", up[0].ttl())
		}
		_, _, down = resets(t, ends, onHello(InjectedFIN()))
		if len(down) != 1 || !down[0].tcp().FIN || down[0].tcp().RST || !down[0].tcp().PSH {
			t.Errorf("FIN: %v", down)
		}
	})
}

func TestBehindIsBehind(t *testing.T) {
	x := newBench(t, rule(Nth(2, All(Dir(box.Down), Payload(1))), Behind()))
	x.open(families[0], 4000, hello("a"))
	for i := range 2 {
		x.at(time.Second, frame{dir: box.Down, flags: capture.ACK, seq: uint32(i) * 1460, ack: helloLen, payload: make([]byte, 1460)})
	}
	out := x.rest()
	wantSeqs(t, "behind", out[len(out)-1:], 0)
	if !out[len(out)-1].isRST() {
		t.Error("no reset")
	}
}

func TestTimestampsAreCopied(t *testing.T) {
	x := newBench(t, rule(Hello, &Reset{Shots: []Shot{{Timestamps: true, Ack: AckBeyond(9), Seq: SeqAcked, Window: Counting(7, 1)}, {Ack: AckISN(1), Seq: SeqBehind(1), Window: Counting(7, 1)}}}))
	x.at(0, frame{flags: capture.SYN, ts: 1000})
	x.at(0, frame{dir: box.Down, flags: capture.SYN | capture.ACK, ts: 77})
	x.at(0, frame{flags: capture.ACK, ts: 1001, payload: hello("a")})
	out := x.rest()
	a, b := out[3].tcp(), out[4].tcp()
	want := []byte{0, 0, 0, 77, 0, 0, 3, 233}
	if len(a.Options) < 3 || !bytes.Equal(a.Options[2].OptionData, want) || len(b.Options) != 0 {
		t.Errorf("options %v and %v", a.Options, b.Options)
	}
	if a.Ack != clientISN+1+helloLen+9 || a.Seq != serverISN+1 || a.Window != 7 || b.Ack != clientISN+1 || b.Seq != serverISN || b.Window != 8 {
		t.Errorf("%+v and %+v", a, b)
	}
}

func TestAPacketIsRewrittenInItsPlace(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		x, up, down := resets(t, ends, rule(SYNACK, &Rewrite{}))
		if len(up) != 0 || len(down) != 1 {
			t.Fatalf("%d and %d resets", len(up), len(down))
		}
		r := down[0]
		if r.tcp().Seq != serverISN || r.tcp().Ack != clientISN+1 || r.tcp().SYN || len(r.tcp().Options) == 0 || r.ttl() != 52 || ends[0].Is4() && r.id() != 300 {
			t.Errorf("%v", r.pkt)
		}
		if r.at != 40*time.Millisecond || !bytes.Equal(x.log[0].Frame, r.raw) || x.count(box.Rewritten) != 1 {
			t.Error("the log has another frame")
		}
		data := frame{dir: box.Down, ends: ends, flags: capture.PSH | capture.ACK, ack: helloLen, ts: 5, payload: make([]byte, 1000)}
		x = newBench(t, rule(All(Following(All(Hello, SNI("blocked.example"))), Dir(box.Down)), &Rewrite{Ack: AckBeyond(100), Window: Const(0), NoOptions: true}))
		x.open(ends, 4000, hello("blocked.example"))
		x.rest()
		x.at(time.Second, data)
		if out := x.rest(); len(out) != 1 || out[0].tcp().Ack != clientISN+1+helloLen+100 || out[0].tcp().Window != 0 || len(out[0].tcp().Payload)+len(out[0].tcp().Options) != 0 || out[0].tcp().PSH || !out[0].isRST() {
			t.Errorf("%v", out)
		}
	})
}

func TestAFirewallRefuses(t *testing.T) {
	both(t, func(t *testing.T, ends [2]netip.Addr) {
		x := newBench(t, rule(Dir(box.Up), &Reject{}))
		x.at(0, frame{ends: ends, flags: capture.SYN})
		x.at(0, frame{ends: ends, flags: capture.ACK, seq: 10, ack: 20, payload: []byte("x")})
		x.at(0, frame{ends: ends, flags: capture.RST})
		x.at(0, frame{ends: ends, udp: true, payload: []byte("x")})
		out := x.rest()
		if len(out) != 3 || x.count(box.Dropped) != 4 {
			t.Fatalf("%d came out, %d dropped", len(out), x.count(box.Dropped))
		}
		if s := out[0].tcp(); s.Seq != 0 || s.Ack != clientISN+1 || !s.ACK || !s.RST {
			t.Errorf("a SYN is refused with %v", out[0].pkt)
		}
		if s := out[1].tcp(); s.Seq-serverISN != 21 || s.ACK || !s.RST {
			t.Errorf("a segment is refused with %v", out[1].pkt)
		}
		if out[2].tcp() != nil {
			t.Errorf("a datagram is refused with %v", out[2].pkt)
		}
	})
}
