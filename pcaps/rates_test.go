package pcaps

import (
	"testing"
)

// transfer is what one download looked like.
type transfer struct {
	bytes    uint32  // payload, counted once
	repeated int     // segments of the server seen twice: lost behind the tap
	holes    int     // segments that came after a later one: lost before it
	rate     float64 // bits/s of IP bytes, what a full bucket lets through at once left out
	rtt      [2]int64
}

// The policer of telegram-policed.
const policedBps, policedBurst = 1e6, 100_000

// measure reads a transfer off a connection. RTT is that of timestamp echoes
// at the client: smallest and largest ms between an ACK and data that echoes it.
func measure(c *conn) (m transfer) {
	var high uint32
	seen := map[uint32]bool{}
	sent := map[uint32]int64{} // when the client first sent a TSval
	var from, to int64
	var counted uint64
	m.bytes, m.rtt[0] = c.received(), 1<<62
	for i := range c.all {
		p := &c.all[i]
		if c.up(p) {
			if _, ok := sent[p.TSval]; !ok {
				sent[p.TSval] = p.Time
			}
			continue
		}
		if p.PayloadLen == 0 {
			continue
		}
		switch {
		case seen[p.Seq]:
			m.repeated++
		case high != 0 && int32(p.Seq-high) < 0:
			m.holes++
		}
		seen[p.Seq] = true
		if end := p.Seq + p.PayloadLen; high == 0 || int32(end-high) > 0 {
			high = end
		}
		if from == 0 {
			from = p.Time
		}
		counted += uint64(p.IPLen)
		to = p.Time
		if at, ok := sent[p.TSecr]; ok {
			m.rtt[0], m.rtt[1] = min(m.rtt[0], p.Time-at), max(m.rtt[1], p.Time-at)
		}
	}
	if to > from {
		m.rate = (float64(counted) - policedBurst) * 8 / float64(to-from) * 1e9
	}
	return m
}

func TestPolicedDownloadsRunAtTheBucketsRate(t *testing.T) {
	conns := connsTo(t, "telegram-policed", "client.pcapng", "91.105.192.100")
	if len(conns) != 2 {
		t.Fatalf("%d downloads", len(conns))
	}
	for _, c := range conns {
		m := measure(c)
		if m.rate < 0.85*policedBps || m.rate > policedBps {
			t.Errorf("%.0f bit/s", m.rate)
		}
		if m.bytes != 640<<10 || m.holes < 15 {
			t.Errorf("%d bytes, %d losses", m.bytes, m.holes)
		}
		if m.rtt[0] < 57*ms {
			t.Errorf("RTT from %d ns", m.rtt[0])
		}
	}
	for _, c := range connsTo(t, "telegram-policed", "client.pcapng", "217.20.152.19") {
		m := measure(c)
		if m.bytes > 200_000 && m.rate < 5e6 || m.holes > 0 {
			t.Errorf("the control runs at %.0f bit/s and loses %d", m.rate, m.holes)
		}
	}
}

func TestTheServerSeesWhatThePolicerDropped(t *testing.T) {
	// The client is behind a NAT there: the flows are told by the server.
	for _, c := range connsTo(t, "telegram-policed", "server.pcapng", "91.105.192.100") {
		m := measure(c)
		if m.repeated < 15 || m.holes > 0 {
			t.Errorf("%d repeated, %d out of order at the sender", m.repeated, m.holes)
		}
		for i := range c.all {
			if p := &c.all[i]; !c.up(p) && p.TTL != 64 || c.up(p) && p.TTL != 64-14 {
				t.Fatalf("packet %d has TTL %d", p.Num, p.TTL)
			}
		}
	}
}

func TestTheInnocentTwinsDifferInOnePoint(t *testing.T) {
	for _, c := range connsTo(t, "telegram-lossy-path", "client.pcapng", "91.105.192.100") {
		m := measure(c)
		if share := float64(m.holes) * 1448 / float64(m.bytes); share < 0.015 || share > 0.03 || m.holes < 2*15 {
			t.Errorf("%d lost, %.3f", m.holes, share)
		}
	}
	for _, c := range connsTo(t, "telegram-app-paced", "client.pcapng", "91.105.192.100") {
		if m := measure(c); m.holes+m.repeated > 0 || m.bytes != 1_000_000 {
			t.Errorf("%+v", m)
		}
	}
}
