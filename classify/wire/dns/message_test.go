package dns

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestResponse(t *testing.T) {
	var m Message
	b := response()
	if st := m.ParseUDP(append(b, 1, 2), len(b)+2); st != Done {
		t.Fatalf("%v at %d", st, m.FaultAt)
	}
	if m.ID != 0xbeef || !m.Response || m.AA || m.TC || !m.RD || !m.RA || m.Opcode != 0 || m.Questions != 1 || m.Trailing != 2 || m.Clipped {
		t.Errorf("header of %+v", m)
	}
	if m.QName != "web.whatsapp.com" || m.QNameRaw != "web.WhatsApp.com" || m.QType != 1 || m.QClass != 1 {
		t.Errorf("question of %+v", m)
	}
	if !m.HasOPT || !m.HasCookie || m.HasECS || m.HasEDE || m.Rcode != 16 || m.HasSOA {
		t.Errorf("OPT of %+v", m)
	}
	want := []Answer{
		{Name: "web.whatsapp.com", Type: 5, TTL: 3600, Target: `mmx-ds\..cdn.whatsapp.com`},
		{Name: `mmx-ds\..cdn.whatsapp.com`, Type: 1, TTL: 60, Addr: netip.MustParseAddr("157.240.1.60")},
		{Name: `mmx-ds\..cdn.whatsapp.com`, Type: 1, TTL: 60, Addr: netip.MustParseAddr("157.240.1.61")},
	}
	if len(m.Answers) != len(want) {
		t.Fatalf("answers %+v", m.Answers)
	}
	for i, a := range m.Answers {
		if a != want[i] {
			t.Errorf("answer %d: %+v, want %+v", i, a, want[i])
		}
	}
}

func TestSingleAnswers(t *testing.T) {
	hints := cat(u16s(1), labels(), u16s(1, 3), []byte{2, 'h', '3'}, u16s(4, 8), []byte{192, 0, 2, 1, 192, 0, 2, 2},
		u16s(5, 1, 0x0a00)[:5], u16s(6, 16), bytes.Repeat([]byte{0x20}, 16))
	tests := []struct {
		name string
		rr   []byte
		st   Status
		n    int
		ok   func(Answer) bool
	}{
		{"AAAA", rec(again, 28, 9, bytes.Repeat([]byte{0x20}, 16)), Done, 1, func(a Answer) bool { return a.Addr.Is6() && a.TTL == 9 }},
		{"an A record of 5 bytes is malformed", rec(again, 1, 9, make([]byte, 5)), Malformed, 0, nil},
		{"TXT gives its first string, escaped", rec(again, 16, 9, cat([]byte{3}, []byte("a\x1bB"), []byte{1, 'x'})), Done, 1, func(a Answer) bool { return a.Target == `a\027B` }},
		{"a TXT string longer than its data is malformed", rec(again, 16, 9, []byte{9, 'a'}), Malformed, 0, nil},
		{"HTTPS gives one answer for each hint", rec(again, 65, 9, hints), Done, 3, func(a Answer) bool { return a.ALPN && a.ECH && a.Addr.String() == "192.0.2.1" && a.Target == "." }},
		{"HTTPS without parameters gives one answer", rec(again, 65, 9, cat(u16s(0), labels("alias", "example"))), Done, 1, func(a Answer) bool { return a.Target == "alias.example" && !a.Addr.IsValid() }},
		{"a hint of 3 bytes is malformed", rec(again, 65, 9, cat(u16s(1), labels(), u16s(4, 3), []byte{1, 2, 3})), Malformed, 0, nil},
		{"an unknown type is kept without data", rec(again, 999, 9, []byte{1}), Done, 1, func(a Answer) bool { return a.Type == 999 && a.Target == "" }},
		{"a pointer to itself is malformed", rec([]byte{0xc0, 33}, 1, 9, []byte{1, 2, 3, 4}), Malformed, 0, nil},
		{"a pointer forward is malformed", rec([]byte{0xc0, 40}, 1, 9, []byte{1, 2, 3, 4}), Malformed, 0, nil},
		{"a CNAME that runs out of its data is malformed", rec(again, 5, 9, []byte{9, 'a'}), Malformed, 0, nil},
		{"an unknown label type is malformed", rec([]byte{0x41, 0}, 1, 9, []byte{1, 2, 3, 4}), Malformed, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			b := cat(header(0x8180, 1, 1, 0, 0), question(labels("web", "whatsapp", "com"), 1), tt.rr)
			if st := m.ParseUDP(b, len(b)); st != tt.st || len(m.Answers) != tt.n || tt.ok != nil && !tt.ok(m.Answers[0]) {
				t.Fatalf("%v, %+v", st, m)
			}
			if tt.st == Malformed && m.FaultAt != 34 {
				t.Errorf("fault at %d, want 34", m.FaultAt)
			}
			messageLaws(t, b)
		})
	}
}

