package classify

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/capture/capturetest"
)

// The two ends of every conversation here but for the server's address.
const (
	homeAddr = "192.168.1.20"
	homePort = 50123
	homeISN  = 1000
	farISN   = 7000
	farTTL   = 57
	homeTTL  = 64
)

// script is what these tests send: frames 10 ms apart.
type script struct {
	t       *testing.T
	server  netip.Addr
	packets []capture.Packet
}

// put adds a frame. down: from the server.
func (s *script) put(down bool, ttl uint8, transport gopacket.SerializableLayer, payload []byte) {
	s.t.Helper()
	from, to := netip.MustParseAddr(homeAddr), s.server
	if to.Is6() {
		from = netip.MustParseAddr("2001:db8::20")
	}
	if down {
		from, to = to, from
	}
	proto := layers.IPProtocolTCP
	if _, udp := transport.(*layers.UDP); udp {
		proto = layers.IPProtocolUDP
	}
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	var ip interface {
		gopacket.NetworkLayer
		gopacket.SerializableLayer
	} = &layers.IPv4{Version: 4, TTL: ttl, Protocol: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice(), Id: uint16(len(s.packets) + 1)}
	if to.Is6() {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	}
	switch l := transport.(type) {
	case *layers.TCP:
		l.SetNetworkLayerForChecksum(ip)
	case *layers.UDP:
		l.SetNetworkLayerForChecksum(ip)
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, transport, gopacket.Payload(payload)); err != nil {
		s.t.Fatal(err)
	}
	s.packets = append(s.packets, capture.Packet{
		Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() + int64(len(s.packets))*1e7,
		Link: capture.LinkEthernet, Frame: slices.Clone(buf.Bytes()), WireLen: uint32(len(buf.Bytes())),
	})
}

// open opens a connection.
func (s *script) open() {
	s.put(false, homeTTL, &layers.TCP{SrcPort: homePort, DstPort: 443, Seq: homeISN, SYN: true, Window: 64240}, nil)
	s.put(true, farTTL, &layers.TCP{SrcPort: 443, DstPort: homePort, Seq: farISN, Ack: homeISN + 1, SYN: true, ACK: true, Window: 65535}, nil)
	s.put(false, homeTTL, &layers.TCP{SrcPort: homePort, DstPort: 443, Seq: homeISN + 1, Ack: farISN + 1, ACK: true, Window: 502}, nil)
}

// say sends the client's first bytes with a TTL of their own.
func (s *script) say(ttl uint8, b []byte) {
	s.put(false, ttl, &layers.TCP{SrcPort: homePort, DstPort: 443, Seq: homeISN + 1, Ack: farISN + 1, ACK: true, PSH: true, Window: 502}, b)
}

// answer sends the server's first bytes.
func (s *script) answer(b []byte, heard int) {
	s.put(true, farTTL, &layers.TCP{SrcPort: 443, DstPort: homePort, Seq: farISN + 1, Ack: uint32(homeISN + 1 + heard), ACK: true, PSH: true, Window: 501}, b)
}

func (s *script) hear() []*heard { return hear(&capturetest.Source{Packets: s.packets}) }

// udpFrame is one datagram of the client.
func udpFrame(t *testing.T, to netip.Addr, port uint16, b []byte) capture.Packet {
	s := script{t: t, server: to}
	s.put(false, homeTTL, &layers.UDP{SrcPort: homePort, DstPort: layers.UDPPort(port)}, b)
	return s.packets[0]
}

func with16(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

func message(kind byte, b []byte) []byte { return append([]byte{kind, 0}, with16(b)...) }

// helloTo is a ClientHello without its record; no name where name is empty.
func helloTo(name string) []byte {
	var exts []byte
	if name != "" {
		exts = slices.Concat([]byte{0, 0}, with16(with16(append([]byte{0}, with16([]byte(name))...))))
	}
	exts = slices.Concat(exts, []byte{0, 16}, with16(with16([]byte("\x02h2"))))
	return message(1, slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0}, with16([]byte{0x13, 1, 0xc0, 0x2f}), []byte{1, 0}, with16(exts)))
}

