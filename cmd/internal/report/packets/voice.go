package packets

import (
	"fmt"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/dns"
	"chokepoint/classify/wire/dtls"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
)

// voice says what a datagram says.
type voice struct {
	app  string // what the flow speaks, as the engine found
	dns  dns.Message
	stun stun.Message
	quic quic.Packet
}

// dnsPort is where names are asked for in the open (RFC 1035 section 4.2).
const dnsPort = 53

// of describes a datagram. The answer holds foreign text.
func (v *voice) of(p *capture.Packet) string {
	for _, speaks := range []func(*capture.Packet) string{v.asDNS, v.asSTUN, v.asQUIC, v.asDTLS, v.asRTP} {
		if s := speaks(p); s != "" {
			return s
		}
	}
	switch {
	case p.PayloadLen == 0:
		return "nothing"
	case v.app != "":
		return v.app
	}
	return "data"
}

func (v *voice) asDNS(p *capture.Packet) string {
	if p.Key.SrcPort != dnsPort && p.Key.DstPort != dnsPort {
		return ""
	}
	switch v.dns.ParseUDP(p.Payload, int(p.PayloadLen)) {
	case wire.Done:
	case wire.Malformed:
		return "DNS, malformed"
	default:
		return ""
	}
	m := &v.dns
	if !m.Response {
		return fmt.Sprintf("DNS question %s %s, id %04x", TypeName(m.QType), m.QName, m.ID)
	}
	var said []string
	for i := range m.Answers[:min(len(m.Answers), 4)] {
		switch a := &m.Answers[i]; {
		case a.Addr.IsValid():
			said = append(said, a.Addr.String())
		case a.Target != "":
			said = append(said, a.Target)
		}
	}
	if len(said) == 0 {
		said = append(said, "no address")
	}
	return fmt.Sprintf("DNS answer %s %s, id %04x: %s, %s", TypeName(m.QType), m.QName, m.ID, RcodeName(m.Rcode), strings.Join(said, " "))
}

func (v *voice) asSTUN(p *capture.Packet) string {
	if v.app != "stun" && v.app != "rtp" && v.app != "" || v.stun.Parse(p.Payload, int(p.PayloadLen)) != wire.Done {
		return ""
	}
	m := &v.stun
	name := m.Method.String()
	if name == "" {
		name = fmt.Sprintf("type 0x%04x", m.Type)
	}
	out := fmt.Sprintf("STUN %s %s, transaction %x", name, m.Class, m.Txn[:4])
	if m.ErrorCode != 0 {
		out += fmt.Sprintf(", error %d", m.ErrorCode)
	}
	if m.XorMapped.IsValid() {
		out += ", seen as " + m.XorMapped.String()
	}
	return out
}

func (v *voice) asQUIC(p *capture.Packet) string {
	var kinds []string
	for b := p.Payload; len(b) > 0 && b[0]&0x80 != 0; {
		n, s := quic.Parse(b, &v.quic)
		if s != wire.Done || n <= 0 {
			break
		}
		kinds = append(kinds, v.quic.Type.String())
		b = b[n:]
	}
	if len(kinds) > 0 {
		return fmt.Sprintf("QUIC %s %s, to connection %x", v.quic.Version, strings.Join(kinds, " + "), v.quic.DCID)
	}
	if v.app == "quic" && len(p.Payload) > 0 && p.Payload[0]&0x80 == 0 {
		return "QUIC, short header"
	}
	return ""
}

var dtlsTypes = map[byte]string{
	dtls.ChangeCipherSpec: "change cipher spec", 21: "alert", dtls.Handshake: "handshake", dtls.ApplicationData: "data",
}

func (v *voice) asDTLS(p *capture.Packet) string {
	typ, _, _, ok := dtls.Record(p.Payload)
	if !ok || v.app != "dtls" && v.app != "rtp" && v.app != "stun" {
		return ""
	}
	if name := dtlsTypes[typ]; name != "" {
		return "DTLS " + name
	}
	return fmt.Sprintf("DTLS record type %d", typ)
}

func (v *voice) asRTP(p *capture.Packet) string {
	var h rtp.Header
	if v.app != "rtp" || len(p.Payload) < 12 || rtp.Demux(p.Payload[0]) != rtp.RTP || !rtp.ParseCut(p.Payload, int(p.PayloadLen), &h) {
		return ""
	}
	if p.Payload[1] >= 192 && p.Payload[1] <= 223 { // RFC 5761 section 4
		return fmt.Sprintf("RTCP type %d", p.Payload[1])
	}
	return fmt.Sprintf("RTP seq %d, payload type %d", h.Seq, h.Type)
}

// TypeName names the types of questions that matter here.
func TypeName(t uint16) string {
	switch t {
	case 1:
		return "A"
	case 5:
		return "CNAME"
	case 28:
		return "AAAA"
	case 64:
		return "SVCB"
	case 65:
		return "HTTPS"
	}
	return fmt.Sprintf("TYPE%d", t)
}

// RcodeName names response codes (RFC 1035 section 4.1.1).
func RcodeName(c uint16) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("RCODE%d", c)
}
