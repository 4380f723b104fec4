package quic

import (
	"encoding/binary"
	"strings"
	"testing"

	"chokepoint/classify/wire"
)

func TestVersionNames(t *testing.T) {
	for v, want := range map[Version]string{
		0: "negotiation", 1: "v1", 0x6b3343cf: "v2", 0xff000016: "draft-22", 0xff00001d: "draft-29", 0xff000022: "draft-34",
		0xff000023: "unknown 0xff000023", 0xff000015: "unknown 0xff000015", 0xfaceb001: "mvfst-22", 0xfaceb002: "mvfst-27", 0xfaceb00e: "mvfst-exp",
		0x0a0a0a0a: "grease", 0xfa1a2a3a: "grease", 0x51303433: "gquic-Q043", 0x51303436: "gquic-Q046", 0x51303530: "gquic-Q050",
		0x54303531: "gquic-T051", 0x51303939: "unknown 0x51303939", 0x51303a30: "unknown 0x51303a30", 2: "unknown 0x00000002",
	} {
		if got := v.String(); got != want {
			t.Errorf("%08x: %q, want %q", uint32(v), got, want)
		}
		// What cannot be opened has no name of a version that can.
		if named := !strings.ContainsAny(want[:1], "ung"); v.Known() != named {
			t.Errorf("%s: known %v", want, v.Known())
		}
	}
	if !Mvfst27.Meta() || V1.Meta() {
		t.Error("mvfst is Meta's, version 1 is not")
	}
}

// long is a packet with a long header, before what follows the ids.
func long(first byte, v Version, dcid, scid int, rest ...[]byte) []byte {
	return cat([]byte{first}, binary.BigEndian.AppendUint32(nil, uint32(v)), []byte{byte(dcid)}, padding(dcid), []byte{byte(scid)}, padding(scid), cat(rest...))
}

