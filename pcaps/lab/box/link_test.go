package box

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// epoch is when the tests begin, ns.
const epoch = int64(1_700_000_000_000_000_000)

var (
	home4, home6 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	far4, far6   = netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("2001:db8:7::7")
)

// datagram builds a UDP frame of ipLen IP bytes with TTL 64 whose first four
// payload bytes are n. None of it is the box's own code.
func datagram(t testing.TB, from, to netip.Addr, ipLen, n int) []byte {
	eth := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	udp := &layers.UDP{SrcPort: 4000, DstPort: 443}
	ip4 := &layers.IPv4{Version: 4, TTL: 64, Id: uint16(n), Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolUDP, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	var ip gopacket.SerializableLayer = ip4
	payload := make([]byte, ipLen-28)
	if from.Is6() {
		ip6 := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
		ip, payload, eth.EthernetType = ip6, make([]byte, ipLen-48), layers.EthernetTypeIPv6
		udp.SetNetworkLayerForChecksum(ip6)
	} else {
		udp.SetNetworkLayerForChecksum(ip4)
	}
	copy(payload, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	buf := gopacket.NewSerializeBuffer()
	opt := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opt, eth, ip, udp, gopacket.Payload(payload)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// arrival is a frame that came out of the box.
type arrival struct {
	at    time.Duration // since epoch
	dir   Dir
	frame []byte
}

func (a arrival) number() int {
	p := gopacket.NewPacket(a.frame, layers.LayerTypeEthernet, gopacket.Default)
	b := p.ApplicationLayer().Payload()
	return int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
}

// bench is a box under test: Far[Up] is the link, everything that comes out is
// kept, and so is the log.
type bench struct {
	*Box
	out []arrival
	log []*Event
}

func newBench(l Link, seed uint64) *bench {
	x := &bench{Box: New(seed)}
	x.Far[Up] = l
	x.Out = func(d Dir, frame []byte) {
		x.out = append(x.out, arrival{time.Duration(x.Now() - epoch), d, frame})
	}
	x.Log = func(e *Event) { x.log = append(x.log, e) }
	x.Start(epoch)
	return x
}

// send hands in n packets of ipLen bytes, gap apart, and lets all arrive.
func (x *bench) send(t testing.TB, n, ipLen int, gap time.Duration) {
	for i := range n {
		x.In(epoch+int64(i)*int64(gap), Up, datagram(t, home4, far4, ipLen, i))
	}
	x.rest()
}

func (x *bench) rest() {
	for at, ok := x.Next(); ok; at, ok = x.Next() {
		x.Run(at)
	}
}

func (x *bench) numbers() (out []int) {
	for _, a := range x.out {
		out = append(out, a.number())
	}
	return out
}

func (x *bench) count(w What) (n int) {
	for _, e := range x.log {
		if e.What == w {
			n++
		}
	}
	return n
}

func TestAChainIsCrossedInOrder(t *testing.T) {
	x := newBench(Chain{&Pipe{Delay: 3 * time.Millisecond}, &Pipe{Delay: 4 * time.Millisecond}, Chain{}}, 1)
	x.send(t, 2, 100, time.Millisecond)
	if len(x.out) != 2 || x.out[0].at != 7*time.Millisecond || x.out[1].at != 8*time.Millisecond {
		t.Errorf("came out: %v", x.out)
	}
}

func TestASilentHostLosesWhatGoesToIt(t *testing.T) {
	x := newBench(Silent{Dead: func(a netip.Addr) bool { return a == far6 }}, 1)
	x.In(epoch, Up, datagram(t, home6, far6, 100, 1))
	x.In(epoch, Up, datagram(t, home4, far4, 100, 2))
	if got := x.numbers(); !slices.Equal(got, []int{2}) || x.count(Lost) != 1 || x.log[0].Rule != "" {
		t.Errorf("came out %v, log %v", got, x.log)
	}
}

func TestAnOutageHasABeginningAndAnEnd(t *testing.T) {
	x := newBench(Silent{From: 10 * time.Millisecond, Until: 20 * time.Millisecond}, 1)
	x.send(t, 30, 100, time.Millisecond)
	want := append(series(0, 10), series(20, 30)...)
	if got := x.numbers(); !slices.Equal(got, want) || x.count(Lost) != 10 {
		t.Errorf("came out %v", got)
	}
	x = newBench(Silent{From: 10 * time.Millisecond}, 1)
	if x.send(t, 30, 100, time.Millisecond); len(x.out) != 10 {
		t.Errorf("an outage for good let %d through, want 10", len(x.out))
	}
}

// series is from, from+1, ..., to-1.
func series(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func TestWhatIsDueAtOnceHappensInTheOrderItWasAskedFor(t *testing.T) {
	b := New(1)
	var got []int
	for i := range 1000 {
		b.After(time.Duration(i%7), func() { got = append(got, i%7*1000+i) })
	}
	if b.Run(7); len(got) != 1000 || !slices.IsSorted(got) {
		t.Errorf("%d ran, sorted: %v", len(got), slices.IsSorted(got))
	}
}
