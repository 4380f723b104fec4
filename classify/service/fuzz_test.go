package service

import (
	"errors"
	"net/netip"
	"testing"
)

// FuzzRules: bytes are rules or an error that names the file, never both; and
// what compiles answers.
func FuzzRules(f *testing.F) {
	files, err := embeddedFiles()
	if err != nil {
		f.Fatal(err)
	}
	for _, x := range files {
		if len(x.Data) < 1500 {
			f.Add(x.Data)
		}
	}
	f.Add([]byte(head + "domains:\n  - match: glob\n    names: ['a*.b.example']\nprefixes:\n  - role: dedicated\n    cidrs: ['::/0', 0.0.0.0/0]\n"))
	f.Add([]byte("id: x\nname: [&a *a]\n---\n- !!binary x\n---\n? {}\n"))
	sources := []File{{"lists/sources.yaml", nil}}
	for _, x := range files {
		if x.Name == sources[0].Name {
			sources[0] = x
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := build(sources, []File{{"fuzz.yaml", data}})
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
