package stun

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"chokepoint/classify/wire"
)

var documented = netip.MustParseAddrPort("192.0.2.1:32853")

// TestMessages wants each message to be Done and to say what it says.
func TestMessages(t *testing.T) {
	tests := []struct {
		name   string
		b      []byte
		class  Class
		method Method
		ok     func(m *Message) bool
	}{
		{"an ICE check (RFC 5769 section 2.1)", sampleRequest, Request, Binding, func(m *Message) bool {
			return m.Software == "STUN test client" && m.Username == "evtj:h6vY" && m.Priority == 0x6e0001ff && m.Controlled && !m.Controlling &&
				m.TieBreaker == 0x932ff9b151263b36 && m.Integrity && m.Fingerprint == Good && m.Txn[0] == 0xb7 && m.Txn[11] == 0xae && len(m.Attrs) == 6
		}},
		{"an answer over IPv4 (section 2.2)", sampleResponse4, Success, Binding, func(m *Message) bool {
			return m.Software == "test vector" && m.XorMapped == documented && m.Fingerprint == Good
		}},
		{"an answer over IPv6 (section 2.3)", sampleResponse6, Success, Binding, func(m *Message) bool {
			return m.XorMapped == netip.MustParseAddrPort("[2001:db8:1234:5678:11:2233:4455:6677]:32853") && m.Fingerprint == Good
		}},
		{"long-term credentials (section 2.4)", sampleLongTerm, Request, Binding, func(m *Message) bool {
			return m.Username == "マトリックス" && m.Realm == "example.org" && m.Nonce && m.Fingerprint == Absent && m.Has(AttrNonce) && !m.Has(AttrSoftware)
		}},
		{"a relay granted", relayAnswer, Success, Allocate, func(m *Message) bool {
			return m.Relayed == netip.MustParseAddrPort("192.0.2.1:49153") && m.XorMapped == documented && m.Lifetime == 600 && m.Fingerprint == Good
		}},
		{"a relay refused", relayRefusal, Error, Allocate, func(m *Message) bool { return m.ErrorCode == 401 && m.Realm == "telegram.org" && m.Nonce }},
		{"a channel bound", channelBind, Request, ChannelBind, func(m *Message) bool {
			return m.Channel == 0x4003 && len(m.Peers) == 1 && m.Peers[0] == documented
		}},
		{"data from a peer", message(0x0017, attr(AttrXorPeer, unhex("0001 a147 e112a643"), 4), attr(AttrData, []byte("hello"), 4)), Indication, Data,
			func(m *Message) bool { return string(m.Data) == "hello" && cap(m.Data) == 5 }},
		{"empty data is data", message(0x0016, attr(AttrData, nil, 4)), Indication, Send, func(m *Message) bool { return m.Data != nil }},
		{"ten peers", message(0x0008, bytes.Repeat(attr(AttrXorPeer, unhex("0001 a147 e112a643"), 4), 10)), Request, CreatePermission,
			func(m *Message) bool { return len(m.Peers) == MaxPeers && m.MorePeers == 2 }},
		{"forty attributes", message(0x0001, bytes.Repeat(attr(0x7777, nil, 4), 40)), Request, Binding,
			func(m *Message) bool { return len(m.Attrs) == MaxAttrs && m.MoreAttrs == 8 }},
		{"the first of two counts", message(0x0001, attr(AttrUsername, []byte("a"), 4), attr(AttrUsername, []byte("b"), 4)), Request, Binding,
			func(m *Message) bool { return m.Username == "a" }},
		{"what follows the integrity does not count", message(0x0001, attr(AttrIntegrity, make([]byte, 20), 4), attr(AttrRealm, []byte("viber"), 4)), Request, Binding,
			func(m *Message) bool { return m.Realm == "" && m.Has(AttrRealm) }},
		{"a nominated candidate", message(0x0001, attr(AttrUseCandidate, nil, 4), attr(AttrControlling, make([]byte, 8), 4)), Request, Binding,
			func(m *Message) bool { return m.UseCandidate && m.Controlling }},
		{"a wrong fingerprint", append(bytes.Clone(sampleRequest[:107]), 0xce), Request, Binding, func(m *Message) bool { return m.Fingerprint == Bad }},
		{"a right fingerprint that is not the last", early, Request, Binding,
			func(m *Message) bool { return m.Fingerprint == Bad }},
		{"WhatsApp's, without padding", whatsApp, Private, 0x0800, func(m *Message) bool {
			return m.Type == 0x0800 && m.Unpadded && len(m.Attrs) == 1 && m.Has(0x4000)
		}},
		{"WhatsApp's ping", message(0x0801), Private, 0x0801, func(m *Message) bool { return m.Type == WhatsAppPing && !m.Unpadded }},
		{"WhatsApp's pong", message(0x0802), Private, 0x0802, func(m *Message) bool { return m.Type == WhatsAppPong }},
		{"Microsoft's refusal", teamsError, Error, Allocate, func(m *Message) bool {
			return m.Microsoft && m.Unpadded && m.Realm == `"rtcmedia"` && m.Nonce && m.ErrorCode == 401 && m.XorMapped == documented &&
				m.AlternateServer == netip.MustParseAddrPort("192.0.2.1:3478")
		}},
		{"Microsoft's send", message(0x0004, attr(AttrMagicCookie, unhex("72c64bc6"), 4)), Indication, Send, nil},
		{"Microsoft's data", message(0x0115, attr(AttrMagicCookie, unhex("72c64bc6"), 4)), Indication, Data, nil},
		{"Microsoft's other one", message(0x0106, attr(AttrMagicCookie, unhex("72c64bc6"), 4)), Success, SetActiveDestination, nil},
		{"a NAT test of RFC 3489", oldRequest, Request, Binding, func(m *Message) bool {
			return m.Classic && m.Txn[0] == 0x44 && m.Has(AttrChangeRequest)
		}},
		{"Microsoft's of that time", unhex("00030008 00112233 44556677 8899aabb ccddeeff 000f0004 72c64bc6"), Request, Allocate,
			func(m *Message) bool { return m.Classic && m.Microsoft }},
	}
	var m Message
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if st := m.Parse(tt.b, len(tt.b)); st != wire.Done || m.Class != tt.class || m.Method != tt.method || m.Cut || tt.ok != nil && !tt.ok(&m) {
				t.Fatalf("%v, %+v", st, m)
			}
			messageLaws(t, tt.b)
		})
	}
}

