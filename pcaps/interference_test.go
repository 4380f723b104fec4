package pcaps

import (
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
)

// These tests look at the packets: what the truths say was done must be there,
// in the figures that detectors live on.

func TestResetRaceOutrunsTheServer(t *testing.T) {
	for _, addr := range []string{"157.240.205.60", "157.240.205.53", "157.240.1.60"} {
		for _, c := range connsTo(t, "whatsapp-reset-race", "client.pcapng", addr) {
			h := c.hello()
			hello := c.all[h]
			rest := c.all[h+1:]
			r := slices.IndexFunc(rest, func(p capture.Packet) bool { return !c.up(&p) })
			first := rest[r]
			if first.Flags != rst|ack || first.Time-hello.Time > 4*ms || first.Time-hello.Time < 1*ms {
				t.Errorf("%v: the first answer has flags %#x after %d µs", c.server, first.Flags, (first.Time-hello.Time)/1000)
			}
			if c.rtt() < 30*ms {
				t.Errorf("%v: RTT %d ns is too short for a race", c.server, c.rtt())
			}
			data := 0
			for _, p := range rest[r+1:] {
				if !c.up(&p) && p.PayloadLen > 0 && p.Time-hello.Time > 30*ms {
					data++
				}
			}
			if data < 1 {
				t.Errorf("%v: the server says nothing after the reset", c.server)
			}
		}
	}
}

func TestResetTrainMovesInLockstep(t *testing.T) {
	for _, c := range connsTo(t, "whatsapp-reset-train", "client.pcapng", "157.240.205.60") {
		var train []capture.Packet
		for _, p := range c.all {
			if !c.up(&p) && p.Flags&rst != 0 {
				train = append(train, p)
			}
		}
		if len(train) != 3 || train[2].Time-train[0].Time > 1*ms {
			t.Fatalf("%v: %d resets", c.server, len(train))
		}
		for _, p := range train[1:] {
			if int(p.TTL)-int(train[0].TTL) != int(p.Window)-int(train[0].Window) || p.TTL == train[0].TTL {
				t.Errorf("%v: TTL %d, window %d after %d, %d", c.server, p.TTL, p.Window, train[0].TTL, train[0].Window)
			}
		}
	}
}

func TestDroppedHelloIsRetransmittedWithBackoff(t *testing.T) {
	for _, addr := range []string{"157.240.205.60", "157.240.1.60", "157.240.9.53", "157.240.205.53"} {
		for _, c := range connsTo(t, "whatsapp-denied-and-dropped", "client.pcapng", addr) {
			h := c.hello()
			times := []int64{c.all[h].Time}
			for _, p := range c.all[h+1:] {
				if !c.up(&p) {
					t.Fatalf("%v: packet %d answers the hello", c.server, p.Num)
				}
				if p.Seq == c.all[h].Seq && p.PayloadLen == c.all[h].PayloadLen {
					times = append(times, p.Time)
				}
			}
			if len(times) < 6 {
				t.Fatalf("%v: %d copies of the hello", c.server, len(times))
			}
			for i := 4; i < len(times); i++ {
				if ratio := float64(times[i]-times[i-1]) / float64(times[i-1]-times[i-2]); ratio < 1.9 || ratio > 2.1 {
					t.Errorf("%v: copy %d comes after %.2f times the wait before it", c.server, i, ratio)
				}
			}
		}
	}
}

func TestDenialIsFastAndBareAndTCPKnowsBetter(t *testing.T) {
	got := answers(t, "whatsapp-denied-and-dropped")
	for _, name := range []string{"web.whatsapp.com", "g.whatsapp.net", "mmg.whatsapp.net", "e2.whatsapp.net"} {
		if len(got[name]) == 0 {
			t.Errorf("%s was not asked for", name)
		}
		for _, m := range got[name] {
			if m.Rcode != 3 || m.HasSOA || m.HasOPT || m.RA {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
	for _, m := range got["api.oneme.ru"] {
		if m.Rcode != 0 || !m.HasOPT || !m.RA {
			t.Errorf("an honest answer: %+v", m)
		}
	}
	for _, c := range connsTo(t, "whatsapp-denied-and-dropped", "client.pcapng", "8.8.8.8") {
		if c.received() < 40 {
			t.Errorf("over TCP the resolver gave %d bytes", c.received())
		}
	}
}

func TestDoubleAnswersDisagree(t *testing.T) {
	for name, list := range answers(t, "dns-double-answer") {
		if name != "web.whatsapp.com" && name != "mmg.whatsapp.net" && name != "g.whatsapp.net" {
			if len(list) != 1 && list[0].ID == list[1].ID {
				t.Errorf("%s: %d answers", name, len(list))
			}
			continue
		}
		for i := 0; i+1 < len(list); i += 2 {
			a, b := list[i], list[i+1]
			if a.ID != b.ID || a.Answers[0].Addr == b.Answers[0].Addr || a.Answers[0].Addr.String() != "1.2.3.4" {
				t.Errorf("%s: %v then %v", name, a.Answers, b.Answers)
			}
		}
	}
}

func TestFreezeStopsAtSixteenKilobytes(t *testing.T) {
	for _, addr := range []string{"104.18.10.47", "157.240.205.53", "162.159.133.233"} {
		for _, c := range connsTo(t, "freeze-after-16k", "client.pcapng", addr) {
			if n := c.received(); n < 16<<10 || n > 16<<10+1448 {
				t.Errorf("%v: %d bytes came", c.server, n)
			}
			fins := 0
			for _, p := range c.all {
				if c.up(&p) && p.Flags&fin != 0 {
					fins++
				}
				if p.Flags&rst != 0 || !c.up(&p) && p.Flags&fin != 0 {
					t.Errorf("%v: packet %d ends it", c.server, p.Num)
				}
			}
			if fins < 4 {
				t.Errorf("%v: %d FINs: the demand must show", c.server, fins)
			}
		}
	}
	for _, c := range connsTo(t, "freeze-after-16k", "client.pcapng", "217.20.152.19") {
		if c.received() < 200_000 {
			t.Errorf("the control got %d bytes", c.received())
		}
	}
}

func TestBlackholedSYNsAreRepeatedAtOneThreeSeven(t *testing.T) {
	for _, addr := range []string{"13.248.212.111", "76.223.92.165", "107.178.250.75"} {
		for _, c := range connsTo(t, "signal-syn-blackhole", "client.pcapng", addr) {
			if len(c.all) < 4 {
				t.Fatalf("%v: %d SYNs", c.server, len(c.all))
			}
			for i, want := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second} {
				p := c.all[i]
				if late := time.Duration(p.Time - c.all[0].Time - int64(want)); p.Flags != syn || late.Abs() > time.Millisecond {
					t.Errorf("%v: packet %d, flags %#x, %v off", c.server, p.Num, p.Flags, late)
				}
			}
		}
	}
	for _, c := range connsTo(t, "signal-syn-blackhole", "client.pcapng", "104.18.10.47") {
		if c.received() < 60_000 {
			t.Errorf("the CDN gave %d bytes", c.received())
		}
	}
}
