package service

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

// FuzzRules: bytes are rules or an error that names the file, never both; and
// what compiles answers.
func FuzzRules(f *testing.F) {
	files := embeddedFiles(f)
	for _, x := range files {
		if len(x.Data) < 1500 {
			f.Add(x.Data)
		}
	}
	f.Add([]byte(head + "domains:\n  - match: glob\n    names: ['a*.b.example']\nprefixes:\n  - role: dedicated\n    cidrs: ['::/0', 0.0.0.0/0]\n"))
	f.Add([]byte(houses))
	f.Add([]byte(byteRules))
	f.Add([]byte(head + "magic: [{id: m, proto: udp, weight: 1, builtin: stun, attrs: [0x4000], realms: [a.b]}]\nexclude_domains: [a.example]\n"))
	f.Add([]byte("id: x\nname: [&a *a]\n---\n- !!binary x\n---\n? {}\n"))
	at := slices.IndexFunc(files, func(x File) bool { return x.Name == "lists/sources.yaml" })
	sources, err := parse(files[at])
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := build([]*parsed{sources}, []File{{"fuzz.yaml", data}})
		if (r == nil) == (err == nil) {
			t.Fatalf("rules %v and error %v", r != nil, err)
		}
		var e *Error
		if err != nil {
			if !errors.As(err, &e) || e.File == "" || e.Reason == "" {
				t.Fatalf("an error without file or reason: %v", err)
			}
			return
		}
		for _, id := range r.IDs() {
			i, ok := r.Service(id)
			if !ok || i.Name == "" {
				t.Fatalf("service %q is listed and unknown", id)
			}
			for _, d := range i.Domains {
				for _, n := range d.Names {
					r.Classify(&Evidence{SNI: n})
				}
			}
		}
		r.Classify(&Evidence{Server: netip.MustParseAddr(nobody), Port: 443, Proto: tcp})
		flow := on(nobody, udp, 443)
		for _, c := range [...]byte{0, 1, 'W'} {
			p := up(udp, 443, []byte{c, c, c, c, c, c, c, c})
			flow.Signs = r.Recognise(&p, flow.Signs)
		}
		if l := r.Classify(&flow); l.Confidence < 0 || l.Confidence > 1 {
			t.Fatalf("%+v", l)
		}
	})
}

// FuzzName: whatever is matched is a name below or like the rule that won, and
// case and a final dot change nothing.
func FuzzName(f *testing.F) {
	for _, s := range []string{"web.whatsapp.com", "KWS1.web.telegram.org.", "notwhatsapp.com", "x\x00.t.me", "a..t.me"} {
		f.Add(s)
	}
	r := Default()
	f.Fuzz(func(t *testing.T, name string) {
		m, ok := r.names.find(name)
		var buf [maxName]byte
		folded := string(fold(name, &buf))
		if !ok {
			return
		}
		if again, _ := r.names.find(folded + "."); again != m {
			t.Fatalf("%q is another name than %q", name, folded)
		}
		if !plausible(m.rule, folded) {
			t.Fatalf("%q is matched by %s", name, m.rule.key())
		}
	})
}

// plausible is the matching rules said once more, in another way.
func plausible(r *nameRule, name string) bool {
	switch r.kind {
	case matchExact:
		return name == r.name
	case matchSuffix:
		return name == r.name || len(name) > len(r.name) && name[len(name)-len(r.name)-1:] == "."+r.name
	}
	tail := globTail(r.name)
	return len(name) > len(tail) && name[len(name)-len(tail)-1:] == "."+tail
}

// FuzzRecognise: a sign is of a rule that looks at such payload, in that
// direction, at that port; one and the same payload shows the same; and looking
// costs nothing, but where a key has to be tried.
func FuzzRecognise(f *testing.F) {
	f.Add(uint8(tcp), true, uint8(1), uint16(5222), []byte("WA\x06\x03"), uint16(0), []byte{}, []byte{})
	f.Add(uint8(udp), false, uint8(2), uint16(51820), []byte("\x02\x00\x00\x00aaaabbbb"), uint16(80), []byte("\x01\x00\x00\x00bbbb"), []byte{})
	f.Add(uint8(50), true, uint8(5), uint16(0), []byte("0"), uint16(9), []byte{}, []byte{})
	f.Add(uint8(50), true, uint8(1), uint16(0), []byte{}, uint16(9), []byte{}, []byte{})
	r := Default()
	f.Fuzz(func(t *testing.T, proto uint8, isUp bool, nth uint8, port uint16, b []byte, more uint16, first, answer []byte) {
		p := Payload{Proto: proto, Up: isUp, Nth: int(nth), Server: netip.MustParseAddr(telegramDC), Port: port, Bytes: b, Len: len(b) + int(more)}
		p = after(p, first, answer)
		out := r.Recognise(&p, nil)
		if again := r.Recognise(&p, nil); !slices.Equal(again, out) {
			t.Fatalf("%v, then %v", out, again)
		}
		for _, s := range out {
			m := r.magic.byID[s.Rule]
			if m == nil || m.over != transportOf(proto) || m.dir == dirUp && !isUp || m.dir == dirDown && isUp || nth < 1 || nth > earlyPayloads ||
				nth > 1 && !m.early || p.Len < m.min || p.Len > m.max || m.needsAddr && m.svc.id != "telegram" {
				t.Fatalf("%s of %+v", s.Rule, p)
			}
			inPort := len(m.ports) == 0
			for _, span := range m.ports {
				inPort = inPort || port >= span.lo && port <= span.hi
			}
			if !inPort {
				t.Fatalf("%s at port %d", s.Rule, port)
			}
		}
		room := make([]Sign, 0, len(out)+1)
		if n := testing.AllocsPerRun(1, func() { r.Recognise(&p, room) }); n > 4 || n > 0 && (proto != tcp || !isUp || nth != 1 || len(b) < 64) {
			t.Fatalf("%v allocations for %+v", n, p)
		}
	})
}
