package bulklog

import (
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// policedLoad feeds a download of which every lossEvery-th segment is lost and
// sent again, n segments, from one round of packets it keeps.
type policedLoad struct {
	log       Log
	data, ack capture.Packet
	lossEvery int
	sent      int
}

func newLoad(lossEvery int) *policedLoad {
	l := &policedLoad{lossEvery: lossEvery}
	l.data = capture.Packet{Flags: capture.ACK, Has: capture.HasTCP | capture.HasTS, PayloadLen: seg, IPLen: seg + headers, Segs: 1, Seq: 1}
	l.ack = capture.Packet{Flags: capture.ACK, Has: capture.HasTCP | capture.HasTS}
	l.log.Start(Origin{Next: 1, Contig: 1, MSS: mss})
	return l
}

func (l *policedLoad) step() {
	l.sent++
	l.data.Num++
	l.data.Time += ms
	l.log.Data(&l.data, mss)
	if l.lossEvery > 0 && l.sent%l.lossEvery == 0 {
		again := l.data
		again.Time += ms / 2
		l.log.Data(&again, mss)
	}
	l.data.Seq += seg
	if l.sent%2 == 0 {
		l.ack.Time, l.ack.Ack, l.ack.TSval = l.data.Time, l.data.Seq-20*seg, uint32(l.sent)
		l.log.Ack(&l.ack)
	}
}

func TestFeedingDoesNotAllocateOnceGrown(t *testing.T) {
	for name, lossEvery := range map[string]int{"without loss": 0, "with 5 % loss": 20} {
		t.Run(name, func(t *testing.T) {
			l := newLoad(lossEvery)
			for range 20 * fact.MaxEvents {
				l.step()
			}
			if n := testing.AllocsPerRun(5, func() {
				for range 2 * fact.MaxEvents {
					l.step()
				}
			}); n > 0 {
				t.Errorf("%v allocations in %d packets", n, 3*fact.MaxEvents)
			}
			if n := testing.AllocsPerRun(100, func() { l.log.Snapshot() }); n > 0 {
				t.Errorf("%v allocations per snapshot", n)
			}
		})
	}
}

func BenchmarkData(b *testing.B) {
	for _, c := range []struct {
		name      string
		lossEvery int
	}{{"clean", 0}, {"5%lost", 20}} {
		b.Run(c.name, func(b *testing.B) {
			l := newLoad(c.lossEvery)
			b.ReportAllocs()
			for b.Loop() {
				l.step()
			}
		})
	}
}
