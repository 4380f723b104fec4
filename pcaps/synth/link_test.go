package synth

import (
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
)

// pour sends n datagrams of 1000 IP bytes down a path, one every gap, and
// returns when each arrived.
func pour(s *Sim, stage Stage, n int, gap time.Duration) (arrivals []time.Duration) {
	client := &Host{Sim: s, Addr: near}
	path := &Path{Client: client, Server: &Host{Sim: s, Addr: netip.MustParseAddr("203.0.113.1")}, Stages: []Stage{stage}}
	client.UDP = func(_ *Path, p *Packet) { arrivals = append(arrivals, s.Since()) }
	for i := range n {
		s.At(time.Duration(i)*gap, func() {
			path.enter(&Packet{Dir: Down, Src: netip.AddrPortFrom(path.Server.Addr, 9), Dst: netip.AddrPortFrom(near, 9),
				Proto: capture.ProtoUDP, TTL: 64, Payload: make([]byte, 1000-28)})
		})
	}
	s.Run(time.Hour)
	return arrivals
}

func TestPipeDelaysQueuesAndKeepsOrder(t *testing.T) {
	s := NewSim(start, 1)
	got := pour(s, &Pipe{Sim: s, Delay: 30 * time.Millisecond, Jitter: 20 * time.Millisecond, Rate: [2]float64{0, 8e6}}, 100, 0)
	if len(got) != 100 {
		t.Fatalf("%d arrived", len(got))
	}
	for i, at := range got {
		// 1 ms each at 8 Mbit/s, one behind the other.
		if least := time.Duration(i+1)*time.Millisecond + 30*time.Millisecond; at < least {
			t.Errorf("datagram %d after %v, not before %v", i, at, least)
		}
		if i > 0 && at <= got[i-1] {
			t.Errorf("datagram %d overtakes", i)
		}
	}
}

func TestPipeDropsWhatTheQueueCannotHold(t *testing.T) {
	s := NewSim(start, 1)
	if got := pour(s, &Pipe{Sim: s, Rate: [2]float64{0, 8e6}, Queue: 10_000}, 100, 0); len(got) < 10 || len(got) > 12 {
		t.Errorf("%d passed a queue of ten", len(got))
	}
}

func TestPipeLosesItsShare(t *testing.T) {
	s := NewSim(start, 1)
	if got := pour(s, &Pipe{Sim: s, Loss: [2]float64{1, 0.1}}, 10_000, time.Microsecond); len(got) < 8_850 || len(got) > 9_150 {
		t.Errorf("%d of 10000 passed", len(got))
	}
}

func TestPolicerPassesItsRateAndItsBurst(t *testing.T) {
	s := NewSim(start, 1)
	all := func(*Packet) bool { return true }
	b := &Policer{Sim: s, Rate: 1e6, Burst: 50_000, Dir: Down, Match: all}
	got := pour(s, b, 2000, 4*time.Millisecond) // 2 Mbit/s for 8 s
	passed, want := len(got), 50+1000
	if passed < want-2 || passed > want+2 || passed+b.Dropped != 2000 {
		t.Errorf("%d passed, %d dropped, want %d", passed, b.Dropped, want)
	}
	if got[49] != 49*4*time.Millisecond {
		t.Errorf("the burst was delayed: %v", got[49])
	}
}

func TestPolicerLeavesOthersAlone(t *testing.T) {
	s := NewSim(start, 1)
	none := func(*Packet) bool { return false }
	for _, b := range []*Policer{{Sim: s, Rate: 1, Burst: 1, Dir: Down, Match: none}, {Sim: s, Rate: 1, Burst: 1, Dir: Up, Match: func(*Packet) bool { return true }}} {
		if got := pour(NewSim(start, 1), b, 10, 0); len(got) != 10 {
			t.Errorf("%d passed", len(got))
		}
	}
}

func TestHelloDropSwallowsEverythingAfterTheHandshake(t *testing.T) {
	b := newBench("203.0.113.1")
	b.path.Stages = []Stage{b.tap, &HelloDrop{Match: func(*Packet) bool { return true }}, b.link}
	script, _ := request(b.Sim, 5000)
	Dial(b.path, 443, script, 3*time.Second)
	b.Run(10 * time.Second)
	copies, answers := 0, 0
	for _, p := range b.recorded(t) {
		if down(&p) {
			answers++
		} else if p.PayloadLen > 0 {
			copies++
		}
	}
	if answers != 1 || copies < 5 {
		t.Errorf("%d answers, %d copies of the hello", answers, copies)
	}
}

func TestFreezeIsExact(t *testing.T) {
	b := newBench("203.0.113.1")
	b.path.Stages = []Stage{b.tap, &Freeze{Match: func(*Packet) bool { return true }, Bytes: 8000}, b.link}
	script, _ := request(b.Sim, 50_000)
	Dial(b.path, 443, script, 0)
	b.Run(20 * time.Second)
	got := uint32(0)
	for _, p := range b.recorded(t) {
		if down(&p) {
			got += p.PayloadLen
		}
	}
	if got < 8000 || got >= 8000+1448 {
		t.Errorf("%d bytes passed", got)
	}
}

func TestNATHidesTheClient(t *testing.T) {
	outside := netip.MustParseAddr("198.51.100.7")
	b := newBench("203.0.113.1")
	far := &Tap{Sim: b.Sim, Name: "t1", Near: Down}
	b.path.Stages = []Stage{b.tap, &NAT{Inside: near, Outside: outside}, b.link, far}
	script, want := request(b.Sim, 5000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	stream(t, b.recorded(t), len(want))
	b.tap = far
	for _, p := range b.recorded(t) {
		if client := p.Key.SrcAddr(); !down(&p) && client != outside {
			t.Errorf("packet %d comes from %v", p.Num, client)
		}
	}
}
