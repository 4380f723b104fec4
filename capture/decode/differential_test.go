package decode

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
)

// A dispute is a packet of which the two decoders say different things, and
// the first field that differs.
type dispute struct {
	field  string
	link   capture.LinkType
	frame  []byte
	p      *capture.Packet
	a, b   facts  // ours, theirs
	layers string // gopacket's layers, each between blanks
	fault  string // gopacket's decoding error
}

// exceptions are the classes of disputes in which this package is right, or
// in which both may be. The first that fits takes the dispute.
var exceptions = []struct {
	name string
	fits func(d *dispute) bool
}{
	// No version check in gopacket's IPv4; the link layer said 4, the header
	// does not.
	{"their IPv4 does not check the version", func(d *dispute) bool {
		return !d.a.IP && d.b.IP && d.layersHave("IPv4") && !d.layersHave("IPv6")
	}},
	// gopacket keeps an IPv6 layer of which it could not read the header.
	{"their IPv6 layer is empty", func(d *dispute) bool {
		return !d.b.Src.IsValid() && strings.Contains(d.fault, "Invalid ip6 header")
	}},
	// A panic inside gopacket, which NewPacket turned into an error.
	{"they panicked", func(d *dispute) bool { return strings.Contains(d.fault, "runtime error") }},
	// 0x9100 is not among gopacket's ethertypes.
	{"they know no old QinQ", func(d *dispute) bool { return strings.Contains(d.fault, "EthernetType 37120") }},
	// RFC 4385 control words, and pseudowires without one, stop gopacket.
	{"they know no pseudowires", func(d *dispute) bool {
		return d.layersHave("MPLS") && strings.Contains(d.fault, "guess protocol")
	}},
	// gopacket cuts the payload to PPPoE's length even when IP's is longer.
	{"PPPoE's length contradicts IP's", func(d *dispute) bool {
		return d.field == "Captured" && d.layersHave("PPPoE") && d.a.PayloadLen == d.b.PayloadLen
	}},
	// Not peeled here: capture.TunnelKind does not list it.
	{"Geneve is not peeled", func(d *dispute) bool { return d.layersHave("Geneve") }},
	// gopacket looks at the source port as well and does not ask for the I
	// flag (RFC 7348 section 5 wants it set and the destination port 4789), and
	// takes GTP-U messages that are not user packets.
	{"no tunnel by its port, flag or message type", func(d *dispute) bool {
		if d.field != "Src" || d.p.Has&capture.HasUDP == 0 || d.p.Has&capture.HasOuter != 0 {
			return false
		}
		return d.layersHave("VXLAN") && (d.p.Key.DstPort != 4789 || d.p.Payload[0]&8 == 0) ||
			d.layersHave("GTPv1U") && d.p.Payload[1] != 255
	}},
	// gopacket enters a tunnel whatever is in it; the inner header is cut,
	// lies about its length, or has the wrong version.
	{"nothing plausible in the tunnel", func(d *dispute) bool {
		return (d.field == "Src" || d.field == "Transport" || d.field == "Proto") && slices.Contains([]uint8{protoIPIP, protoIPv6, protoGRE}, d.p.Key.Proto) &&
			innerImplausible(d.p)
	}},
	// Type I has no header of its own, III is not in gopacket.
	{"they know ERSPAN II only", func(d *dispute) bool {
		return d.p.Has&capture.HasOuter != 0 && d.p.Outer.Kind == capture.TunnelERSPAN
	}},
	// BIG TCP: Linux leaves the length at 0 beyond 64 KiB. gopacket computes
	// in 16 bits for IPv4 and gives up for IPv6.
	{"a length of zero means all of the frame", func(d *dispute) bool {
		zero6 := strings.Contains(d.fault, "IPv6 length 0") || d.layersHave("IPv6HopByHop") && d.b.PayloadLen < 0
		return zero6 || d.layersHave("IPv4") && d.p.IPLen > 0xffff
	}},
	// The data offset is beyond what was captured, though not beyond the
	// segment: gopacket counts the options as payload.
	{"TCP options were clipped", func(d *dispute) bool {
		return d.field == "PayloadLen" && d.p.Has&capture.Clipped != 0 && d.p.OptsLen > 0 && d.a.Captured == 0
	}},
	// gopacket stops at these; RFC 8200 lets one read past any routing type.
	{"they stop at an IPv6 extension", func(d *dispute) bool {
		return d.field == "Proto" && d.layersHave("IPv6") && isExtension(d.b.Proto) &&
			(strings.Contains(d.fault, "not currently supported") || strings.Contains(d.fault, "routing header type"))
	}},
	// RFC 6946: a fragment header with neither offset nor M is whole.
	{"an atomic fragment is a datagram", func(d *dispute) bool {
		return d.field == "Transport" && d.layersHave("IPv6Fragment") && !d.b.Fragment
	}},
	// Routers forward what they cannot read in IP options, and so do we.
	{"they stop at malformed IP options", func(d *dispute) bool {
		return d.field == "Transport" && (strings.Contains(d.fault, "IP option") || strings.Contains(d.fault, "ip4 option"))
	}},
	// gopacket wants 8 bytes of ICMP, where type and code need two.
	{"ICMP of less than 8 bytes", func(d *dispute) bool {
		return d.field == "Transport" && d.a.Transport == "icmp" && strings.Contains(d.fault, "less then 8 bytes")
	}},
	// HasTCP promises the fixed header, which is there.
	{"a bad data offset leaves the fixed TCP header", func(d *dispute) bool {
		return d.field == "Transport" && d.p.Has&capture.BadOpts != 0 && strings.Contains(d.fault, "data offset")
	}},
	// gopacket stores the kind of an option before it looks at the length.
	{"an option that is cut was not seen", func(d *dispute) bool {
		return d.p.Has&capture.BadOpts != 0 && strings.Contains(d.fault, "Invalid TCP option length")
	}},
}

