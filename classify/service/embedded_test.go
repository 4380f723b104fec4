package service

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestEmbeddedRulesAreComplete counts what the sources list, by hand: a name
// lost in editing shows here.
func TestEmbeddedRulesAreComplete(t *testing.T) {
	for _, c := range []struct {
		id, family             string
		names, prefixes, ports int
	}{
		{"apns", "apple", 7, 8, 2}, {"discord", "", 33, 3, 8}, {"facebook", "meta", 15, 118, 0},
		{"facebook_messenger", "meta", 12, 0, 3}, {"fcm", "google", 15, 0, 1}, {"huawei_push", "", 4, 0, 0},
		{"icq", "vk", 7, 0, 1}, {"instagram", "meta", 16, 0, 0}, {"mailru", "vk", 11, 0, 0}, {"max", "vk", 33, 1, 6},
		{"ok", "vk", 15, 0, 0}, {"rustore_push", "vk", 5, 0, 0}, {"signal", "", 37, 8, 6}, {"tamtam", "vk", 2, 0, 0},
		{"telega", "vk", 6, 0, 0}, {"telegram", "", 44, 33, 7}, {"viber", "", 11, 17, 5}, {"vk", "vk", 51, 86, 0},
		{"whatsapp", "meta", 59, 229, 11},
	} {
		i, ok := Default().Service(c.id)
		n, p, o := 0, 0, 0
		for _, d := range i.Domains {
			n += len(d.Names)
		}
		for _, d := range i.Prefixes {
			p += len(d.Prefixes)
		}
		for _, d := range i.Ports {
			o += len(d.Ports)
		}
		if !ok || i.Family != c.family || n != c.names || p != c.prefixes || o != c.ports {
			t.Errorf("%s of %q: %d names, %d prefixes, %d ports; want %+v", c.id, i.Family, n, p, o, c)
		}
	}
	if got := len(Default().IDs()); got != 19 {
		t.Errorf("%d services, of which some are not counted here", got)
	}
	if got := Default().resolvers.byAddr.Size(); got != 104 {
		t.Errorf("%d resolver addresses", got)
	}
	if got := len(Default().resolvers.byHost); got != 70 {
		t.Errorf("%d resolver names", got)
	}
}

func TestEveryEmbeddedFileHasDateAndSources(t *testing.T) {
	files, err := embeddedFiles()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 23 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		p, err := parse(f)
		if err != nil {
			t.Fatal(err)
		}
		if p.date().IsZero() {
			t.Errorf("%s has no date", f.Name)
		}
		for _, s := range p.patches {
			if f.Name != "services/"+s.id+".yaml" {
				t.Errorf("%s is in %s", s.id, f.Name)
			}
			if len(s.functions) == 0 || s.name == "" || s.category == "" {
				t.Errorf("%s does not say what it is", s.id)
			}
			for _, o := range s.origins() {
				if len(o.src) == 0 {
					t.Errorf("%s: a rule without source: %+v", s.id, *o)
				}
			}
		}
	}
}

// origins lists the entries of a service.
func (s *svc) origins() []*origin {
	var out []*origin
	for _, r := range s.names {
		out = append(out, r.origin)
	}
	for _, r := range s.prefixes {
		out = append(out, r.origin)
	}
	for _, r := range s.ports {
		out = append(out, r.origin)
	}
	return slices.Compact(out)
}

// TestEveryNameWinsInItsOwnService holds each rule against all others.
func TestEveryNameWinsInItsOwnService(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, n := range r.byID[id].names {
			name := strings.ReplaceAll(n.name, "*", "zz9")
			for _, ask := range []string{name, strings.ToUpper(name) + "."} {
				m, ok := r.names.find(ask)
				if !ok || m.rule != n && !(m.rule.svc == n.svc && m.rule.beats(n)) {
					t.Errorf("%s of %s is not found by %s: %+v", n.key(), id, ask, m.rule)
				}
			}
			if n.kind == matchSuffix {
				if m, ok := r.names.find("some-host." + name); !ok || m.rule != n {
					t.Errorf("%s of %s does not hold below", n.key(), id)
				}
				if m, ok := r.names.find("not" + name); ok && m.rule == n {
					t.Errorf("%s of %s matches across a label", n.key(), id)
				}
			}
		}
	}
}

// TestEveryPrefixIsFound asks for the first and the last address of each.
func TestEveryPrefixIsFound(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, p := range r.byID[id].prefixes {
			for _, a := range []netip.Addr{p.prefix.Addr(), lastOf(p.prefix)} {
				if !slices.Contains(r.addrs.covering(a), p) {
					t.Errorf("%s of %s is not found by %s", p.text, id, a)
				}
				if best := r.addrs.find(a); best != p && best.prefix.Bits() < p.prefix.Bits() {
					t.Errorf("%s is taken by the shorter %s", p.text, best.text)
				}
			}
		}
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// TestAClosedOwnersHomeHoldsItsPublishedHosts keeps precedence 3 from calling
// the owner's own servers decoys.
func TestAClosedOwnersHomeHoldsItsPublishedHosts(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, p := range r.byID[id].prefixes {
			if !r.closed[p.svc.owner] || p.role == roleTenant || p.role == roleUnverified {
				continue
			}
			best := r.addrs.find(p.prefix.Addr())
			if best.role != roleTenant && r.misplaced(p.svc.owner, false, best) {
				t.Errorf("%s of %s is outside its owner's home", p.text, id)
			}
		}
	}
}

func TestMustExistNamesAreOnesWeMayHearOf(t *testing.T) {
	n := 0
	for name := range Default().exist {
		if _, ok := Default().names.find(name); ok {
			n++
		}
	}
	if n < 40 {
		t.Errorf("only %d of the must-exist names belong to services", n)
	}
}
