package policy

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/synth"
)

const (
	epoch     = int64(1_700_000_000_000_000_000)
	clientISN = 1000
	serverISN = 0xfffffff8 // the server's numbers begin anew soon
)

var (
	clientMAC, serverMAC = []byte{2, 0, 0, 0, 0, 1}, []byte{2, 0, 0, 0, 0, 2}
	home4, far4          = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7")
	home6, far6          = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:7::7")
	families             = [][2]netip.Addr{{home4, far4}, {home6, far6}}
)

// network is an IP header that can be written.
type network interface {
	gopacket.NetworkLayer
	gopacket.SerializableLayer
}

// serialize writes layers behind an Ethernet header, with lengths and checksums.
func serialize(eth []byte, ls ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		panic(err)
	}
	return slices.Concat(eth, buf.Bytes())
}

// frame describes a packet between the client and the server.
type frame struct {
	dir      box.Dir
	ends     [2]netip.Addr // zero: home4, far4
	port     uint16        // of the client; 0: 4000
	server   uint16        // port of the server; 0: 443
	ttl      uint8         // 0: 64 of the client, 52 of the server
	id       uint16
	flags    uint16 // of TCP
	seq, ack uint32 // after the SYNs
	ts       uint32 // timestamp; 0: none
	udp      bool
	payload  []byte
}

func (f frame) bytes() []byte {
	if !f.ends[0].IsValid() {
		f.ends = families[0]
	}
	if f.port == 0 {
		f.port = 4000
	}
	if f.server == 0 {
		f.server = 443
	}
	if f.ttl == 0 {
		f.ttl = []uint8{64, 52}[f.dir]
	}
	src, dst, sport, dport := f.ends[0], f.ends[1], f.port, f.server
	eth := slices.Concat(serverMAC, clientMAC)
	if f.dir == box.Down {
		src, dst, sport, dport = dst, src, dport, sport
		eth = slices.Concat(clientMAC, serverMAC)
	}
	kind := []byte{0x86, 0xdd}
	if src.Is4() {
		kind = []byte{8, 0}
	}
	eth = append(eth, kind...)
	ip := f.network(src, dst)
	if f.udp {
		udp := &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}
		udp.SetNetworkLayerForChecksum(ip)
		return serialize(eth, ip, udp, gopacket.Payload(f.payload))
	}
	tcp := f.segment()
	tcp.SrcPort, tcp.DstPort = layers.TCPPort(sport), layers.TCPPort(dport)
	tcp.SetNetworkLayerForChecksum(ip)
	return serialize(eth, ip, tcp, gopacket.Payload(f.payload))
}

