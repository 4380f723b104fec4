package synth

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
)

var (
	near  = netip.MustParseAddr("192.168.1.23")
	start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
)

// bench is a client and a server with a tap beside the client and one link.
type bench struct {
	*Sim
	tap  *Tap
	link *Pipe
	path *Path
}

// newBench has 20 ms each way; stages stand between the tap and the link.
func newBench(server string, stages ...Stage) *bench {
	s := NewSim(start, 7)
	b := &bench{Sim: s, tap: &Tap{Sim: s, Name: "t0", Near: Up}, link: &Pipe{Sim: s, Delay: 20 * time.Millisecond, Hops: 5}}
	client := near
	if !netip.MustParseAddr(server).Is4() {
		client = netip.MustParseAddr("2001:db8::23")
	}
	b.path = &Path{Client: &Host{Sim: s, Addr: client}, Server: &Host{Sim: s, Addr: netip.MustParseAddr(server)}}
	b.path.Stages = append(append([]Stage{b.tap}, stages...), b.link)
	return b
}

// recorded decodes what the tap saw.
func (b *bench) recorded(t *testing.T) (out []capture.Packet) {
	t.Helper()
	var d decode.Decoder
	for i, r := range b.tap.records {
		p := capture.Packet{Num: uint64(i + 1), Time: r.Time, Link: capture.LinkEthernet, Frame: r.Frame, WireLen: r.WireLen}
		d.Decode(&p)
		out = append(out, p)
	}
	if d.Counts != (decode.Counts{}) || b.tap.err != nil {
		t.Fatal(d.Counts, b.tap.err)
	}
	return out
}

// down is the direction of a recorded packet.
func down(p *capture.Packet) bool { return p.Key.SrcPort == 443 }

// stream puts the server's payload together from what arrived.
func stream(t *testing.T, packets []capture.Packet, n int) []byte {
	t.Helper()
	out, have := make([]byte, n), make([]bool, n)
	var isn uint32
	for i := range packets {
		p := &packets[i]
		if !down(p) {
			continue
		}
		if p.Flags&SYN != 0 {
			isn = p.Seq + 1
		}
		for k := range p.Payload {
			at := int(p.Seq-isn) + k
			if have[at] && out[at] != p.Payload[k] {
				t.Fatalf("packet %d says something else at %d", p.Num, at)
			}
			out[at], have[at] = p.Payload[k], true
		}
	}
	for i := range have {
		if !have[i] {
			t.Fatalf("byte %d of %d never came", i, n)
		}
	}
	return out
}

func request(s *Sim, n int) (Script, []byte) {
	data := s.Bytes(n)
	return Script{{From: Up, Data: []byte("please")}, {From: Down, Data: data}, {From: Up, Act: Close}}, data
}

func TestTransfersAreWholeWhateverIsLost(t *testing.T) {
	for _, tt := range []struct {
		name     string
		up, down float64
		server   string
	}{
		{"nothing", 0, 0, "203.0.113.1"},
		{"one in fifty of the data", 0, 0.02, "203.0.113.1"},
		{"one in ten both ways", 0.1, 0.1, "203.0.113.1"},
		{"one in three of the acknowledgements", 0.33, 0, "203.0.113.1"},
		{"one in fifty over IPv6", 0, 0.02, "2001:db8::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(tt.server)
			b.link.Loss = [2]float64{tt.up, tt.down}
			script, want := request(b.Sim, 300_000)
			Dial(b.path, 443, script, 0)
			b.Run(120 * time.Second)
			if got := stream(t, b.recorded(t), len(want)); !bytes.Equal(got, want) {
				t.Error("the bytes differ")
			}
			if len(b.path.Client.conns) == 1 && tt.up+tt.down == 0 {
				for _, c := range b.path.Client.conns {
					if !c.rcv.finished || len(c.snd.segs) > 0 {
						t.Error("it did not close")
					}
				}
			}
		})
	}
}

