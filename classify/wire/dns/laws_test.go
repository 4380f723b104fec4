package dns

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// show prints what a parse yielded, without the memory kept for reuse.
func show(st Status, n int, m Message) string {
	m.raw, m.last, m.lastLow, m.lastECH, m.want, m.addresses = nil, "", "", "", 0, false
	return fmt.Sprintf("%v %d %+v", st, n, m)
}

// messageLaws: a value used before gives the same as a fresh one, a clipped
// message gives a beginning of the whole one's answers, and dnsmessage agrees
// about every name both of us can read.
func messageLaws(t *testing.T, b []byte) {
	t.Helper()
	var whole, used Message
	st := whole.ParseUDP(b, len(b))
	used.ParseUDP(response(), len(response()))
	if a, b := show(used.ParseUDP(b, len(b)), 0, used), show(st, 0, whole); a != b {
		t.Fatalf("reused:\n%s\nfresh:\n%s", a, b)
	}
	if whole.Trailing < 0 || whole.FaultAt > len(b) || len(whole.Answers) > MaxAnswers || len(whole.QName) > 4*maxName {
		t.Fatalf("out of bounds: %+v", whole)
	}
	for i := 0; i < len(b); i += 1 + i/30 {
		var part Message
		if part.ParseUDP(b[:i], len(b)) == NotDNS {
			continue
		}
		if n := len(part.Answers); n > len(whole.Answers) || !slices.Equal(part.Answers, whole.Answers[:n]) || part.QName != "" && part.QName != whole.QName {
			t.Fatalf("clipped at %d:\n%+v\nwhole:\n%+v", i, part, whole)
		}
	}
	if st == Done {
		oracle(t, b, &whole)
	}
}

// oracle compares question and owners with dnsmessage's, where it reads them.
func oracle(t *testing.T, b []byte, m *Message) {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil {
		return
	}
	if h.ID != m.ID || h.Response != m.Response || h.Authoritative != m.AA || h.Truncated != m.TC || h.RecursionAvailable != m.RA {
		t.Fatalf("header %+v, ours %+v", h, m)
	}
	qs, err := p.AllQuestions()
	if err != nil || len(qs) == 0 {
		return
	}
	if name := strings.TrimSuffix(qs[0].Name.String(), "."); !strings.ContainsAny(m.QNameRaw, `\`) && name != strings.TrimSuffix(m.QNameRaw, ".") {
		t.Fatalf("question %q, ours %q", name, m.QNameRaw)
	}
	if a, err := p.AnswerHeader(); err == nil && len(m.Answers) > 0 && !strings.Contains(m.Answers[0].Name, `\`) {
		if name := strings.TrimSuffix(lower(a.Name.String()), "."); name != strings.TrimSuffix(m.Answers[0].Name, ".") {
			t.Fatalf("owner %q, ours %q", name, m.Answers[0].Name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(response())
	f.Add(cat(header(0x0100, 1, 0, 0, 0), question(labels("t", "me"), 65)))
	f.Add(cat(header(0x8180, 1, 1, 0, 0), question(labels("t", "me"), 65), rec(again, 65, 9, cat(u16s(1), labels(), u16s(4, 8), make([]byte, 8)))))
	for _, v := range vectors {
		f.Add(service(f, v.rdata))
	}
	f.Add(service(f, echRecord(f)))
	f.Fuzz(messageLaws)
}

func FuzzStream(f *testing.F) {
	b := response()
	f.Add(cat(u16s(uint16(len(b))), b, u16s(12), header(0, 0, 0, 0, 0)))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var whole Message
		st, n := whole.ParseTCP(stream)
		if n < 0 || n > len(stream) || st == NeedMore && (n != 0 || whole.Want() <= 0) {
			t.Fatalf("took %d of %d with %v, wants %d", n, len(stream), st, whole.Want())
		}
		for i := 0; i < len(stream); i += 1 + i/30 {
			var part Message
			pst, pn := part.ParseTCP(stream[:i])
			if pst == NeedMore {
				continue
			}
			if a, b := show(pst, pn, part), show(st, n, whole); a != b {
				t.Fatalf("prefix of %d:\n%s\nwhole:\n%s", i, a, b)
			}
		}
	})
}

func BenchmarkQuery(b *testing.B) {
	q := [2][]byte{
		cat(header(0x0100, 1, 0, 0, 1), question(labels("web", "whatsapp", "com"), 1), rec([]byte{0}, 41, 0, nil)),
		cat(header(0x0100, 1, 0, 0, 1), question(labels("api", "signal", "org"), 1), rec([]byte{0}, 41, 0, nil)),
	}
	var m Message
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.ParseUDP(q[i&1], len(q[i&1]))
	}
}

func BenchmarkResponse(b *testing.B) {
	r := response()
	var m Message
	b.ReportAllocs()
	for b.Loop() {
		if st := m.ParseUDP(r, len(r)); st != Done {
			b.Fatal(st)
		}
	}
}