func (d *dispute) layersHave(name string) bool { return strings.Contains(d.layers, " "+name+" ") }

// innerImplausible checks by hand what the tunnel's payload begins with.
func innerImplausible(p *capture.Packet) bool {
	b := p.Payload
	if p.Key.Proto == protoGRE {
		return len(b) < 4+ipv4MinLen
	}
	if p.Key.Proto == protoIPIP {
		return len(b) < 20 || b[0]>>4 != 4 || int(b[2])<<8+int(b[3]) > int(p.PayloadLen)
	}
	return len(b) < 40 || b[0]>>4 != 6 || int(b[4])<<8+int(b[5])+40 > int(p.PayloadLen)
}

func TestCorporaAgreeWithGopacket(t *testing.T) {
	silence(t)
	var d Decoder
	compared, fits, open := 0, make([]int, len(exceptions)), 0
	kinds := map[string]int{}
	files := walkCorpora(t, func(path string, n int, r record) {
		p := fresh(r.link, r.frame)
		p.WireLen = uint32(r.wire)
		d.Decode(&p)
		checkLaws(t, &p)
		if !r.link.Supported() {
			return
		}
		compared++
		c := compare(r.link, r.frame, &p)
		kinds[c.a.Transport]++
		if c.field == "" {
			return
		}
		if i := c.exception(); i >= 0 {
			fits[i]++
		} else if open++; open <= 20 {
			t.Errorf("%s packet %d: %s differs\nours   %+v\ntheirs %+v\n%s %s", path, n, c.field, c.a, c.b, c.layers, c.fault)
		}
	})
	t.Logf("%d packets in %d files compared (%d tcp, %d udp, %d icmp), %d unexplained differences",
		compared, files, kinds["tcp"], kinds["udp"], kinds["icmp"], open)
	for i, e := range exceptions {
		t.Logf("%5d  %s", fits[i], e.name)
	}
	for c, n := range d.Counts {
		t.Logf("%7d  %s", n, Cause(c))
	}
}

func compare(link capture.LinkType, frame []byte, p *capture.Packet) *dispute {
	b, pkt := oracle(link, frame)
	c := &dispute{link: link, frame: frame, p: p, a: ours(p), b: b, layers: " "}
	if c.field = differing(c.a, c.b); c.field == "" {
		return c
	}
	for _, l := range pkt.Layers() {
		c.layers += l.LayerType().String() + " "
	}
	if e := pkt.ErrorLayer(); e != nil {
		c.fault = e.Error().Error()
	}
	return c
}

func (d *dispute) exception() int {
	for i, e := range exceptions {
		if e.fits(d) {
			return i
		}
	}
	return -1
}

// differing names the first field that differs: what follows it depends on it.
func differing(a, b facts) string {
	if a == b {
		return ""
	}
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range va.NumField() {
		if va.Field(i).Interface() != vb.Field(i).Interface() {
			return va.Type().Field(i).Name
		}
	}
	return ""
}

// silence keeps gopacket's GTP decoder, which prints, out of the test's output.
func silence(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := os.Stdout
	os.Stdout = null
	t.Cleanup(func() { os.Stdout = out; null.Close() })
}