func TestHandshakeHasTheOptionsOfLinux(t *testing.T) {
	b := newBench("203.0.113.1")
	script, _ := request(b.Sim, 100)
	Dial(b.path, 443, script, 0)
	b.Run(time.Second)
	got := b.recorded(t)
	const all = capture.HasMSS | capture.HasWScale | capture.HasSACKOK | capture.HasTS | capture.HasDF
	for i, flags := range []uint16{SYN, SYN | ACK} {
		p := got[i]
		if p.Flags != flags || p.Has&all != all || p.MSS != 1460 || p.WScale != 7 || p.OptsLen != 20 {
			t.Errorf("packet %d: %+v", p.Num, p)
		}
	}
	if got[0].TTL != 64 || got[1].TTL != 59 || got[1].IPID != 0 {
		t.Errorf("TTL %d, %d; ID %d", got[0].TTL, got[1].TTL, got[1].IPID)
	}
	if got[1].TSecr != got[0].TSval || got[2].Flags != ACK || got[2].TSecr != got[1].TSval {
		t.Error("timestamps are not echoed")
	}
}

func TestIPIdentificationCountsPerConnection(t *testing.T) {
	b := newBench("203.0.113.1")
	script, _ := request(b.Sim, 50_000)
	Dial(b.path, 443, script, 0)
	b.Run(2 * time.Second)
	var last [2]uint16
	for _, p := range b.recorded(t)[2:] {
		d := 0
		if down(&p) {
			d = 1
		}
		if last[d] != 0 && p.IPID != last[d]+1 {
			t.Errorf("packet %d: ID %d after %d", p.Num, p.IPID, last[d])
		}
		last[d] = p.IPID
	}
}

func TestAHoleIsReportedBySACKAndFilledFast(t *testing.T) {
	drop := &nth{dir: Down, n: 12}
	b := newBench("203.0.113.1", drop)
	script, _ := request(b.Sim, 60_000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	var sacked, filled bool
	for _, p := range b.recorded(t) {
		if !down(&p) && p.Has&capture.HasSACK != 0 {
			sacked = true
			if p.SACK[0][0] != drop.lost.Seq+uint32(len(drop.lost.Payload)) {
				t.Errorf("packet %d: block at %d, hole ends at %d", p.Num, p.SACK[0][0], drop.lost.Seq+uint32(len(drop.lost.Payload)))
			}
		}
		if down(&p) && p.Seq == drop.lost.Seq && p.PayloadLen > 0 {
			filled = true
			if wait := p.Time - drop.at; wait > int64(90*time.Millisecond) {
				t.Errorf("filled after %d ms: that was a timeout", wait/1e6)
			}
		}
	}
	if !sacked || !filled {
		t.Error("no SACK, or the hole stayed")
	}
}

// nth loses the nth payload segment of a direction once.
type nth struct {
	dir  Dir
	n    int
	seen int
	at   int64
	lost Packet
}

func (d *nth) Handle(at Spot, p *Packet) {
	if p.Dir == d.dir && len(p.Payload) > 0 {
		if d.seen++; d.seen == d.n {
			d.lost, d.at = *p, at.path.Client.Sim.Now()
			return
		}
	}
	at.Forward(p)
}

func TestARepeatedSegmentIsToldByDSACK(t *testing.T) {
	b := newBench("203.0.113.1", &again{})
	script, _ := request(b.Sim, 20_000)
	Dial(b.path, 443, script, 0)
	b.Run(5 * time.Second)
	for _, p := range b.recorded(t) {
		if !down(&p) && p.Has&capture.HasSACK != 0 && int32(p.SACK[0][1]-p.Ack) <= 0 {
			return
		}
	}
	t.Error("no block below the acknowledgement")
}

// again delivers every payload segment of the server twice.
type again struct{}

func (*again) Handle(at Spot, p *Packet) {
	if p.Dir == Down && len(p.Payload) > 0 {
		twin := *p
		at.Forward(&twin)
	}
	at.Forward(p)
}

func TestSlowStartDoubles(t *testing.T) {
	b := newBench("203.0.113.1")
	script, _ := request(b.Sim, 400_000)
	Dial(b.path, 443, script, 0)
	b.Run(3 * time.Second)
	rounds := map[int64]int{}
	var first int64
	for _, p := range b.recorded(t) {
		if down(&p) && p.PayloadLen > 0 {
			if first == 0 {
				first = p.Time
			}
			rounds[(p.Time-first+int64(5*time.Millisecond))/int64(40*time.Millisecond)]++
		}
	}
	if rounds[0] != 10 || rounds[1] < 15 || rounds[2] < 30 || rounds[2] > 40 {
		t.Errorf("segments per round: %d %d %d %d", rounds[0], rounds[1], rounds[2], rounds[3])
	}
}
