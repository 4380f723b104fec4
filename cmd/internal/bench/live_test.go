package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

func TestBalance(t *testing.T) {
	for _, c := range []struct {
		name   string
		b      balance
		astray int64
		ok     bool
	}{
		{"all delivered", balance{Sent: 10, Packets: 10}, 0, true},
		{"some lost, some counted, some never came", balance{Sent: 10, Dropped: 1, Packets: 4, Lost: 2, Unseen: 3}, 0, true},
		{"one gone without a trace", balance{Sent: 10, Packets: 9}, 1, false},
		{"one twice", balance{Sent: 10, Packets: 10, Lost: 1}, -1, false},
		{"nothing sent", balance{}, 0, false},
		{"nothing delivered", balance{Sent: 10, Unseen: 10}, 0, false},
	} {
		if got := c.b.astray(); got != c.astray || (c.b.check() == nil) != c.ok {
			t.Errorf("%s: %d astray, %v", c.name, got, c.b.check())
		}
	}
}

func TestBestIsOneOfTheRounds(t *testing.T) {
	round := func(sent, packets, lost, unseen uint64, user time.Duration) flow {
		return flow{balance{Sent: sent, Packets: packets, Lost: lost, Unseen: unseen}, spent{User: user}, packets, time.Second}
	}
	// Who loses has less to do: that is no merit.
	rounds := []flow{round(100, 90, 10, 0, 90), round(200, 100, 0, 100, 100), round(150, 150, 0, 0, 900), round(160, 160, 0, 0, 800)}
	if f := best(rounds); f != rounds[3] || f.each(f.User) != 5 || f.rate() != 160 {
		t.Errorf("%+v: %v each at %v", f, f.each(f.User), f.rate())
	}
	if f := best(rounds[:2]); f != rounds[0] {
		t.Errorf("%+v", f)
	}
	if got := (flow{}).each(time.Second); got != time.Second {
		t.Errorf("without a packet %v", got)
	}
}

func TestSpentWithoutIdle(t *testing.T) {
	if got := (spent{5, 7}).less(spent{2, 9}); got != (spent{3, 0}) {
		t.Errorf("%v", got)
	}
}

func TestPace(t *testing.T) {
	began := time.Unix(1000, 0)
	p := pace{1000, began}
	for _, c := range []struct {
		sent uint64
		at   time.Duration
		want time.Duration
	}{
		{0, 0, 0}, {500, 100 * time.Millisecond, 400 * time.Millisecond}, {500, 500 * time.Millisecond, 0}, {500, time.Second, 0},
	} {
		if got := p.wait(c.sent, began.Add(c.at)); got != c.want {
			t.Errorf("%d sent after %v: wait %v, want %v", c.sent, c.at, got, c.want)
		}
	}
	if got := (pace{0, began}).wait(1<<40, began); got != 0 {
		t.Errorf("as fast as it goes: %v", got)
	}
}

// TestTraffic: the decoder finds what was meant, and nothing is
// sent twice.
func TestTraffic(t *testing.T) {
	var traffic traffic
	var d decode.Decoder
	next := map[capture.Key]uint32{}
	flags := map[uint16]int{}
	for i := range 40 * connections {
		p := capture.Packet{Frame: traffic.next(nil), Link: capture.LinkEthernet}
		d.Decode(&p)
		if p.Has&(capture.HasTCP|capture.HasTS) != capture.HasTCP|capture.HasTS || p.Has&capture.BadIPSum != 0 {
			t.Fatalf("packet %d: %+v", i, p)
		}
		if want, known := next[p.Key]; known && p.Seq != want {
			t.Fatalf("packet %d: sequence number %d, want %d", i, p.Seq, want)
		}
		next[p.Key] = p.Seq + p.PayloadLen + uint32(p.Flags>>1&1) // a SYN takes one
		if back, known := next[p.Key.Reverse()]; p.Flags&ack != 0 && (!known || p.Ack != back) {
			t.Fatalf("packet %d: acknowledges %d, sent was %d", i, p.Ack, back)
		}
		flags[p.Flags]++
	}
	if len(next) != 2*connections || flags[syn] != connections || flags[synAck] != connections || flags[pshAck] == 0 {
		t.Errorf("%d directions, flags %v", len(next), flags)
	}
}

func TestTrafficAsAFile(t *testing.T) {
	var b bytes.Buffer
	const packets = 1000
	if err := writeTraffic(&b, packets); err != nil {
		t.Fatal(err)
	}
	n, flows, err := countFlows(&b)
	if n != packets || flows != connections || err != nil {
		t.Errorf("%d packets, %d flows, %v", n, flows, err)
	}
}

func TestRatio(t *testing.T) {
	// The second round was slow for both.
	if got := ratio([]float64{9, 1, 8}, []float64{10, 1, 10}); got != 0.9 {
		t.Errorf("%v", got)
	}
	if got := center([]float64{3, 1, 2, 4}); got != 2 {
		t.Errorf("center %v", got)
	}
}

func TestIperfFigures(t *testing.T) {
	const tcp = `{"end":{"sum_received":{"bits_per_second":2.5e9}}}`
	const udp = `{"end":{"sum":{"packets":300000,"seconds":2,"lost_packets":5},"sum_received":{"bits_per_second":1}}}`
	for _, c := range []struct {
		load int
		text string
		want float64
	}{{0, tcp, 2.5}, {1, udp, 150}} {
		if got, err := iperfFigure(loads[c.load], []byte(c.text)); err != nil || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, %v", loads[c.load].name, got, err)
		}
	}
	for _, text := range []string{"", "{}", `{"error":"unable to connect"}`, `{"end":{"sum":{"packets":0,"seconds":0}}}`} {
		for _, l := range loads {
			if got, err := iperfFigure(l, []byte(text)); err == nil {
				t.Errorf("%s of %q: %v", l.name, text, got)
			}
		}
	}
}

// TestTables: what is over its limit is called so, and nothing else is.
func TestTables(t *testing.T) {
	var out bytes.Buffer
	programTable(&out, []program{{"cheap", 100, 90, 110 * time.Nanosecond}, {"dear", 111, 90, 110 * time.Nanosecond}, {"free", 5000, 90, 0}})
	recordVerdicts(&out, []*atRate{
		{name: "good", limits: true, rate: 1000, rounds: []flow{{balance{Sent: 10, Packets: 10}, spent{User: 3000}, 10, time.Second}}},
		{name: "bad", limits: true, rate: 1000, rounds: []flow{{balance{Sent: 10, Packets: 9, Lost: 1}, spent{User: 3000}, 9, time.Second}}},
		{name: "whatever", rounds: []flow{{balance{Sent: 10, Packets: 9, Lost: 1}, spent{User: 9000}, 9, time.Second}}},
	})
	for line := range strings.Lines(out.String()) {
		miss := strings.Contains(line, "MISS")
		if over := strings.Contains(line, "dear") || strings.Contains(line, "bad"); miss != over {
			t.Error(line)
		}
	}
	if strings.Contains(out.String(), "whatever") || strings.Count(out.String(), "MISS") != 3 {
		t.Error(out.String())
	}
}