// TestBrokenMessages wants the fault to be told, and what is right to be read.
func TestBrokenMessages(t *testing.T) {
	long := bytes.Repeat([]byte{'a'}, 764)
	tests := []struct {
		name  string
		b     []byte
		fault int
	}{
		{"a length that is not the datagram's", sampleRequest[:104], 2},
		{"bytes behind the end", append(bytes.Clone(sampleRequest), 0, 0, 0, 0), 2},
		{"an attribute beyond the end", message(0x0001, unhex("00060009 61000000")), 20},
		{"half an attribute", message(0x0001, attr(0x7777, nil, 4), unhex("0006")), 24},
		{"an address of 6 bytes", message(0x0101, attr(AttrXorMapped, unhex("0001a147e112"), 4)), 20},
		{"an address of family 3", message(0x0101, attr(AttrMappedAddress, unhex("0003a147e112a643"), 4)), 20},
		{"an IPv6 address of 4 bytes", message(0x0101, attr(AttrXorRelayed, unhex("0002a147e112a643"), 4)), 20},
		{"a peer that is none", message(0x0008, attr(AttrXorPeer, nil, 4)), 20},
		{"an error of 3 bytes", message(0x0111, attr(AttrErrorCode, unhex("000005"), 4)), 20},
		{"an error of class 2", message(0x0111, attr(AttrErrorCode, unhex("00000201"), 4)), 20},
		{"an error of number 100", message(0x0111, attr(AttrErrorCode, unhex("00000464"), 4)), 20},
		{"a realm of 764 bytes", message(0x0111, attr(AttrRealm, long, 4)), 20},
		{"a nonce of 764 bytes", message(0x0111, attr(AttrNonce, long, 4)), 20},
		{"a name of 764 bytes", message(0x0111, attr(AttrSoftware, long, 4)), 20},
		{"a lifetime of 2 bytes", message(0x0104, attr(AttrLifetime, unhex("0000"), 4)), 20},
		{"a priority of 5 bytes", message(0x0001, attr(AttrPriority, make([]byte, 5), 4)), 20},
		{"a channel of 2 bytes", message(0x0009, attr(AttrChannelNumber, unhex("4000"), 4)), 20},
		{"a tie-breaker of 4 bytes", message(0x0001, attr(AttrControlled, make([]byte, 4), 4)), 20},
		{"a nomination with a value", message(0x0001, attr(AttrUseCandidate, make([]byte, 4), 4)), 20},
		{"an integrity of 32 bytes", message(0x0001, attr(AttrIntegrity, make([]byte, 32), 4)), 20},
		{"a SHA-256 of 12 bytes", message(0x0001, attr(AttrIntegritySHA256, make([]byte, 12), 4)), 20},
		{"a fingerprint of 8 bytes", message(0x0001, attr(AttrFingerprint, make([]byte, 8), 4)), 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			if st := m.Parse(tt.b, len(tt.b)); st != wire.Malformed || m.FaultAt != tt.fault {
				t.Fatalf("%v at %d, want a fault at %d", st, m.FaultAt, tt.fault)
			}
			messageLaws(t, tt.b)
		})
	}
	var m Message
	b := message(0x0113, attr(AttrErrorCode, unhex("000005"), 4), attr(AttrRealm, []byte("viber"), 4))
	if st := m.Parse(b, len(b)); st != wire.Malformed || m.Realm != "viber" || m.ErrorCode != 0 {
		t.Errorf("behind the fault: %v, %+v", st, m)
	}
}

