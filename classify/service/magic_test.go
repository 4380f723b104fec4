package service

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"chokepoint/classify/wire/stun"
)

// ours is a service of the tests.
const ours = "id: ours\nname: Ours\ncategory: messenger\nfunctions: [chat, media, call]\n"

// alone compiles documents without any service of ours beside them.
func alone(t testing.TB, docs ...string) *Rules {
	t.Helper()
	base, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	base = slices.DeleteFunc(base, func(p *parsed) bool { return len(p.lists) == 0 })
	var extra []File
	for _, d := range docs {
		extra = append(extra, File{"my.yaml", []byte(d)})
	}
	r, err := build(base, extra)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// up is the first payload of a client to nobody's address.
func up(proto uint8, port uint16, b []byte) Payload {
	return Payload{Proto: proto, Up: true, Nth: 1, Server: netip.MustParseAddr(nobody), Port: port, Bytes: b, Len: len(b)}
}

// shows lists what the rules say of a payload, with values.
func shows(r *Rules, p *Payload) string {
	var out []string
	for _, s := range r.Recognise(p, nil) {
		out = append(out, strings.TrimSpace(s.Rule+" "+s.Value))
	}
	return strings.Join(out, ", ")
}

const byteRules = ours + `prefixes:
  - {role: dedicated, cidrs: [198.51.100.0/24]}
  - {role: shared, cidrs: [198.51.101.0/24]}
magic:
  - {id: a, proto: tcp, dir: up, weight: 50, bytes: [{at: 0, hex: f057}, {at: 3, hex: '10', mask: 'f0'}], len: {min: 4, max: 9}}
  - {id: b, proto: udp, dir: down, where: early, weight: 50, bytes: [{at: 2, hex: f157f1}], only_ports: [7000-7010, 443]}
  - {id: c, proto: udp, weight: 50, bytes: [{at: 0, hex: f0, mask: fe}, {at: 5, hex: '99'}], len: {eq: 6}, needs: addr}
  - {id: d, proto: ip, weight: 50, builtin: ip_proto, protos: [50, 0x33]}
`

func TestBytesAreRecognisedWhereTheyBelong(t *testing.T) {
	r := alone(t, byteRules)
	at := func(p Payload, addr string) Payload { p.Server = netip.MustParseAddr(addr); return p }
	down := func(p Payload, nth int) Payload { p.Up, p.Nth = false, nth; return p }
	a, b, c := unhex(t, "f057 00 1f"), unhex(t, "0000 f157f1"), unhex(t, "f1 00000000 99")
	longer := up(tcp, 1, a)
	longer.Len = 9
	tooLong := longer
	tooLong.Len = 10
	for _, x := range []struct {
		why  string
		p    Payload
		want string
	}{
		{"bytes and a mask", up(tcp, 1, a), "a"},
		{"cut by the capture", longer, "a"},
		{"longer on the wire", tooLong, ""},
		{"another nibble", up(tcp, 1, unhex(t, "f057 00 2f")), ""},
		{"cut before the end of the pattern", up(tcp, 1, a[:3]), ""},
		{"another transport", up(udp, 1, a), ""},
		{"downwards", down(up(tcp, 1, a), 1), ""},
		{"the second payload", func() Payload { p := up(tcp, 1, a); p.Nth = 2; return p }(), ""},
		{"no number", func() Payload { p := up(tcp, 1, a); p.Nth = 0; return p }(), ""},
		{"at an offset, in a range of ports", down(up(udp, 7003, b), 16), "b"},
		{"at one port", down(up(udp, 443, b), 1), "b"},
		{"at another port", down(up(udp, 7011, b), 1), ""},
		{"too late", down(up(udp, 443, b), 17), ""},
		{"at its own address", at(up(udp, 1, c), "198.51.100.9"), "c"},
		{"at an address that is shared", at(up(udp, 1, c), "198.51.101.9"), ""},
		{"at nobody's", up(udp, 1, c), ""},
		{"nowhere known", func() Payload { p := up(udp, 1, c); p.Server = netip.Addr{}; return p }(), ""},
		{"an IP protocol", up(50, 0, nil), "d"},
		{"another one", up(51, 0, []byte{1}), "d"},
		{"a third", up(47, 0, []byte{1}), ""},
		{"nothing", up(tcp, 1, nil), ""},
	} {
		if got := shows(r, &x.p); got != x.want {
			t.Errorf("%s: %q, want %q", x.why, got, x.want)
		}
	}
}

// message makes a STUN message of a type and attributes (RFC 8489 section 5).
func message(t testing.TB, typ string, attrs ...string) *stun.Message {
	t.Helper()
	body := strings.Join(attrs, "")
	b := unhex(t, typ+hex.EncodeToString([]byte{0, byte(len(body) / 2)})+"2112a442 0102030405060708090a0b0c"+body)
	var m stun.Message
	if s := m.Parse(b, len(b)); s.String() != "done" {
		t.Fatalf("no STUN message: %s", s)
	}
	return &m
}

// said is an attribute of text.
func said(typ, text string) string {
	padded := text + strings.Repeat("\x00", (4-len(text)%4)%4)
	return typ + hex.EncodeToString([]byte{0, byte(len(text))}) + hex.EncodeToString([]byte(padded))
}

func TestSTUNIsRecognised(t *testing.T) {
	r := alone(t, ours+`magic:
  - {id: attr, proto: udp, where: early, weight: 50, builtin: stun, attrs: [0x7f01, 0x7f02]}
  - {id: type, proto: udp, where: early, weight: 50, builtin: stun, types: [0x0101]}
  - {id: realm, proto: udp, where: early, weight: 50, builtin: stun, realms: [ours.example]}
  - {id: tcp-realm, proto: tcp, where: early, weight: 50, builtin: stun, realms: [ours.example]}
`)
	const realm, software, user = "0014", "8022", "0006"
	for _, x := range []struct {
		why   string
		proto uint8
		m     *stun.Message
		want  string
	}{
		{"an attribute", udp, message(t, "0001", "7f02 0000"), "attr 0x7f02"},
		{"another attribute", udp, message(t, "0001", "7f03 0000"), ""},
		{"a type", udp, message(t, "0101"), "type 0x0101"},
		{"a realm", udp, message(t, "0003", said(realm, "Turn.Ours.Example")), "realm Turn.Ours.Example"},
		{"a realm over TCP", tcp, message(t, "0003", said(realm, "ours.example")), "tcp-realm ours.example"},
		{"software", udp, message(t, "0003", said(software, "ours.example v1")), "realm ours.example v1"},
		{"a user name", udp, message(t, "0003", said(user, "1:x@ours.example")), "realm 1:x@ours.example"},
		{"a realm like it", udp, message(t, "0003", said(realm, "notours.example")), ""},
		{"nothing of it", udp, message(t, "0001"), ""},
		{"no message", udp, nil, ""},
	} {
		p := up(x.proto, 3478, []byte{0})
		p.STUN = x.m
		if got := shows(r, &p); got != x.want {
			t.Errorf("%s: %q, want %q", x.why, got, x.want)
		}
	}
}

func TestRealmsAreMentionedByWholeLabels(t *testing.T) {
	for _, x := range []struct {
		text, word string
		want       bool
	}{
		{"telegram.org", "telegram.org", true}, {"TURN.Telegram.ORG.", "telegram.org", true}, {"telegram.org:3478", "telegram.org", true},
		{"user@telegram.org", "telegram.org", true}, {"nottelegram.org", "telegram.org", false}, {"telegram.org.evil.example", "telegram.org", false},
		{"telegram.orgy", "telegram.org", false}, {"telegram-org", "telegram.org", false}, {"my-telegram.org", "telegram.org", false},
		{"\xd0\xb0telegram.org", "telegram.org", false}, {"nottelegram.org, telegram.org", "telegram.org", true},
		{"turn.viber.com", "viber", true}, {"notviber.com", "viber", false}, {"viber-relay", "viber", true}, {"RelayOfViber", "viber", true},
		{"", "viber", false}, {"vibe", "viber", false},
	} {
		if mentions(x.text, x.word) != x.want {
			t.Errorf("%q mentions %q: %v", x.text, x.word, !x.want)
		}
	}
}

// TestEveryBuiltinIsKnown keeps the hints of first bytes and the matchers
// together, and holds each matcher against the rest of the payloads.
func TestEveryBuiltinIsKnown(t *testing.T) {
	for name := range firstBytes {
		if builtins[name] == nil {
			t.Errorf("first bytes of %q, which is no builtin", name)
		}
	}
	m := &magicRule{}
	for name, run := range builtins {
		for c := range 256 {
			if first, known := firstBytes[name]; known && !strings.Contains(first, string([]byte{byte(c)})) {
				continue
			}
			for _, isUp := range []bool{true, false} {
				for nth := 1; nth < 3; nth++ {
					b := []byte{byte(c)}
					p := Payload{Proto: tcp, Up: isUp, Nth: nth, Bytes: b, Len: 1}
					if _, ok := run(&p, m); ok {
						t.Errorf("%s holds for the byte %02x alone", name, c)
					}
				}
			}
		}
	}
}