func versions(vs ...uint32) (out []byte) {
	for _, v := range vs {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	return out
}

func TestParse(t *testing.T) {
	body := cat([]byte{20}, padding(20))
	initial := cat([]byte{0}, body)
	token := cat([]byte{3}, []byte("tok"), body)
	for _, c := range []struct {
		name string
		in   []byte
		typ  Type // 0: alien
		rest int  // bytes left for the next packet
	}{
		{"initial", long(0xc0, V1, 8, 0, initial), Initial, 0},
		{"initial with a token", long(0xcf, V1, 20, 20, token), Initial, 0},
		{"initial and more behind it", long(0xc0, Draft29, 8, 5, initial, []byte("tail")), Initial, 4},
		{"0-rtt", long(0xd0, V1, 8, 0, body), ZeroRTT, 0},
		{"handshake", long(0xe0, V1, 8, 0, body, body), Handshake, 21},
		{"retry", long(0xf0, V1, 0, 8, []byte("t"), padding(16)), Retry, 0},
		{"version 2, initial", long(0xd0, V2, 8, 0, initial), Initial, 0},
		{"version 2, 0-rtt", long(0xe0, V2, 8, 0, body), ZeroRTT, 0},
		{"version 2, handshake", long(0xf0, V2, 8, 0, body), Handshake, 0},
		{"version 2, retry", long(0xc0, V2, 0, 8, []byte("t"), padding(16)), Retry, 0},
		{"grease", long(0xc0, 0x1a2a3a4a, 8, 0, initial), Initial, 0},
		{"meta", long(0xc0, Mvfst27, 8, 0, initial), Initial, 0},
		{"negotiation", long(0x80, 0, 8, 8, versions(0x5a6a7a8a, 1, 0x6b3343cf)), Negotiation, 0},
		{"Q050", long(0xc0, 0x51303530, 8, 0, initial), Initial, 0},

		{"empty", nil, 0, 0},
		{"short header", cat([]byte{0x40}, padding(40)), 0, 0},
		{"fixed bit clear", long(0x80, V1, 8, 0, initial), 0, 0},
		{"unknown version", long(0xc0, 2, 8, 0, initial), 0, 0},
		{"long destination id", long(0xc0, V1, 21, 0, initial), 0, 0},
		{"long source id", long(0xc0, V1, 8, 21, initial), 0, 0},
		{"cut short by a byte", long(0xc0, V1, 8, 0, initial[:len(initial)-1]), 0, 0},
		{"no room for a sample", long(0xc0, V1, 8, 0, []byte{0, 19}, padding(19)), 0, 0},
		{"token beyond the end", long(0xc0, V1, 8, 0, []byte{0x7f, 0xff}, padding(100)), 0, 0},
		{"length of 2^62-1", long(0xc0, V1, 8, 0, []byte{0}, varint(1<<62-1), padding(100)), 0, 0},
		{"retry without a token", long(0xf0, V1, 0, 8, padding(16)), 0, 0},
		{"negotiation without versions", long(0x80, 0, 8, 8), 0, 0},
		{"negotiation with half a version", long(0x80, 0, 8, 8, versions(1), []byte{0, 0}), 0, 0},
		{"negotiation of unknown versions", long(0x80, 0, 8, 8, versions(0x12345678, 0, 2)), 0, 0},
		{"zeros after the high bit", cat([]byte{0x80}, padding(60)), 0, 0},
		{"an RTP packet", unhex(t, "80 60 00 01 00 00 00 a0 00 00 00 01 ff ff ff ff 00 00 00 00"), 0, 0},
		{"an RTCP packet", unhex(t, "80 c8 00 06 00 00 00 01 e0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01"), 0, 0},
		{"a DNS query", unhex(t, "c00f 0100 0001 0000 0000 0000 01 74 02 6d 65 00 0001 0001"), 0, 0},
	} {
		p := Packet{Token: []byte("old"), Versions: []uint32{9}}
		n, st := Parse(c.in, &p)
		if c.typ == 0 {
			if st != wire.Alien || n != 0 || p.Type != 0 || p.DCID != nil || len(p.Versions) != 0 {
				t.Errorf("%s: %v, %d, %+v", c.name, st, n, p)
			}
		} else if st != wire.Done || p.Type != c.typ || n != len(c.in)-c.rest {
			t.Errorf("%s: %v, %d of %d, %v", c.name, st, n, len(c.in), p.Type)
		}
	}
	var p Packet
	Parse(long(0x80, 0, 8, 3, versions(1, 2, 3), versions(make([]uint32, 40)...)), &p)
	if len(p.Versions) != maxVersions || p.Versions[2] != 3 || len(p.DCID) != 8 || len(p.SCID) != 3 {
		t.Errorf("%+v", p)
	}
	Parse(long(0xc0, V1, 4, 3, token), &p)
	if len(p.DCID) != 4 || len(p.SCID) != 3 || string(p.Token) != "tok" || len(p.Protected) != 20 || len(p.Versions) != 0 {
		t.Errorf("%+v", p)
	}
}

// Heads of gQUIC packets, up to the hello, from the test captures of the arkime
// and nDPI projects.
const (
	headQ024 = "0d00db40daa3bbe2ff51303234012cb2614dbcf34c78f55d56e900a0011405"
	headQ034 = "0d9300a6537752100c51303334014e64b230adcd2fbe528e3345a0010004"
	headQ043 = "0da4b104dcf2fe28fa513034330152467a5d9328818241182dd6a0010400"
	// Built after the layout of Q046: long header, one id of 8 bytes, number, hash, stream frame.
	headQ046 = "c351303436501122334455667788 00000001 000102030405060708090a0b a00104c8"
)

// chlo is a hello with the server name between two other tags.
func chlo(name string) []byte {
	out := cat([]byte("CHLO"), []byte{3, 0, 0, 0})
	end := uint32(0)
	for _, p := range [][2]string{{"PAD\x00", "-----"}, {"SNI\x00", name}, {"VER\x00", "Q043"}} {
		end += uint32(len(p[1]))
		out = binary.LittleEndian.AppendUint32(append(out, p[0]...), end)
	}
	return cat(out, []byte("-----"), []byte(name), []byte("Q043"))
}

func TestNamesOfGQUIC(t *testing.T) {
	for head, version := range map[string]string{headQ024: "gquic-Q024", headQ034: "gquic-Q034", headQ043: "gquic-Q043", headQ046: "gquic-Q046"} {
		d := cat(unhex(t, head), chlo("WWW.example.com"), padding(900))
		var p Packet
		if n, st := Parse(d, &p); st != wire.Done || n != len(d) || p.Type != Google || p.Version.String() != version || len(p.DCID) != 8 {
			t.Errorf("%s: %v %d %+v", version, st, n, p.Version)
		}
		if name, ok := CHLOName(d); !ok || name != "www.example.com" {
			t.Errorf("%s: %q %v", version, name, ok)
		}
		var c Client
		if st := c.Add(d); st != wire.Alien {
			t.Errorf("%s: to a Client %v", version, st)
		}
		whole := len(unhex(t, head)) + len(chlo("www.example.com")) - len("Q043")
		for n := range d { // a name is there as soon as its last byte is, and whole
			if name, ok := CHLOName(d[:n]); ok != (n >= whole) || ok && name != "www.example.com" {
				t.Fatalf("%s, %d bytes: %q %v", version, n, name, ok)
			}
		}
	}
	for name, d := range map[string][]byte{
		"no host name":         cat(unhex(t, headQ043), chlo("not a name")),
		"an address":           cat(unhex(t, headQ043), chlo("10.0.0.1")),
		"no version":           cat([]byte{0x0c}, unhex(t, headQ043)[1:], chlo("example.com")),
		"an unknown version":   cat([]byte{0x0d}, []byte("12345678Q999"), padding(17), chlo("example.com")),
		"a hello far behind":   cat(unhex(t, headQ043), padding(80), chlo("example.com")),
		"a hello in version 1": cat(base.seal(padding(20)), chlo("example.com")),
		"ends that go back":    cat(unhex(t, headQ043), []byte("CHLO\x02\x00\x00\x00PAD\x00\x09\x00\x00\x00SNI\x00\x02\x00\x00\x00"), padding(60)),
		"too many pairs":       cat(unhex(t, headQ043), []byte("CHLO\xff\xff\x00\x00"), padding(900)),
	} {
		if got, ok := CHLOName(d); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}