// TestOthersAreNoMessages wants other protocols of UDP to be told apart.
func TestOthersAreNoMessages(t *testing.T) {
	classicEmpty := unhex("00010000 00112233 44556677 8899aabb ccddeeff")
	for name, b := range map[string][]byte{
		"nothing":                            nil,
		"a header cut to 19 bytes":           sampleRequest[:19],
		"the cookie behind another version":  append([]byte{0x40}, sampleRequest[1:]...),
		"a bare request of RFC 3489":         classicEmpty,
		"a classic one with a later type":    append(unhex("0003"), oldRequest[2:]...),
		"a classic one with a new attribute": unhex("00010008 00112233 44556677 8899aabb ccddeeff 00240004 00000006"),
		"a classic one of another length":    append(bytes.Clone(oldRequest), 0),
		"a classic change of odd bits":       append(bytes.Clone(oldRequest[:27]), 7),
		"a classic one with a name only":     unhex("00010008 00112233 44556677 8899aabb ccddeeff 00060004 61616161"),
		"a DNS query":                        unhex("00010100 00010000 00000000 037777770765 78616d706c6503636f6d0000010001"),
		"a WireGuard initiation":             append(unhex("01000000 28a3f1c2"), make([]byte, 140)...),
		"a DHT query":                        []byte("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"),
		"a uTP header":                       unhex("01001234 00001111 00002222 00100000 00010002"),
		"a SIP request":                      []byte("OPTIONS sip:a@example.org SIP/2.0\r\n\r\n"),
		"an RTP packet":                      unhex("80006b01 00000320 11223344 55555555 55555555"),
	} {
		var m Message
		if st := m.Parse(b, len(b)); st != wire.Alien {
			t.Errorf("%s: %v, %+v", name, st, m)
		}
	}
	var m Message
	whole := append(bytes.Clone(oldRequest), attr(AttrUsername, []byte("abcd"), 4)...)
	whole[3] = 16
	if st := m.Parse(whole, len(whole)); st != wire.Done || !m.Classic {
		t.Errorf("a whole classic one: %v", st)
	}
	if st := m.Parse(whole[:28], len(whole)); st != wire.Alien {
		t.Errorf("a classic one that was cut: %v", st)
	}
}

func TestCutMessages(t *testing.T) {
	var m Message
	n := len(sampleRequest)
	if st := m.Parse(sampleRequest[:n-8], n); st != wire.Done || !m.Cut || m.Username != "evtj:h6vY" || m.Fingerprint != Absent || !m.Integrity {
		t.Errorf("%v, %+v", st, m)
	}
	if st := m.Parse(sampleRequest[:HeaderLen], n); st != wire.Done || !m.Cut || len(m.Attrs) != 0 {
		t.Errorf("%v, %+v", st, m)
	}
	// The type of an attribute is known before its value is.
	if st := m.Parse(sampleRequest[:30], n); st != wire.Done || !m.Has(AttrSoftware) || m.Software != "" {
		t.Errorf("%v, %+v", st, m)
	}
}

func TestNames(t *testing.T) {
	for c, want := range map[fmt.Stringer]string{Error: "error", Private: "private", Class(9): "invalid class", ChannelBind: "channel bind", Method(0x7ff): ""} {
		if c.String() != want {
			t.Errorf("%q, want %q", c.String(), want)
		}
	}
}

func TestParseDoesNotAlloc(t *testing.T) {
	var m Message
	all := [][]byte{sampleRequest, sampleResponse4, sampleResponse6, sampleLongTerm, relayAnswer, relayRefusal, channelBind, whatsApp, teamsError, oldRequest}
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range all {
			m.Parse(b, len(b))
		}
	}); n != 0 {
		t.Errorf("%v allocations for messages seen before", n)
	}
}
