package bulklog

import (
	"testing"

	"chokepoint/classify/fact"
)

// everywhere runs a case at ordinary sequence numbers and across their wrap.
func everywhere(t *testing.T, run func(t *tape, s uint32)) {
	for name, next := range map[string]uint32{"in the middle": 1_000_000, "across the wrap": 1<<32 - seg, "at the wrap": 0} {
		t.Run(name, func(t *testing.T) { run(newTape(t, next), next) })
	}
}

func TestBytesSentAgainBeforeTheirAckWereLostBehindTheTap(t *testing.T) {
	everywhere(t, func(r *tape, s uint32) {
		r.data(0, s, seg)
		r.data(1, s+seg, seg)
		r.data(2, s+2*seg, seg)
		r.ack(50, s+seg, s+2*seg, s+3*seg)
		r.data(60, s+seg, seg)
		r.flags(0, fact.LostDown, 0, fact.Again)
		r.data(90, s+seg, seg) // the retransmission was lost too
		r.flags(0, fact.LostDown, 0, fact.Again|fact.LostDown, fact.Again)
		if s := r.segment(); s.Losses != 2 {
			r.Errorf("%d losses, want 2", s.Losses)
		}
	})
}

func TestBytesSentAgainAfterTheirAckWereNotLost(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.ack(50, 1+seg)
	r.data(60, 1, seg)
	r.flags(0, fact.Again)
}

func TestDSACKWithdrawsTheLoss(t *testing.T) {
	everywhere(t, func(r *tape, s uint32) {
		r.data(0, s, seg)
		r.data(1, s+seg, seg)
		r.data(40, s, seg)
		r.flags(fact.LostDown, 0, fact.Again)
		r.ack(50, s+2*seg, s, s+seg)
		r.flags(0, 0, fact.Again)
	})
}

func TestDSACKInsideTheNextBlockWithdrawsTheLoss(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(1, 1+seg, seg)
	r.data(2, 1+2*seg, seg)
	r.data(40, 1+2*seg, seg)
	r.flags(0, 0, fact.LostDown, fact.Again)
	r.ack(50, 1, 1+2*seg, 1+3*seg, 1+seg, 1+3*seg)
	r.flags(0, 0, 0, fact.Again)
	r.ack(51, 1, 1+seg, 1+3*seg) // an ordinary SACK withdraws nothing
}

func TestRetransmissionOfSeveralSegmentsMarksAllOfThem(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, 500)
	r.data(1, 501, 500)
	r.data(2, 1001, 500)
	r.data(40, 501, 1000)
	r.flags(0, fact.LostDown, fact.LostDown, fact.Again)
}

func TestRetransmissionThatGoesOnWithNewBytesKeepsTheSequence(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, 500)
	s := r.data(40, 1, 1000)
	r.flags(fact.LostDown, fact.Again)
	if s.Events[1].Seq != 501 {
		t.Errorf("the second event begins at %d, want 501", s.Events[1].Seq)
	}
}

func TestHoleIsLossBeforeTheTapDatedAtTheArrivalBeforeIt(t *testing.T) {
	everywhere(t, func(r *tape, s uint32) {
		r.data(10, s, seg)
		before := r.num
		got := r.data(17, s+3*seg+100, seg) // two segments and a bit are missing
		r.flags(0, fact.LostUp, fact.LostUp, fact.LostUp, 0)
		for _, e := range got.Events[1:4] {
			if e.Time != 10*ms || e.Num != before {
				r.Errorf("hole dated %d ms at packet %d, want 10 ms at %d", e.Time/ms, e.Num, before)
			}
		}
		if got.Events[1].Len != seg+headers || got.Events[3].Len != 100+headers {
			r.Errorf("inferred lengths %d and %d", got.Events[1].Len, got.Events[3].Len)
		}
		r.data(120, s+seg, seg)
		r.flags(0, fact.LostUp|fact.Filled, fact.LostUp, fact.LostUp, 0, 0)
		if got := r.segment(); got.Losses != 3 || got.Gaps != 0 {
			r.Errorf("%d losses, %d gaps", got.Losses, got.Gaps)
		}
	})
}

func TestHoleFilledAtOnceIsReordering(t *testing.T) {
	for _, c := range []struct {
		name  string
		after int64
		rtt   int64
		lost  uint32
	}{
		{"after 2 ms without a round trip", 2, 0, 0},
		{"after 4 ms without a round trip", 4, 0, 1},
		{"after 20 ms of a round trip of 100 ms", 20, 100, 0},
		{"after 30 ms of a round trip of 100 ms", 30, 100, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape(t, 1)
			r.minRTT[fact.LegUp] = uint32(c.rtt * 1000)
			r.data(10, 1, seg)
			r.data(200, 1+2*seg, seg)
			r.data(200+c.after, 1+seg, seg)
			if got := r.segment().Losses; got != c.lost {
				t.Errorf("%d losses, want %d", got, c.lost)
			}
		})
	}
}

func TestHoleAcknowledgedWithoutHavingBeenFilledIsTheCaptures(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(1, 1+3*seg, seg)
	r.flags(0, fact.LostUp, fact.LostUp, 0)
	r.ack(2, 1+4*seg)
	r.flags(0, fact.Void, fact.Void, 0)
	if s := r.segment(); s.Gaps != 2 || s.Losses != 0 {
		t.Errorf("%d gaps, %d losses", s.Gaps, s.Losses)
	}
}

func TestHoleAlreadyAcknowledgedIsTheCaptures(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.ack(1, 1+2*seg) // acknowledges what was never seen
	r.data(2, 1+3*seg, seg)
	r.flags(0, fact.Void, fact.LostUp, 0)
	if s := r.segment(); s.Gaps != 1 || s.Losses != 1 {
		t.Errorf("%d gaps, %d losses", s.Gaps, s.Losses)
	}
}

func TestAckThatOvertakesItsDataInTheCaptureIsNoGap(t *testing.T) {
	r := newTape(t, 1)
	r.ack(1, 1+2*seg)
	r.data(2, 1, seg)
	r.data(2, 1+seg, seg)
	r.flags(0, 0)
	if s := r.segment(); s.Gaps != 0 {
		t.Errorf("%d gaps", s.Gaps)
	}
}

func TestStrayPacketFarAheadDoesNotMoveTheSequence(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(1, 1+maxHole*seg+5*seg, seg)
	r.data(2, 1+seg, seg)
	r.flags(0, 0)
}

func TestCaptureThatMissedAStretchGoesOnBehindIt(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	far := uint32(1 + 2*maxHole*seg)
	r.data(1, far, seg)
	r.data(2, far+seg, seg)
	if s := r.segment(); s.Gaps == 0 || !s.Continues || s.Losses != 0 || len(s.Events) != 1 {
		t.Errorf("behind the gap: %+v", *s)
	}
}

func TestKeepAlivesAndOldBytesAreNotTraffic(t *testing.T) {
	r := newTape(t, 1)
	r.data(0, 1, seg)
	r.data(10_000, seg, 1)
	r.data(10_001, 1<<32-50_000, 10) // before the connection
	r.flags(0)
}
