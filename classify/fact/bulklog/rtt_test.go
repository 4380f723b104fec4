package bulklog

import (
	"math/rand/v2"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

func (t *tape) trips(leg fact.Leg, want ...uint32) {
	t.Helper()
	ev := t.segment().Events
	for i, w := range want {
		if got := ev[i].RTT[leg]; got != w*1000 {
			t.Errorf("event %d: round trip %d us, want %d ms", i, got, w)
		}
	}
}

// TestAckGivesTheRoundTripOfWhatItAnswers: of two packets acknowledged together the
// first may have waited for the second.
func TestAckGivesTheRoundTripOfWhatItAnswers(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(10, 1+seg, seg)
	r.ack(100, 1+2*seg)
	r.data(200, 1+2*seg, seg)
	r.data(201, 1+3*seg, seg)
	r.ack(300, 1+4*seg)
	r.data(400, 1+4*seg, seg)
	r.ack(540, 1+5*seg) // alone: it may have waited for a timer
	r.trips(fact.LegDown, 0, 90, 100, 99, 140)
	for i, lone := range []bool{false, false, false, false, true} {
		if got := r.segment().Events[i].Flags&fact.Lone != 0; got != lone {
			t.Errorf("event %d was acknowledged alone: %v, want %v", i, got, lone)
		}
	}
}

func TestNoRoundTripFromRetransmittedOrWaitingData(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(1, 1+seg, seg)
	r.data(2, 1+2*seg, seg)
	r.data(110, 1+seg, seg)   // again
	r.data(111, 1+3*seg, seg) // sent while the repair was on its way
	r.ack(210, 1+4*seg)       // covers all
	r.data(220, 1+4*seg, seg) // sent after the repair
	r.ack(320, 1+5*seg)
	r.trips(fact.LegDown, 0, 0, 0, 0, 0, 100)
}

func TestTimestampEchoGivesTheRoundTripToTheSender(t *testing.T) {
	r := newTape(t, 1)
	ack := func(at int64, tsval uint32) {
		p := r.packet(at, 1, 0)
		p.Ack, p.TSval = 1, tsval
		r.Ack(p)
	}
	data := func(at int64, seq uint32, tsecr uint32) {
		p := r.packet(at, seq, 1448)
		p.TSecr = tsecr
		r.Data(p, mss)
	}
	ack(0, 50)
	ack(4, 50) // the same tick: the first counts
	ack(10, 51)
	ack(20, 52)
	data(100, 1, 50)
	data(101, 1+seg, 50) // an echo counts once
	data(120, 1+2*seg, 52)
	data(130, 1+3*seg, 51) // passed over
	ack(140, 53)
	data(240, 1, 53) // a retransmission that did not wait
	ack(250, 54)
	data(390, 1, 54) // and one that waited for a timer
	ack(400, 55)
	data(545, 1+5*seg, 55) // it shows a loss, and waited for a timer, too: a probe
	ack(550, 56)
	data(651, 1+6*seg, 56) // while a loss waits for repair a short one counts
	ack(650, 57)
	data(790, 1+7*seg, 57) // and a long one does not
	r.trips(fact.LegUp, 100, 0, 100, 0, 100, 0, 0, 0, 101, 0)
}

func TestTimestampsThatAreNeverEchoedDoNotBlockOthers(t *testing.T) {
	var e echoes
	for i := range uint32(100) {
		e.sent(i, int64(i)*ms)
	}
	e.sent(1<<31+5, 20_000*ms) // that clock was set back: older by serial order
	if at, ok := e.echoed(1<<31 + 5); !ok || at != 20_000*ms {
		t.Error("stale timestamps block a fresh one")
	}
}

func TestEarlyRoundTripsSpanTheWholeTime(t *testing.T) {
	var e fact.Early
	for i := range uint32(1000) {
		e.Add(i + 1)
	}
	s := e.Samples()
	if len(s) < fact.MaxEarly/2 || s[0] != 1 || s[len(s)-1] < 800 {
		t.Fatalf("samples %v", s)
	}
	for i := 2; i < len(s); i++ {
		if s[i]-s[i-1] != s[1]-s[0] {
			t.Fatalf("uneven samples %v", s)
		}
	}
}

// noise is packets of both directions with anything in them.
func noise(r *rand.Rand, at int64) (p capture.Packet, ack bool) {
	p = capture.Packet{Num: uint64(at), Time: at * ms / 4, Flags: capture.ACK, Has: capture.HasTCP | capture.HasTS | capture.HasSACK,
		Seq: uint32(r.IntN(200)) * 724, Ack: uint32(r.IntN(200)) * 724, TSval: uint32(r.IntN(50)), TSecr: uint32(r.IntN(50)), Segs: 1}
	if r.IntN(20) == 0 {
		p.Seq, p.Ack = r.Uint32(), r.Uint32()
	}
	p.NSACK = uint8(r.IntN(3))
	for i := range p.NSACK {
		p.SACK[i][0] = uint32(r.IntN(200)) * 724
		p.SACK[i][1] = p.SACK[i][0] + uint32(r.IntN(4))*724
	}
	if ack = r.IntN(2) == 0; ack && r.IntN(10) > 0 {
		return p, true
	}
	p.PayloadLen = uint32(r.IntN(9000))
	p.IPLen = p.PayloadLen + 52
	return p, ack
}

func TestAnyPacketsKeepTheLaws(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := &tape{T: t}
		base := rnd.Uint32()
		r.Start(Origin{ISN: base, Next: base + 1, Contig: base + 1, MSS: uint16(rnd.IntN(3) * 730)})
		for i := range int64(4000) {
			p, ack := noise(rnd, i)
			if p.Seq < 1<<20 { // the others are strays
				p.Seq, p.Ack = p.Seq+base+uint32(i)*100, p.Ack+base+uint32(i)*100
			}
			if ack {
				r.Ack(&p)
			} else {
				r.Data(&p, 0)
			}
			if i%16 == 0 {
				r.laws()
			}
		}
	}
}

func FuzzLog(f *testing.F) {
	f.Add([]byte("some packets"), uint32(0))
	f.Fuzz(func(t *testing.T, in []byte, base uint32) {
		r := &tape{T: t}
		r.Start(Origin{ISN: base, Next: base + 1, Contig: base + 1})
		for i := 0; i+4 <= min(len(in), 2048); i += 4 {
			p := r.packet(int64(i)+int64(in[i+3])*100, base+uint32(in[i])*300, int(in[i+1])*20)
			p.Ack, p.TSval, p.TSecr = base+uint32(in[i+1])*300, uint32(in[i+2]), uint32(in[i+3])
			p.Has |= capture.HasSACK
			p.NSACK, p.SACK[0] = 1, [2]uint32{base + uint32(in[i+2])*300, base + uint32(in[i+3])*300}
			if in[i]&1 == 0 {
				r.Data(p, 0)
			} else {
				r.Ack(p)
			}
			r.laws()
		}
	})
}
