package dns

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

const (
	fooCom = "03666f6f076578616d706c6503636f6d00"
	fooOrg = "03666f6f076578616d706c65036f726700"
)

// vectors are the test vectors of RFC 9460 appendix D: rdata, and what is kept
// of it, address hints apart.
var vectors = []struct {
	name, rdata string
	want        Answer
	hints       []string
}{
	{"figure 2: an alias", "0000" + fooCom, Answer{Target: "foo.example.com"}, nil},
	{"figure 3: the owner itself", "000100", Answer{Priority: 1, Target: "."}, nil},
	{"figure 4: a port", "0010" + fooCom + "000300020035", Answer{Priority: 16, Target: "foo.example.com", Port: 53}, nil},
	{"figure 5: an unknown key", "0001" + fooCom + "029b000568656c6c6f", Answer{Priority: 1, Target: "foo.example.com"}, nil},
	{"figure 6: an unknown key, quoted", "0001" + fooCom + "029b000968656c6c6fd2716f6f", Answer{Priority: 1, Target: "foo.example.com"}, nil},
	{"figure 7: two IPv6 hints", "0001" + fooCom + "0006002020010db800000000000000000000000120010db8000000000000000000530001",
		Answer{Priority: 1, Target: "foo.example.com"}, []string{"2001:db8::1", "2001:db8::53:1"}},
	{"figure 8: an IPv6 hint with IPv4 in it", "0001" + "076578616d706c6503636f6d00" + "0006001020010db8012203440000" + "0000c0000221",
		Answer{Priority: 1, Target: "example.com"}, []string{"2001:db8:122:344::c000:221"}},
	{"figure 9: keys sorted", "0010" + fooOrg + "0000000400010004" + "00010009026832" + "0568332d3139" + "00040004c0000201",
		Answer{Priority: 16, Target: "foo.example.org", ALPN: true, Protocols: "h2,h3-19"}, []string{"192.0.2.1"}},
	{"figure 10: a comma and a backslash", "0010" + fooOrg + "0001000c08665c6f6f2c626172026832",
		Answer{Priority: 16, Target: "foo.example.org", ALPN: true, Protocols: `f\\oo\,bar,h2`}, nil},
}

// cloudflareECH was the ech parameter of cloudflare-ech.com on 2026-10-01.
const cloudflareECH = "AEX+DQBBrwAgACCbK1mYDYFz/BAn6S5t+Q/v+Oej3eFNxtPWgz50fNnFPAAEAAEAAQASY2xvdWRmbGFyZS1lY2guY29tAAA="

func echList(t testing.TB) []byte {
	b, err := base64.StdEncoding.DecodeString(cloudflareECH)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// echRecord is the data of a record as Cloudflare's are: h3 and h2, two hints of
// either kind, ech.
func echRecord(t testing.TB) string {
	list := echList(t)
	return "000100" + "00010006026833026832" + "0004000868120a0368120b03" + "00050047" + hex.EncodeToString(list) +
		"000600202606470000000000000000006812" + "0a03" + "2606470000000000000000006812" + "0b03"
}

// service is an answer with one HTTPS record of this data.
func service(t testing.TB, rdata string) []byte {
	t.Helper()
	b, err := hex.DecodeString(rdata)
	if err != nil {
		t.Fatal(err)
	}
	return cat(header(0x8180, 1, 1, 0, 0), question(labels("t", "me"), 65), rec(again, 65, 300, b))
}

func TestVectorsOfTheRFC(t *testing.T) {
	for _, tt := range vectors {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			b := service(t, tt.rdata)
			if st := m.ParseUDP(b, len(b)); st != Done || len(m.Answers) != max(1, len(tt.hints)) {
				t.Fatalf("%v at %d, %+v", st, m.FaultAt, m.Answers)
			}
			tt.want.Name, tt.want.Type, tt.want.TTL = "t.me", 65, 300
			for i, a := range m.Answers {
				if len(tt.hints) > 0 && a.Addr.String() != tt.hints[i] {
					t.Errorf("hint %d is %v, want %s", i, a.Addr, tt.hints[i])
				}
				if tt.want.Addr = a.Addr; a != tt.want || len(tt.hints) == 0 && a.Addr.IsValid() {
					t.Errorf("%+v\nwant %+v", a, tt.want)
				}
			}
			messageLaws(t, b)
		})
	}
}