func (f frame) network(src, dst netip.Addr) network {
	proto := layers.IPProtocolTCP
	if f.udp {
		proto = layers.IPProtocolUDP
	}
	if src.Is4() {
		return &layers.IPv4{Version: 4, TTL: f.ttl, Id: f.id, Flags: layers.IPv4DontFragment, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	return &layers.IPv6{Version: 6, HopLimit: f.ttl, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

func (f frame) segment() *layers.TCP {
	isn := []uint32{clientISN, serverISN}
	tcp := &layers.TCP{Seq: isn[f.dir] + 1 + f.seq, Window: 500}
	tcp.FIN, tcp.SYN, tcp.RST = f.flags&capture.FIN != 0, f.flags&capture.SYN != 0, f.flags&capture.RST != 0
	tcp.PSH, tcp.ACK = f.flags&capture.PSH != 0, f.flags&capture.ACK != 0
	if tcp.SYN {
		tcp.Seq--
		tcp.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 180}}}
	}
	if tcp.ACK {
		tcp.Ack = isn[f.dir.Other()] + 1 + f.ack
	}
	if f.ts > 0 {
		data := []byte{byte(f.ts >> 24), byte(f.ts >> 16), byte(f.ts >> 8), byte(f.ts), 0, 0, 0, 0}
		tcp.Options = append(tcp.Options, layers.TCPOption{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: data})
	}
	return tcp
}

// arrival is a frame that came out of the box, decoded by gopacket.
type arrival struct {
	at  time.Duration // since epoch
	dir box.Dir
	raw []byte
	pkt gopacket.Packet
}

func (a arrival) tcp() *layers.TCP {
	t, _ := a.pkt.TransportLayer().(*layers.TCP)
	return t
}

func (a arrival) ttl() uint8 {
	if ip, ok := a.pkt.NetworkLayer().(*layers.IPv4); ok {
		return ip.TTL
	}
	return a.pkt.NetworkLayer().(*layers.IPv6).HopLimit
}

func (a arrival) id() uint16 {
	if ip, ok := a.pkt.NetworkLayer().(*layers.IPv4); ok {
		return ip.Id
	}
	return 0
}

// isRST reports whether it is a reset.
func (a arrival) isRST() bool { return a.tcp() != nil && a.tcp().RST }

// bench is a box without length whose output and log are kept.
type bench struct {
	*box.Box
	t   testing.TB
	out []arrival
	log []*box.Event
}

func newBench(t testing.TB, rules ...*box.Rule) *bench {
	x := &bench{Box: box.New(1), t: t}
	x.Rules = rules
	x.Out = func(d box.Dir, raw []byte) {
		a := arrival{time.Duration(x.Now() - epoch), d, raw, gopacket.NewPacket(raw, layers.LayerTypeEthernet, gopacket.Default)}
		if err := a.pkt.ErrorLayer(); err != nil && a.pkt.TransportLayer() == nil {
			t.Errorf("comes out: %v", err.Error())
		}
		x.out = append(x.out, a)
	}
	x.Log = func(e *box.Event) { x.log = append(x.log, e) }
	x.Start(epoch)
	return x
}

// rule is one with a name.
func rule(when box.Match, do box.Action) *box.Rule { return &box.Rule{Name: "r", When: when, Do: do} }

// at hands in a frame.
func (x *bench) at(d time.Duration, f frame) { x.In(epoch+int64(d), f.dir, f.bytes()) }

// rest lets all that is due happen, and returns what has come out since the last
// time.
func (x *bench) rest() []arrival {
	for at, ok := x.Next(); ok; at, ok = x.Next() {
		x.Run(at)
	}
	out := x.out
	x.out = nil
	for _, a := range out {
		sound(x.t, a)
	}
	return out
}

func (x *bench) count(w box.What) (n int) {
	for _, e := range x.log {
		if e.What == w && e.Rule == "r" {
			n++
		}
	}
	return n
}

// sound checks lengths and checksums: gopacket would have written the same.
func sound(t testing.TB, a arrival) {
	var ls []gopacket.SerializableLayer
	for _, l := range a.pkt.Layers()[1:] {
		switch l := l.(type) {
		case *layers.TCP:
			l.SetNetworkLayerForChecksum(a.pkt.NetworkLayer())
		case *layers.UDP:
			l.SetNetworkLayerForChecksum(a.pkt.NetworkLayer())
		case *layers.ICMPv6:
			l.SetNetworkLayerForChecksum(a.pkt.NetworkLayer())
		}
		s, ok := l.(gopacket.SerializableLayer)
		if _, app := l.(gopacket.ApplicationLayer); app || !ok || l.LayerType() == layers.LayerTypeDNS {
			break
		}
		ls = append(ls, s)
	}
	last := ls[len(ls)-1].(gopacket.Layer)
	buf := gopacket.NewSerializeBuffer()
	opt := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(buf, opt, append(ls, gopacket.Payload(last.LayerPayload()))...); err != nil || !bytes.Equal(buf.Bytes(), a.raw[ethernet:]) {
		t.Errorf("lengths or checksums are wrong (%v) in\n%x, should be\n%x", err, a.raw[ethernet:], buf.Bytes())
	}
}

// open hands in a handshake and, a millisecond later, the client's first payload.
func (x *bench) open(ends [2]netip.Addr, port uint16, first []byte) {
	f := frame{ends: ends, port: port}
	syn, synack, ack, data := f, f, f, f
	syn.flags, syn.id = capture.SYN, 7
	synack.dir, synack.flags, synack.id = box.Down, capture.SYN|capture.ACK, 300
	ack.flags = capture.ACK
	data.flags, data.payload, data.id = capture.PSH|capture.ACK, first, 9
	now := time.Duration(x.Now() - epoch)
	x.at(now, syn)
	x.at(now+40*time.Millisecond, synack)
	x.at(now+40*time.Millisecond, ack)
	x.at(now+41*time.Millisecond, data)
}

// hello is a ClientHello of 517 bytes.
func hello(name string) []byte {
	return synth.ClientHello{Name: name}.Bytes(synth.NewSim(time.Unix(0, epoch), 1))
}

// resets opens a connection, lets the rules act, and returns the resets that came
// out on each side.
func resets(t *testing.T, ends [2]netip.Addr, rules ...*box.Rule) (x *bench, toServer, toClient []arrival) {
	x = newBench(t, rules...)
	x.open(ends, 4000, hello("blocked.example"))
	for _, a := range x.rest() {
		if !a.isRST() && !(a.tcp() != nil && a.tcp().FIN) {
			continue
		}
		if a.dir == box.Up {
			toServer = append(toServer, a)
		} else {
			toClient = append(toClient, a)
		}
	}
	if n := len(toServer) + len(toClient); x.count(box.Injected)+x.count(box.Rewritten) != n {
		t.Errorf("%d came out, the log has %d and %d", n, x.count(box.Injected), x.count(box.Rewritten))
	}
	return x, toServer, toClient
}

// seqs are sequence numbers relative to the first after the sender's SYN.
func seqs(as []arrival) (out []int32) {
	for _, a := range as {
		isn := uint32(clientISN)
		if a.dir == box.Down {
			isn = serverISN
		}
		out = append(out, int32(a.tcp().Seq-isn-1))
	}
	return out
}

func wantSeqs(t *testing.T, what string, as []arrival, want ...int32) {
	t.Helper()
	if got := seqs(as); !slices.Equal(got, want) {
		t.Errorf("%s: sequence numbers %v, want %v", what, got, want)
	}
}
