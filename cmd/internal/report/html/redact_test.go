package html

import (
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/cmd/internal/redact"
	"chokepoint/cmd/internal/report"
)

var _ Redactor = (*redact.Redactor)(nil)

// witness notes what a run sees that a redacted page must not have.
type witness struct {
	addrs map[netip.Addr]bool
	names map[string]bool
	ports map[uint16]bool
}

func (w *witness) see(r *flowRow) {
	w.addrs[r.key.SrcAddr()], w.addrs[r.key.DstAddr()] = true, true
	w.ports[r.key.SrcPort] = true
	if r.name != "" {
		w.names[r.name] = true
	}
}

// TestRedactionReachesAllOfThePage: neither the first pass nor the second brings anything
// of the capture onto it that the redactor replaces.
func TestRedactionReachesAllOfThePage(t *testing.T) {
	hidden := 0
	for i, path := range bundled(t) {
		if i%4 != 0 {
			continue // the redactor's own laws go through all of them
		}
		name := filepath.Base(filepath.Dir(path))
		full := New()
		c := play(t, full, path, nil)
		open := written(t, full)
		red := redact.New(nil, redact.Options{Key: [32]byte{1}})
		masked := page(t, path, red)
		w := witness{map[netip.Addr]bool{}, map[string]bool{}, map[uint16]bool{}}
		for _, r := range c.flows.at {
			w.see(r)
		}
		for a := range w.addrs {
			if red.Addr(a) == a {
				continue // the rules know it
			}
			raw := a.AsSlice()
			for _, form := range []string{a.String(), strings.ToLower(hexOf(raw))} {
				if whole(masked, form) {
					t.Errorf("%s: %s is on the redacted page: …%s…", name, form, near(masked, form))
				}
			}
			if whole(open, a.String()) {
				hidden++
			}
		}
		for n := range w.names {
			if red.Name(n) != n && whole(masked, n) {
				t.Errorf("%s: %s is on the redacted page: …%s…", name, n, near(masked, n))
			}
		}
		for _, secret := range []string{"2026-", name + "/", "client.pcapng"} {
			if !strings.Contains(open, secret) {
				t.Errorf("%s: the full page has no %s: the test looks for nothing", name, secret)
			}
			if strings.Contains(masked, secret) {
				t.Errorf("%s: %s is on the redacted page: …%s…", name, secret, near(masked, secret))
			}
		}
		if !strings.Contains(masked, "2000-01-01 00:00:00Z") || !strings.Contains(masked, "Redacted: what was replaced") || strings.Contains(masked, "Not redacted") {
			t.Errorf("%s: it does not say what was done", name)
		}
		if !strings.Contains(open, "Not redacted") {
			t.Errorf("%s: that nothing was redacted is not said", name)
		}
		if a, b := strings.Count(open, "data-num="), strings.Count(masked, "data-num="); a != b {
			t.Errorf("%s: %d packets are marked, %d where it is redacted", name, a, b)
		}
	}
	if hidden < 50 {
		t.Errorf("only %d addresses had to be hidden", hidden)
	}
}

// TestPortsOfClientsAreRenumbered, in ladders, facts and the table of flows.
func TestPortsOfClientsAreRenumbered(t *testing.T) {
	path := captureOf(t, "whatsapp-reset-race")
	full := New()
	c := play(t, full, path, nil)
	masked := page(t, path, redact.New(nil, redact.Options{Key: [32]byte{1}}))
	n := 0
	for _, r := range c.flows.at {
		for _, form := range []string{"port " + strconv.Itoa(int(r.key.SrcPort)), ":" + strconv.Itoa(int(r.key.SrcPort))} {
			if n++; whole(masked, form) {
				t.Errorf("%s is on the redacted page: …%s…", form, near(masked, form))
			}
		}
	}
	if n == 0 {
		t.Error("no ports")
	}
}

// TestAClientWhereServersLiveIsReplaced: the redactor knows of it before a page is written.
func TestAClientWhereServersLiveIsReplaced(t *testing.T) {
	const lives = "157.240.205.77" // in a block of a known owner
	red := redact.New(nil, redact.Options{Key: [32]byte{1}})
	if red.Addr(netip.MustParseAddr(lives)).String() != lives {
		t.Fatal("nobody knows that block any more: the test looks for nothing")
	}
	p := New()
	c := report.Tee{p.Capture(red), red.Note()}
	server, client := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr(lives)
	one, two := &fact.Flow{ID: 1, Start: 1, Last: 2}, &fact.Flow{ID: 2, Start: 1, Last: 2}
	one.Key.Src, one.Key.Dst = server.As16(), client.As16() // before it is known as a client
	two.Key.Src, two.Key.Dst = client.As16(), server.As16()
	c.Flow(one, nil)
	c.Flow(two, nil)
	if out := written(t, p); strings.Contains(out, lives) {
		t.Errorf("…%s…", near(out, lives))
	}
}

// TestTimesOfDayAreMoved, wherever the page has them, and questions lose their names.
func TestTimesOfDayAreMoved(t *testing.T) {
	path := captureOf(t, "dns-double-answer")
	red := redact.New(nil, redact.Options{Key: [32]byte{1}})
	p := New()
	c := play(t, p, path, red)
	out, n := written(t, p), 0
	for _, r := range c.flows.at {
		if at := clock(time.Unix(0, r.start)); strings.Contains(out, at[:len(at)-2]) {
			t.Errorf("%s is on the redacted page: …%s…", at, near(out, at[:len(at)-2]))
		}
		n++
	}
	if n == 0 || !strings.Contains(out, "00:00:03.") {
		t.Error("no times")
	}
	for what, want := range map[string]string{
		"DNS question A printer, id 0439": "DNS question A", "DNS answer A printer, id 0439: NOERROR, ghost": "DNS answer A",
		"QUIC v1 Initial, to connection 0a0b": "QUIC v1 Initial", "DTLS handshake": "DTLS handshake",
	} {
		if got := c.what(&rowOf{What: what}); got != want {
			t.Errorf("%q is told as %q", what, got)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, x := range b {
		out = append(out, digits[x>>4], digits[x&15])
	}
	return string(out)
}

// whole reports whether s has a word that is not a part of a longer one.
func whole(s, word string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return false
		}
		at := from + i
		end := at + len(word)
		if (at == 0 || !partOfWord(s[at-1])) && (end == len(s) || !partOfWord(s[end])) {
			return true
		}
		from = end
	}
}

func partOfWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}

func near(s, what string) string {
	i := strings.Index(s, what)
	return s[max(i-60, 0):min(i+60, len(s))]
}
