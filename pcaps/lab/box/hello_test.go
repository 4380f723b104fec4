package box

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/pcaps/synth"
)

const isn = 0xfffffff0 // the hello runs over the end of the sequence space

// segment builds a TCP segment from home4 to far4; pos is counted from after the SYN.
func segment(t testing.TB, pos int, syn bool, data []byte) []byte {
	eth := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: home4.AsSlice(), DstIP: far4.AsSlice()}
	tcp := &layers.TCP{SrcPort: 4000, DstPort: 443, Seq: isn + 1 + uint32(pos), ACK: !syn, SYN: syn, Window: 1000}
	if syn {
		tcp.Seq--
	}
	return assemble(t, eth, ip, tcp, data)
}

func quicDatagram(t testing.TB, from, to netip.Addr, data []byte) []byte {
	eth := &layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	return assemble(t, eth, ip, &layers.UDP{SrcPort: 4000, DstPort: 443}, data)
}

func assemble(t testing.TB, eth *layers.Ethernet, ip *layers.IPv4, l4 interface {
	gopacket.SerializableLayer
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}, data []byte) []byte {
	l4.SetNetworkLayerForChecksum(ip)
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, l4, gopacket.Payload(data)); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// listen hands frames to a box and returns what it knows after each of them.
func listen(frames ...[]byte) (known []Hello) {
	b := New(1)
	b.Out = func(Dir, []byte) {}
	b.Rules = []*Rule{{When: func(p *Packet) bool { known = append(known, p.Flow.Hello); return false }}}
	b.Start(epoch)
	for i, f := range frames {
		b.In(epoch+int64(i), Up, f)
	}
	return known
}

func simulation() *synth.Sim { return synth.NewSim(time.Unix(0, epoch), 1) }

func TestAHelloIsReadInAnySegments(t *testing.T) {
	hello := synth.ClientHello{Name: "Web.WhatsApp.com", PostQuantum: true}.Bytes(simulation())
	if len(hello) < 1500 {
		t.Fatalf("a hello of %d bytes fits in one segment: the test shows nothing", len(hello))
	}
	for _, size := range []int{1, 7, 536, 1400, len(hello)} {
		frames := [][]byte{segment(t, 0, true, nil)}
		for at := 0; at < len(hello); at += size {
			end := min(at+size, len(hello))
			frames = append(frames, segment(t, at, false, hello[at:end]))
			if size > 1 && at > 0 { // a copy of it, and one that also has what came before
				frames = append(frames, segment(t, at-1, false, hello[at-1:end]))
			}
		}
		known := listen(append(frames, segment(t, len(hello), false, []byte("more")))...)
		whole := slices.IndexFunc(known, func(h Hello) bool { return h.Done })
		want := (len(hello) + size - 1) / size
		if size > 1 {
			want = max(2*want-2, 1)
		}
		if whole != want || !known[whole].Last || known[whole].SNI != "web.whatsapp.com" {
			t.Errorf("segments of %d: whole at packet %d, want %d", size, whole, want)
		}
		for i, h := range known {
			if h.Last != (i == whole) || i > whole && (h.SNI != "web.whatsapp.com" || h.buf != nil) {
				t.Fatalf("segments of %d: after packet %d: last %v, name %q", size, i, h.Last, h.SNI)
			}
		}
	}
}

func TestAHelloIsReadOutOfOrder(t *testing.T) {
	hello := synth.ClientHello{Name: "t.me", PostQuantum: true}.Bytes(simulation())
	a, b, c := hello[:600], hello[600:1200], hello[1200:]
	known := listen(segment(t, 0, true, nil), segment(t, 1200, false, c), segment(t, 600, false, b), segment(t, 0, false, a))
	if last := known[3]; !last.Last || last.SNI != "t.me" || known[2].Done {
		t.Errorf("knows %+v", known)
	}
}

func TestAHelloIsReadWithoutItsHandshakeAndOnASYN(t *testing.T) {
	hello := synth.ClientHello{Name: "t.me"}.Bytes(simulation())
	if known := listen(segment(t, 5000, false, hello)); known[0].SNI != "t.me" {
		t.Errorf("from the middle: %+v", known[0])
	}
	if known := listen(segment(t, 0, true, hello[:200]), segment(t, 200, false, hello[200:])); known[1].SNI != "t.me" {
		t.Errorf("on a SYN: %+v", known[1])
	}
}

func TestTheHostOfARequestIsRead(t *testing.T) {
	known := listen(segment(t, 0, true, nil), segment(t, 0, false, []byte("GET / HTTP/1.1\r\nHo")),
		segment(t, 18, false, []byte("st: Example.COM:80\r\n\r\n")))
	if known[1].Done || !known[2].Last || known[2].Host != "example.com" || known[2].SNI != "" {
		t.Errorf("knows %+v", known)
	}
}

func TestWhatIsNoHelloEndsIt(t *testing.T) {
	known := listen(segment(t, 0, false, []byte("\xee\xee\xee\xee something obfuscated that is no hello")))
	if h := known[0]; !h.Done || h.Last || h.SNI != "" {
		t.Errorf("knows %+v", h)
	}
	var frames [][]byte
	for range 20 {
		frames = append(frames, quicDatagram(t, home4, far4, []byte("\x80\x60 RTP it may be")))
	}
	if known = listen(frames...); known[0].Done || !known[19].Done || known[19].QUIC {
		t.Errorf("datagrams: %+v", known[19])
	}
}

func TestMemoryIsBounded(t *testing.T) {
	endless := []byte("GET /" + strings.Repeat("a", 100<<10))
	var frames [][]byte
	for at := 0; at+1400 < len(endless); at += 1400 {
		frames = append(frames, segment(t, at+1400, false, endless[at:at+1400])) // before its time
		frames = append(frames, segment(t, at, false, endless[at:at+1400]))
	}
	for _, h := range listen(frames...) {
		if len(h.buf) > mostHello+2*1400 || len(h.early) > mostEarly {
			t.Fatalf("keeps %d bytes and %d segments", len(h.buf), len(h.early))
		}
	}
}

func TestTheNameInQUICInitialsIsRead(t *testing.T) {
	for _, q := range []synth.QUIC{
		{Name: "web.telegram.org", Version: 1},
		{Name: "web.telegram.org", Version: 1, PostQuantum: true},
		{Name: "web.telegram.org", Version: 1, PostQuantum: true, Swapped: true},
	} {
		lines, err := q.Opening(simulation())
		if err != nil {
			t.Fatal(err)
		}
		var frames [][]byte
		for _, l := range lines {
			frames = append(frames, quicDatagram(t, home4, far4, l.Data))
		}
		known := listen(append(frames, quicDatagram(t, home4, far4, []byte("\x40 short header")))...)
		if want := len(known) - 2; q.PostQuantum != (want == 1) || !known[want].Last || known[want].SNI != q.Name {
			t.Errorf("%+v: knows %+v", q, known)
		}
		for i, h := range known {
			if !h.QUIC || h.Done != (i >= len(known)-2) || h.Last != (i == len(known)-2) {
				t.Errorf("%+v: after %d: %+v", q, i, h)
			}
		}
	}
}