func tlsRecord(b []byte) []byte { return append([]byte{22, 3, 1}, with16(b)...) }

// flightFor is a TLS 1.2 server's flight with a certificate for a party and other
// names.
func flightFor(t *testing.T, party string, others ...string) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: party, Organization: []string{"Another Party"}},
		DNSNames: append([]string{party}, others...), NotAfter: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(nil, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	u24 := func(b []byte) []byte { return append([]byte{0}, with16(b)...) }
	return tlsRecord(slices.Concat(
		message(2, slices.Concat([]byte{3, 3}, make([]byte, 32), []byte{0}, []byte{0xc0, 0x2f, 0})),
		message(11, u24(u24(der))), message(14, nil)))
}

// initialOf seals a hello into an Initial of QUIC version 1 (RFC 9001 section 5,
// RFC 9000 section 17.2.2).
func initialOf(t *testing.T, hello []byte) []byte {
	t.Helper()
	dcid := []byte("\x83\x94\xc8\xf0\x3e\x51\x57\x08")
	salt := []byte("\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a")
	secret, err := hkdf.Extract(sha256.New, dcid, salt)
	if err != nil {
		t.Fatal(err)
	}
	expand := func(from []byte, label string, n int) []byte {
		info := slices.Concat([]byte{0, byte(n), byte(len("tls13 " + label))}, []byte("tls13 "+label), []byte{0})
		b, err := hkdf.Expand(sha256.New, from, string(info), n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	secret = expand(secret, "client in", 32)
	body, _ := aes.NewCipher(expand(secret, "quic key", 16))
	nonce := expand(secret, "quic iv", 12) // packet number 0: nothing to mix in
	head, _ := aes.NewCipher(expand(secret, "quic hp", 16))
	aead, _ := cipher.NewGCM(body)

	frames := slices.Concat([]byte{6, 0}, binary.BigEndian.AppendUint16(nil, uint16(len(hello))|0x4000), hello)
	frames = append(frames, make([]byte, 1162-len(frames))...)
	b := slices.Concat([]byte{0xc3, 0, 0, 0, 1, byte(len(dcid))}, dcid, []byte{0, 0}, binary.BigEndian.AppendUint16(nil, uint16(4+len(frames)+16)|0x4000))
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, aead.Seal(nil, nonce, frames, b)...)
	var mask [aes.BlockSize]byte
	head.Encrypt(mask[:], b[at+4:at+4+16])
	b[0] ^= mask[0] & 0x0f
	for i := range 4 {
		b[at+i] ^= mask[1+i]
	}
	return b
}

// Addresses of services, of nobody, and of strangers.
const (
	atWhatsApp = "157.240.205.60" // WhatsApp's own among those Meta shares
	atMeta     = "157.240.1.35"
	atMeta6    = "2a03:2880:f12c:83:face:b00c:0:25de"
	atTelegram = "149.154.167.41"
	atVK       = "87.240.129.133"
	atApple    = "17.57.144.20"
	atTeams    = "52.113.194.132"
	atZoom     = "170.114.52.2"
	atNobody   = "203.0.113.80"
	atNobody6  = "2001:db8:99::80"
)

// decoy is a name said to an address; service is what it is, "" nobody's.
type decoy struct {
	what, name, at, service string
}

var namesAt = []decoy{
	{"the name itself", "web.whatsapp.com", atMeta, "whatsapp"},
	{"in capitals", "WEB.WHATSAPP.COM", atMeta, "whatsapp"},
	{"with a dot at its end", "web.whatsapp.com.", atMeta, "whatsapp"},
	{"over IPv6", "web.whatsapp.com", atMeta6, "whatsapp"},
	{"at its own address", "mmg.whatsapp.net", atWhatsApp, "whatsapp"},
	{"a name that others serve, too", "zoom.us", atNobody, "zoom"},
	{"Telegram at home", "web.telegram.org", atTelegram, "telegram"},
	{"VK at home", "vk.com", atVK, "vk"},

	{"across a label", "notwhatsapp.com", atNobody, ""},
	{"across a label, at its address", "notwhatsapp.com", atMeta, ""},
	{"in front of another", "whatsapp.com.evil.example", atNobody, ""},
	{"in front of another, at its address", "web.whatsapp.com.evil.example", atMeta, ""},
	{"with a hyphen", "web-whatsapp.com", atNobody, ""},
	{"under another top", "web.whatsapp.co", atNobody, ""},
	{"with Cyrillic letters", "xn--whatspp-2nf.com", atNobody, ""},
	{"with a dotless i", "xn--sgnal-q4a.org", atNobody, ""},
	{"with a look-alike below", "xn--web-gla.telegram.org.example", atNobody, ""},
	{"two dots at its end", "web.whatsapp.com..", atNobody, ""},
	{"a NUL before the rest", "web.whatsapp.com\x00.evil.example", atNobody, ""},
	{"a blank before it", " web.whatsapp.com", atNobody, ""},
	{"a service as a label of another", "telegram.org.signal.example", atNobody, ""},
	{"an address for a name", atWhatsApp, atNobody, ""},

	{"WhatsApp's name at nobody's", "web.whatsapp.com", atNobody, ""},
	{"WhatsApp's name at nobody's, IPv6", "web.whatsapp.com", atNobody6, ""},
	{"WhatsApp's name at Telegram's", "web.whatsapp.com", atTelegram, ""},
	{"Telegram's name at Meta's", "web.telegram.org", atMeta, ""},
	{"Telegram's name at WhatsApp's own", "web.telegram.org", atWhatsApp, ""},
	{"Telegram's name at nobody's", "web.telegram.org", atNobody, ""},
	{"Telegram's name at VK's", "web.telegram.org", atVK, ""},
	{"VK's name at Telegram's", "vk.com", atTelegram, ""},
	{"VK's name at Meta's", "vk.com", atMeta, ""},
	{"VK's name at nobody's", "vk.com", atNobody, ""},
	{"Instagram's name at Apple's", "www.instagram.com", atApple, ""},
	{"Apple's name at Meta's", "1-courier.push.apple.com", atMeta, ""},
	{"Apple's name at Telegram's", "1-courier.push.apple.com", atTelegram, ""},
	{"Discord's name at Telegram's", "gateway.discord.gg", atTelegram, ""},
	{"Zoom's name at WhatsApp's own", "zoom.us", atWhatsApp, ""},
	{"Signal's name at Meta's", "chat.signal.org", atMeta, ""},
	{"WhatsApp's name at Teams'", "web.whatsapp.com", atTeams, ""},
	{"Telegram's name at Zoom's", "web.telegram.org", atZoom, ""},
}

// TestDecoysOfNames: look-alikes, and names where they cannot live, are nobody's,
// whether a hello comes in TLS or in QUIC.
func TestDecoysOfNames(t *testing.T) {
	refused := 0
	for _, c := range namesAt {
		for _, transport := range []string{"tls", "quic"} {
			s := script{t: t, server: netip.MustParseAddr(c.at)}
			if transport == "tls" {
				s.open()
				s.say(homeTTL, tlsRecord(helloTo(c.name)))
			} else {
				s.put(false, homeTTL, &layers.UDP{SrcPort: homePort, DstPort: 443}, initialOf(t, helloTo(c.name)))
			}
			k := theOne(t, s.hear())
			if k.label.Service != c.service {
				t.Errorf("%s, %s: %q at %s is %q, want %q: %v", c.what, transport, c.name, c.at, k.label.Service, c.service, k.label.Why)
			}
			if k.app != transport {
				t.Errorf("%s: %q spoken, want %s", c.what, k.app, transport)
			}
			if c.service == "" {
				refused++
			}
		}
	}
	t.Logf("%d hellos, of which %d are decoys", 2*len(namesAt), refused)
}

func theOne(t *testing.T, flows []*heard) *heard {
	t.Helper()
	if len(flows) != 1 {
		t.Fatalf("%d flows", len(flows))
	}
	return flows[0]
}

// TestDecoysOfCertificates: a service's name among others in a stranger's
// certificate names nobody.
func TestDecoysOfCertificates(t *testing.T) {
	for _, c := range []struct {
		decoy
		party  string
		others []string
	}{
		{decoy{"a service's own", "", atNobody, "zoom"}, "zoom.us", []string{"www.zoom.us"}},
		{decoy{"one of many", "", atNobody, ""}, "shop.example", []string{"www.shop.example", "web.whatsapp.com"}},
		{decoy{"one of many, of an open owner", "", atNobody, ""}, "shop.example", []string{"www.shop.example", "zoom.us"}},
		{decoy{"two services'", "", atNobody, ""}, "zoom.us", []string{"discord.com"}},
		{decoy{"one beside its own name", "shop.example", atNobody, ""}, "shop.example", []string{"web.whatsapp.com"}},
		{decoy{"at the service's address", "shop.example", atMeta, ""}, "shop.example", []string{"web.whatsapp.com"}},
		{decoy{"a look-alike's", "", atNobody, ""}, "whatsapp.com.evil.example", nil},
		{decoy{"a closed owner's at nobody's", "", atNobody, ""}, "web.telegram.org", nil},
		{decoy{"a closed owner's at another's", "", atMeta, ""}, "web.telegram.org", nil},
	} {
		s := script{t: t, server: netip.MustParseAddr(c.at)}
		hello := tlsRecord(helloTo(c.name))
		s.open()
		s.say(homeTTL, hello)
		s.answer(flightFor(t, c.party, c.others...), len(hello))
		k := theOne(t, s.hear())
		if c.name == "" && len(k.names.CertNames) == 0 {
			t.Errorf("%s: the certificate was not read", c.what)
		}
		if k.label.Service != c.service {
			t.Errorf("%s: %q, want %q: %v", c.what, k.label.Service, c.service, k.label.Why)
		}
	}
}

// TestDecoysOfHellos: a hello that is meant to die on the way, or to be taken for
// the true one, names nothing.
func TestDecoysOfHellos(t *testing.T) {
	for _, c := range []struct {
		what, fake, real, at string
		ttl                  uint8 // of the fake
		name, service        string
	}{
		{"a stranger's name to hide a service", "www.example.org", "web.whatsapp.com", atMeta, 4, "web.whatsapp.com", "whatsapp"},
		{"a service's name to hide a stranger", "web.whatsapp.com", "www.example.org", atNobody, 4, "www.example.org", ""},
		{"a service's name before a stranger's at its address", "web.whatsapp.com", "www.example.org", atMeta, 4, "www.example.org", ""},
		{"one service's name to hide another", "vk.com", "web.telegram.org", atTelegram, 4, "web.telegram.org", "telegram"},
		{"a name that cannot live there", "web.telegram.org", "web.whatsapp.com", atMeta, 4, "web.whatsapp.com", "whatsapp"},
		{"which is the true one cannot be told", "web.whatsapp.com", "www.example.org", atNobody, homeTTL, "web.whatsapp.com", ""},
		{"which of two services' cannot be told", "zoom.us", "gateway.discord.gg", atNobody, homeTTL, "zoom.us", ""},
	} {
		s := script{t: t, server: netip.MustParseAddr(c.at)}
		fake, real := tlsRecord(helloTo(c.fake)), tlsRecord(helloTo(c.real))
		for len(fake) < len(real) {
			fake = append(fake, 0) // what a tool pads its decoy with
		}
		s.open()
		s.say(c.ttl, fake)
		s.say(homeTTL, real)
		s.answer([]byte{21, 3, 3, 0, 2, 1, 0}, len(real))
		k := theOne(t, s.hear())
		if untold := c.ttl == homeTTL; untold && k.names.Decoy != c.real || !untold && k.names.Decoy != "" {
			t.Errorf("%s: %q beside %q", c.what, k.names.Decoy, k.names.SNI)
		}
		if k.names.SNI != c.name || k.label.Service != c.service {
			t.Errorf("%s: named %q, %q, want %q, %q: %v", c.what, k.names.SNI, k.label.Service, c.name, c.service, k.label.Why)
		}
	}
}
