//go:build linux

package local

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture/live"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/mishap"
)

// own is the TTL that hosts give their packets here, far that of somebody elsewhere.
const own, far = 64, 37

// forgery is a RST in the server's name that the client's TCP refuses.
type forgery struct {
	name    string
	off     int32 // from the number that is waited for
	ttl     uint8
	reasons []string
	worst   finding.Verdict // what it may be called at most
	proven  bool            // and at least: R9 with the kernel's word for it
}

func forgeries() []forgery {
	past, future := []string{"TCP_OLD_SEQUENCE", "TCP_INVALID_SEQUENCE"}, []string{"TCP_INVALID_SEQUENCE"}
	return []forgery{
		{"in the window", 1000, own, []string{"TCP_RESET"}, finding.Confirmed, true},
		{"in the window, from elsewhere", 1000, far, []string{"TCP_RESET"}, finding.Confirmed, true},
		{"of the past", -100_000, own, past, finding.Suspected, false},
		{"of the past, from elsewhere", -100_000, far, past, finding.Suspected, false},
		{"of the future", 100_000_000, own, future, finding.Suspected, false},
		{"of the future, from elsewhere", 100_000_000, far, future, finding.Suspected, false},
	}
}

var shop = mishap.Trace{Proto: mishap.TCP, From: netip.AddrPortFrom(mishap.Here, 40300), To: netip.AddrPortFrom(mishap.There, 5003)}

// converse has client and server say a few things, each after a pause in which
// nothing is under way.
func converse(t *testing.T, c *talk) {
	t.Helper()
	for range 4 {
		time.Sleep(25 * time.Millisecond) // beyond the guard against reordering
		send(t, c.client, c.server, "more, please")
		send(t, c.server, c.client, "here is more")
	}
}

// TestRefused: a RST that the client's TCP refuses while the connection goes on ends
// nothing, and is called injected by the kernel's word only where no peer sends such
// a one.
func TestRefused(t *testing.T) {
	t.Parallel()
	sideBySide(t, forgeries(), func(f forgery) string { return f.name }, func(t *testing.T, f forgery) {
		p := pair(t)
		w := begin(t, p.Here, live.TCX, servers()...)
		c := connect(t, p.Here, p.There, shop.From, shop.To)
		converse(t, c)
		forge(t, p, c, w.expected(c, 4*12)+uint32(f.off), f.ttl)
		converse(t, c)
		w.end(0)
		l := w.the(shop.From, shop.To).local
		if r := l.Refused[fact.Down]; r.Count != 1 || !slices.Contains(f.reasons, r.Reason) || l.Received[fact.Down].Count > 0 || l.Sent[fact.Down].Count > 0 {
			t.Errorf("%+v", *l)
		}
		t.Logf("%s: %s", f.name, said(w.all()))
		for _, x := range w.all() {
			if x.Kind != finding.ResetInjected && x.Kind != finding.ResetSeen || x.Verdict.Rank() > f.worst.Rank() {
				t.Errorf("%s %s: %s", x.Kind, x.Verdict, x.Summary)
			}
		}
		if f.proven {
			w.proven("R9", finding.C)
		}
		w.lives("ok")
	})
}

// proven checks for the one injected reset, and what proves it.
func (w *watch) proven(code string, class finding.Class) {
	w.t.Helper()
	list := w.about(finding.ResetInjected)
	if len(list) != 1 || list[0].Verdict != finding.Confirmed {
		w.t.Fatalf("%s", said(w.all()))
	}
	x := &list[0]
	if !slices.ContainsFunc(x.For, func(e finding.Evidence) bool { return e.Code == code && e.Class == class }) {
		w.t.Errorf("not by %s: %+v", code, x.For)
	}
	if x.Direction != finding.ToClient || x.Segment == finding.ThisHost || x.Service != mine {
		w.t.Errorf("%s, %s, of %q", x.Direction, x.Segment, x.Service)
	}
	rsts := 0
	for _, n := range x.Packets {
		p, ok := w.packets[n]
		if !ok || p.key != key(shop.To, shop.From, mishap.TCP) {
			w.t.Errorf("packet %d: %+v", n, p)
		}
		if p.flags&0x04 != 0 {
			rsts++
		}
	}
	if rsts != 1 {
		w.t.Errorf("%d RSTs among packets %v", rsts, x.Packets)
	}
}

// lives checks that the service is said to work, at least in part, and never was
// said not to.
func (w *watch) lives(status string) {
	w.t.Helper()
	if len(w.services) == 0 {
		w.t.Fatal("no answer")
	}
	for _, s := range w.services {
		if s.Status == "blocked" || s.Status == "failing" || s.Works == "no" || s.Attempts.Failed > 0 {
			w.t.Errorf("%s, works %s, %+v: %s", s.Status, s.Works, s.Attempts, s.Sentence)
		}
	}
	last := w.services[len(w.services)-1]
	if string(last.Status) != status {
		w.t.Errorf("%s, want %s", last.Status, status)
	}
	w.t.Logf("%s: %s", last.Status, last.Sentence)
}

// TestAccepted: a forged RST that hits the number ends the connection. Here nobody
// sent it; that the server goes on proves that it did not either.
func TestAccepted(t *testing.T) {
	t.Parallel()
	p := pair(t)
	w := begin(t, p.Here, live.TCX, servers()...)
	c := connect(t, p.Here, p.There, shop.From, shop.To)
	converse(t, c)
	forge(t, p, c, w.expected(c, 4*12), far)
	wasReset(t, c.client)
	time.Sleep(25 * time.Millisecond)
	if _, err := c.server.Write([]byte("are you there?")); err != nil {
		t.Fatal(err)
	}
	wasReset(t, c.server) // this host has no such connection any more
	w.end(0)
	x := w.the(shop.From, shop.To)
	if r := x.local.Received[fact.Down]; r.Count != 1 || x.local.Refused[fact.Down].Count > 0 || x.local.Sent[fact.Down].Count > 0 {
		t.Errorf("%+v", *x.local)
	}
	for _, code := range x.whyNot {
		if code == "local_firewall" {
			t.Errorf("stopped by %q", x.whyNot)
		}
	}
	t.Logf("%s, why not %q", said(w.all()), x.whyNot)
	w.proven("R1", finding.C)
	w.answers("blocked", "interference")
}
