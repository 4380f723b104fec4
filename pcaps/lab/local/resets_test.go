//go:build linux

package local

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"chokepoint/capture/live"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// broken is a connection that a host ends with a RST of its own making, watched from
// both ends.
type broken struct {
	name  string
	make  func(*testing.T, *mishap.Pair) mishap.Trace // only its ends and reasons count
	here  string                                      // findings at the host that did it
	why   string                                      // what stopped the detector of resets there
	sent  []string                                    // why its TCP says that it did, one of them; nil: its TCP did not
	there string                                      // findings at the other host
	stray bool                                        // nothing passed the tap
}

const (
	ruled    = "drop.local confirmed  NETFILTER_DROP"
	unbound  = "drop.local benign no_socket NO_SOCKET"
	refusing = "reset.seen benign refused"
	unclear  = "reset.seen unexplained"
)

var (
	visit = mishap.Trace{Proto: mishap.TCP, From: netip.AddrPortFrom(mishap.There, 40100), To: netip.AddrPortFrom(mishap.Here, 5001)}
	call  = mishap.Trace{Proto: mishap.TCP, From: netip.AddrPortFrom(mishap.Here, 40200), To: netip.AddrPortFrom(mishap.There, 5002)}
)

func resets() []broken {
	unread, atOnce := []string{"TCP_ABORT_ON_CLOSE"}, []string{"TCP_STATE", "TCP_DISCONNECT_WITH_DATA"}
	nobody := []string{"NO_SOCKET"}
	return []broken{
		{name: "a rule on the way in rejects the SYN", here: ruled, why: "local_firewall", there: refusing, make: rejectedSYN(visit, "input")},
		{name: "a rule on the way in rejects the rest", here: ruled, why: "local_firewall", there: unclear, make: rejectedLater(visit, "input")},
		{name: "a rule on the way out rejects the SYN", here: ruled, stray: true, make: rejectedSYN(call, "output")},
		{name: "a rule on the way out rejects the rest", here: ruled, why: "no_reset", make: rejectedLater(call, "output")},
		{name: "closed port", here: unbound, why: "local_stack", sent: nobody, there: refusing, make: made(mishap.ClosedPort)},
		{name: "closed port of IPv6", here: unbound, why: "local_stack", sent: nobody, there: refusing, make: made(mishap.ClosedPort6)},
		{name: "closed with data unread", why: "local_stack", sent: unread, there: unclear, make: made(mishap.CloseUnread)},
		{name: "closed without lingering", why: "local_stack", sent: atOnce, there: unclear, make: made(mishap.CloseAtOnce)},
		{name: "killed with data unread", why: "local_stack", sent: unread, there: unclear, make: killed},
	}
}

func made(do func(*mishap.Pair) (mishap.Trace, error)) func(*testing.T, *mishap.Pair) mishap.Trace {
	return func(t *testing.T, p *mishap.Pair) mishap.Trace {
		trace, err := do(p)
		if err != nil {
			t.Fatal(err)
		}
		return trace
	}
}

func rejectedSYN(trace mishap.Trace, hook string) func(*testing.T, *mishap.Pair) mishap.Trace {
	return func(t *testing.T, p *mishap.Pair) mishap.Trace {
		reject(t, p.Here, hook, trace.To.Port())
		c, err := dialer(p, trace).Dial(t.Context(), "tcp", trace.From, trace.To)
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, unix.ECONNREFUSED) {
			t.Fatalf("not refused: %v", err)
		}
		return trace
	}
}

func rejectedLater(trace mishap.Trace, hook string) func(*testing.T, *mishap.Pair) mishap.Trace {
	return func(t *testing.T, p *mishap.Pair) mishap.Trace {
		other := p.Here
		if dialer(p, trace) == p.Here {
			other = p.There
		}
		c := connect(t, dialer(p, trace), other, trace.From, trace.To)
		reject(t, p.Here, hook, trace.To.Port())
		if _, err := c.client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		wasReset(t, c.client)
		return trace
	}
}

// dialer is the host at the client's end.
func dialer(p *mishap.Pair, trace mishap.Trace) *netns.NS {
	if trace.From.Addr() == mishap.Here {
		return p.Here
	}
	return p.There
}

// killed has a server killed that has not read what it was sent.
func killed(t *testing.T, p *mishap.Pair) mishap.Trace {
	child := start(t, p.Here, "server", "server", visit.To.String())
	c, err := p.There.Dial(t.Context(), "tcp", visit.From, visit.To)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Write([]byte("unread")); err != nil {
		t.Fatal(err)
	}
	child.line() // it has it
	child.kill()
	return visit
}

// TestResets: a RST that this host made itself is never said to be injected, neither
// here nor at the other end; here it is known who did it.
func TestResets(t *testing.T) {
	t.Parallel()
	sideBySide(t, resets(), func(b broken) string { return b.name }, func(t *testing.T, b broken) {
		p := pair(t)
		here, there := begin(t, p.Here, live.TCX, servers()...), begin(t, p.There, live.TCX, servers()...)
		trace := b.make(t, p)
		here.end(0)
		there.end(0)
		for _, w := range []*watch{here, there} {
			w.innocent()
		}
		if got := said(here.all()); got != b.here {
			t.Errorf("here: %q, want %q", got, b.here)
		}
		if got := said(there.all()); got != b.there {
			t.Errorf("there: %q, want %q", got, b.there)
		}
		t.Logf("%s: here %s, there %s", b.name, said(here.all()), said(there.all()))
		if b.stray {
			return
		}
		x := here.the(trace.From, trace.To)
		if !slices.Contains(x.whyNot, b.why) {
			t.Errorf("stopped by %q, not by %q", x.whyNot, b.why)
		}
		b.tells(t, x, there.the(trace.From, trace.To))
		for _, f := range here.about(finding.DropLocal) {
			here.named(&f, &mishap.Trace{From: trace.From, To: trace.To, Proto: mishap.TCP})
		}
	})
}

// tells checks what the kernels of both ends said of the flow.
func (b *broken) tells(t *testing.T, here, there *flow) {
	t.Helper()
	if b.there == "" {
		return // nothing was seen there
	}
	if b.sent == nil {
		if n := here.local.Sent[fact.Down].Count; n != 0 {
			t.Errorf("its TCP sent %d", n)
		}
	} else if r := here.local.Sent[fact.Down]; r.Count != 1 || !slices.Contains(b.sent, r.Reason) || here.local.End != fact.Some(fact.Down) {
		t.Errorf("%+v, want one for %q", here.local, b.sent)
	}
	if r := there.local.Received[fact.Down]; r.Count != 1 || there.local.End != fact.Some(fact.Up) {
		t.Errorf("there: %+v", there.local)
	}
}