func TestServiceOfCloudflare(t *testing.T) {
	var m Message
	b := service(t, echRecord(t))
	if st := m.ParseUDP(b, len(b)); st != Done || len(m.Answers) != 4 {
		t.Fatalf("%v at %d, %+v", st, m.FaultAt, m.Answers)
	}
	var addrs []string
	for _, a := range m.Answers {
		addrs = append(addrs, a.Addr.String())
		if a.Protocols != "h3,h2" || !a.ALPN || !a.ECH || a.ECHName != "cloudflare-ech.com" || a.Priority != 1 || a.Target != "." {
			t.Errorf("%+v", a)
		}
	}
	if want := []string{"104.18.10.3", "104.18.11.3", "2606:4700::6812:a03", "2606:4700::6812:b03"}; !slices.Equal(addrs, want) {
		t.Errorf("%v, want %v", addrs, want)
	}
	messageLaws(t, b)
	if n := testing.AllocsPerRun(100, func() { m.ParseUDP(b, len(b)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestServicesAtTheEdge(t *testing.T) {
	tests := []struct {
		name, rdata string
		st          Status
		ok          func(m *Message) bool
	}{
		{"an alias has no parameters", "0000" + fooCom + "00040004c0000201", Done, func(m *Message) bool { return !m.Answers[0].Addr.IsValid() }},
		{"a port of 3 bytes", "000100" + "0003000300350a", Malformed, nil},
		{"an empty protocol", "000100" + "0001000100", Malformed, nil},
		{"a protocol longer than its list", "000100" + "00010003036833", Malformed, nil},
		{"an empty list of protocols", "000100" + "00010000", Done, func(m *Message) bool { return m.Answers[0].ALPN && m.Answers[0].Protocols == "" }},
		{"more protocols than are kept", "000100" + "00010012" + strings.Repeat("0178", 9), Done,
			func(m *Message) bool { return m.Answers[0].Protocols == "x,x,x,x,x,x,x,x" }},
		{"a protocol of odd bytes", "000100" + "00010004031b2c7f", Done, func(m *Message) bool { return m.Answers[0].Protocols == `\027\,\127` }},
		{"an ech that is none", "000100" + "00050003fe0d00", Done, func(m *Message) bool { return m.Answers[0].ECH && m.Answers[0].ECHName == "" }},
		{"a parameter longer than the record", "000100" + "00050009fe0d00", Malformed, nil},
		{"more hints than are kept", "000100" + "00040118" + strings.Repeat("c0000201", 70), Done,
			func(m *Message) bool { return len(m.Answers) == MaxAnswers && m.MoreAnswers == 6 }},
		{"more hints than are kept, in a broken record", "000100" + "00040118" + strings.Repeat("c0000201", 70) + "00", Malformed,
			func(m *Message) bool { return len(m.Answers) == 0 && m.MoreAnswers == 0 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			b := service(t, tt.rdata)
			if st := m.ParseUDP(b, len(b)); st != tt.st || tt.ok != nil && !tt.ok(&m) {
				t.Fatalf("%v, %+v", st, m)
			}
			messageLaws(t, b)
		})
	}
}

// config is a configuration with a public name, of a key of 32 bytes.
func config(version uint16, name string) []byte {
	body := cat([]byte{7}, u16s(0x20, 32), make([]byte, 32), u16s(4, 1, 1), []byte{0, byte(len(name))}, []byte(name), u16s(0))
	return cat(u16s(version, uint16(len(body))), body)
}

// Cipher suites, with their length, that no client takes.
var noSuites, halfSuite = u16s(0), u16s(2, 1)

// at is a configuration with these suites, or good ones, and bytes behind it.
func at(suites []byte, name string, behind ...byte) []byte {
	if suites == nil {
		suites = u16s(4, 1, 1)
	}
	body := cat([]byte{7}, u16s(0x20, 32), make([]byte, 32), suites, []byte{0, byte(len(name))}, []byte(name), u16s(0), behind)
	return cat(u16s(0xfe0d, uint16(len(body))), body)
}

func list(configs ...[]byte) []byte {
	b := cat(configs...)
	return cat(u16s(uint16(len(b))), b)
}

func TestECHPublicName(t *testing.T) {
	noKey := cat(u16s(0xfe0d, 17), []byte{7}, u16s(0x20, 0, 4, 1, 1), []byte{0, 3, 'a', '.', 'b'}, u16s(0), []byte{0})
	tests := []struct {
		name string
		b    []byte
		want string
	}{
		{"Cloudflare's", echList(t), "cloudflare-ech.com"},
		{"the first of two", list(config(0xfe0d, "public.example"), config(0xfe0d, "other.example")), "public.example"},
		{"behind a version that is not known", list(config(0xfe0c, "old.example"), config(0xfe0d, "public.example")), "public.example"},
		{"only a version that is not known", list(config(0xfe0c, "old.example")), ""},
		{"an empty name", list(config(0xfe0d, "")), ""},
		{"an empty key", list(noKey), ""},
		{"no cipher suites", list(at(noSuites, "public.example")), ""},
		{"half a cipher suite", list(at(halfSuite, "public.example")), ""},
		{"a byte behind the extensions", list(at(nil, "public.example", 0)), ""},
		{"as it should be", list(at(nil, "public.example")), "public.example"},
		{"an empty list", list(), ""},
		{"nothing", nil, ""},
		{"a byte behind the list", append(echList(t), 0), ""},
		{"a list cut short", echList(t)[:60], ""},
		{"a configuration longer than the list", list(config(0xfe0d, "public.example")[:30]), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := ECHPublicName(tt.b)
			if string(got) != tt.want || ok != (tt.want != "") {
				t.Fatalf("%q, %v, want %q", got, ok, tt.want)
			}
			echLaws(t, tt.b)
		})
	}
	var m Message
	for name, want := range map[string]string{"Public.Example": "public.example", "a\x1b.example": "", "192.0.2.1": ""} {
		if got := m.echName(list(config(0xfe0d, name))); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

// echLaws: the name is part of the list, never of a beginning of it, and every
// length on the way to it counts.
func echLaws(t *testing.T, b []byte) {
	t.Helper()
	name, ok := ECHPublicName(b)
	if ok != (len(name) > 0) || len(name) > 255 || !bytes.Contains(b, name) {
		t.Fatalf("%q, %v", name, ok)
	}
	for i := range b {
		if got, ok := ECHPublicName(b[:i]); ok {
			var n = int(b[0])<<8 | int(b[1])
			if n+2 != i {
				t.Fatalf("%d bytes of a list of %d gave %q", i, n+2, got)
			}
		}
	}
}

func FuzzECHPublicName(f *testing.F) {
	f.Add(echList(f))
	f.Add(list(config(0xfe0c, "old.example"), config(0xfe0d, "public.example")))
	f.Fuzz(echLaws)
}

func BenchmarkService(b *testing.B) {
	r := service(b, echRecord(b))
	var m Message
	b.ReportAllocs()
	for b.Loop() {
		if st := m.ParseUDP(r, len(r)); st != Done {
			b.Fatal(st)
		}
	}
}
