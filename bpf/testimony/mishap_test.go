//go:build linux

package testimony

import (
	"net/netip"
	"slices"
	"testing"

	"chokepoint/pcaps/lab/mishap"
)

// TestDrops: whatever makes this host drop packets is told, with reason, flow,
// direction and number; nothing else is.
func TestDrops(t *testing.T) {
	for _, m := range mishap.Drops() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			pair := laid(t)
			h := hear(t, Config{}, pair.Here)
			did := made(t, pair, m.Make)
			for _, e := range h.await(Drop, did.From, did.To, did.Packets) {
				h.right(e, did)
				if e.Netns != inum(t, pair.Here) || e.Ifindex == 0 && !e.Out {
					t.Errorf("in namespace %d at interface %d: %+v", e.Netns, e.Ifindex, *e)
				}
			}
			h.never(ResetRefused, ResetReceived)
			if did.Answered && pair.Here != nil {
				h.answered(did)
			} else {
				h.never(ResetSent)
			}
			h.only(Drop, did)
			h.clean()
		})
	}
}

// TestNoRoute: what TCP cannot route has no IP header; its socket knows whose it was.
func TestNoRoute(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	did := made(t, pair, mishap.NoRoute)
	e := h.await(Drop, did.From, did.To, h.seen(Drop, did.From, did.To))[0]
	if !e.Out || e.HasPacket || e.Proto != mishap.TCP || h.Reason(e) != did.Reasons[0] || e.Netns != inum(t, pair.Here) {
		t.Errorf("%q: %+v", h.Reason(e), *e)
	}
	h.only(Drop, did)
	h.never(ResetSent, ResetReceived, ResetRefused)
}

func made(t *testing.T, pair *mishap.Pair, do func(*mishap.Pair) (mishap.Trace, error)) mishap.Trace {
	t.Helper()
	did, err := do(pair)
	if err != nil {
		t.Fatal(err)
	}
	return did
}

// right checks what an event says of the packet.
func (h *hearing) right(e *Event, did mishap.Trace) {
	h.t.Helper()
	if !slices.Contains(did.Reasons, h.Reason(e)) {
		h.t.Errorf("reason %q, not %q", h.Reason(e), did.Reasons)
	}
	if e.Proto != did.Proto || e.Out != did.Out || !e.HasPacket || e.Flags&0xff != did.Flags || e.TTL == 0 || e.Time == 0 {
		h.t.Errorf("not what %+v does: %+v", did, *e)
	}
	if did.Forged && (e.TTL != did.TTL || e.IPID != did.IPID || e.Seq != did.Seq) {
		h.t.Errorf("not the packet of %+v: %+v", did, *e)
	}
}

// only fails if an event of a kind is of another flow.
func (h *hearing) only(kind Kind, did mishap.Trace) {
	h.t.Helper()
	for i := range h.all {
		if e := &h.all[i]; e.Kind == kind && (source(e) != did.From || destination(e) != did.To) {
			h.t.Errorf("of another flow than %+v: %+v", did, *e)
		}
	}
}

// answered expects the one RST that a host sends for a closed port.
func (h *hearing) answered(did mishap.Trace) {
	h.t.Helper()
	e := h.await(ResetSent, did.To, did.From, 1)[0]
	if r := h.Reason(e); r != "NO_SOCKET" && (r != "" || h.dialect.resetReason) {
		h.t.Errorf("reset for %q", r)
	}
	if !e.Out || e.Proto != mishap.TCP || e.HasPacket {
		h.t.Errorf("reset sent: %+v", *e)
	}
}

// TestClosedPortBothEnds: what one end sends the other one receives.
func TestClosedPortBothEnds(t *testing.T) {
	for _, do := range []func(*mishap.Pair) (mishap.Trace, error){mishap.ClosedPort, mishap.ClosedPort6} {
		pair := laid(t)
		h := hear(t, Config{}, pair.Here, pair.There)
		did := made(t, pair, do)
		h.await(Drop, did.From, did.To, 1)
		sent := h.await(ResetSent, did.To, did.From, 1)[0]
		got := h.await(ResetReceived, did.To, did.From, 1)[0]
		if sent.Netns != inum(t, pair.Here) || got.Netns != inum(t, pair.There) || got.Out || got.Cookie == 0 {
			t.Errorf("sent %+v, received %+v", *sent, *got)
		}
		// The same socket as the one that was connected.
		if c := h.await(Connect, netip.AddrPortFrom(did.From.Addr(), did.From.Port()), did.To, 1)[0]; c.Cookie != got.Cookie {
			t.Errorf("socket %d connected, %d was reset", c.Cookie, got.Cookie)
		}
		h.clean()
	}
}

// TestRefusals: RSTs that do not fit are told with what is in them, and the
// connection was not reset.
func TestRefusals(t *testing.T) {
	for _, m := range mishap.Refusals() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			pair := laid(t)
			h := hear(t, Config{}, pair.Here)
			did := made(t, pair, m.Make)
			e := h.await(ResetRefused, did.From, did.To, 1)[0]
			h.right(e, did)
			if e.Netns != inum(t, pair.Here) || e.Ifindex == 0 {
				t.Errorf("in namespace %d at interface %d", e.Netns, e.Ifindex)
			}
			h.never(Drop, ResetReceived, ResetSent)
			h.clean()
		})
	}
}

// TestResetAccepted: a RST that fits is told as received and as nothing else.
func TestResetAccepted(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	did := made(t, pair, mishap.ExactReset)
	e := h.await(ResetReceived, did.From, did.To, 1)[0]
	if e.Out || e.Netns != inum(t, pair.Here) || e.Proto != mishap.TCP {
		t.Errorf("%+v", *e)
	}
	h.never(Drop, ResetRefused, ResetSent)
	h.clean()
}

// TestAborts: a process that breaks off its connection is told with how it did.
func TestAborts(t *testing.T) {
	for _, m := range mishap.Aborts() {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			pair := laid(t)
			h := hear(t, Config{}, pair.Here, pair.There)
			did := made(t, pair, m.Make)
			e := h.await(ResetSent, did.From, did.To, 1)[0]
			if r := h.Reason(e); !slices.Contains(did.Reasons, r) && (r != "" || h.dialect.resetReason) {
				t.Errorf("reset for %q, not %q", r, did.Reasons)
			}
			got := h.await(ResetReceived, did.From, did.To, 1)[0]
			if !e.Out || got.Out || e.Netns != inum(t, pair.Here) || got.Netns != inum(t, pair.There) {
				t.Errorf("sent %+v, received %+v", *e, *got)
			}
			h.never(Drop, ResetRefused)
			h.clean()
		})
	}
}