func TestSections(t *testing.T) {
	q := question(labels("x", "example"), 1)
	soa := rec(labels("Example"), 6, 300, make([]byte, 22))
	tests := []struct {
		name string
		b    []byte
		st   Status
		ok   func(*Message) bool
	}{
		{"a query", cat(header(0x0100, 1, 0, 0, 0), q), Done, func(m *Message) bool { return !m.Response && m.QName == "x.example" && !m.RA }},
		{"the root is asked for", cat(header(0x0100, 1, 0, 0, 0), question(labels(), 2)), Done, func(m *Message) bool { return m.QName == "." }},
		{"no question has no name", header(0x8183, 0, 0, 0, 0), Done, func(m *Message) bool { return m.QName == "" && m.Rcode == 3 }},
		{"a denial with SOA", cat(header(0x8183, 1, 0, 1, 0), q, soa), Done, func(m *Message) bool { return m.HasSOA && m.SOAOwner == "example" && m.Rcode == 3 }},
		{"an extended error", cat(header(0x8183, 1, 0, 0, 1), q, rec([]byte{0}, 41, 0, cat(u16s(8, 4, 1, 0, 15, 3, 16), []byte{'c'}))), Done,
			func(m *Message) bool { return m.HasEDE && m.EDE == 16 && m.HasECS && m.Rcode == 3 }},
		{"a truncated answer leaves records out", cat(header(0x8380, 1, 9, 0, 0), q), Done, func(m *Message) bool { return m.TC && len(m.Answers) == 0 }},
		{"a name of binary bytes", cat(header(0x0100, 1, 0, 0, 0), question(labels("a b\\\xff\n", "c.d"), 1)), Done,
			func(m *Message) bool { return m.QName == `a\032b\\\255\010.c\.d` }},
		{"a name of 256 octets", cat(header(0x0100, 1, 0, 0, 0), question(labels(string(make([]byte, 63)), string(make([]byte, 63)), string(make([]byte, 63)), string(make([]byte, 62))), 1)), Malformed, nil},
		{"counts that cannot fit", cat(header(0x8180, 1, 99, 0, 0), q), NotDNS, nil},
		{"too short for a header", make([]byte, 11), NotDNS, nil},
		{"more answers than are kept", cat(header(0x8180, 1, MaxAnswers+5, 0, 0), q, bytes.Repeat(rec(again, 1, 1, []byte{1, 2, 3, 4}), MaxAnswers+5)), Done,
			func(m *Message) bool { return len(m.Answers) == MaxAnswers && m.MoreAnswers == 5 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Message
			if st := m.ParseUDP(tt.b, len(tt.b)); st != tt.st || tt.ok != nil && !tt.ok(&m) {
				t.Fatalf("%v at %d, %+v", st, m.FaultAt, m)
			}
			messageLaws(t, tt.b)
		})
	}
}

func TestClippedCapture(t *testing.T) {
	b := response()
	var m Message
	if st := m.ParseUDP(b[:len(b)-30], len(b)); st != Done || !m.Clipped || len(m.Answers) != 2 || m.HasOPT {
		t.Fatalf("%v, %+v", st, m)
	}
	if st := m.ParseUDP(b[:20], len(b)); st != Done || !m.Clipped || m.QName != "" || m.ID != 0xbeef {
		t.Fatalf("%v, %+v", st, m)
	}
}

func TestStreamOfMessages(t *testing.T) {
	b := response()
	one := cat(u16s(uint16(len(b))), b)
	bad := cat(u16s(17), header(0x0100, 1, 0, 0, 0), []byte{0x80, 0, 0, 0, 0})
	stream := cat(one, bad, one)
	var m Message
	var got []Status
	for len(stream) > 0 {
		st, n := m.ParseTCP(stream)
		got = append(got, st)
		stream = stream[n:]
	}
	if len(got) != 3 || got[0] != Done || got[1] != Malformed || got[2] != Done {
		t.Fatalf("%v", got)
	}
	for i := range one {
		if st, _ := m.ParseTCP(one[:i]); st != NeedMore || m.Want() != map[bool]int{true: 2 - i, false: len(one) - i}[i < 2] {
			t.Fatalf("%d bytes: %v, wants %d", i, st, m.Want())
		}
	}
	if st, _ := m.ParseTCP([]byte("\x00\x05hello")); st != NotDNS {
		t.Fatal(st)
	}
}
