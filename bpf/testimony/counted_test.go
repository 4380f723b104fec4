//go:build linux

package testimony

import (
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"chokepoint/pcaps/lab/mishap"
)

// flood makes drops of one flow, and of connections that are refused.
func flood(t *testing.T, pair *mishap.Pair, datagrams, connections int) (flow mishap.Trace) {
	t.Helper()
	for range connections {
		made(t, pair, mishap.ClosedPort)
	}
	for range datagrams / 3 {
		flow = made(t, pair, mishap.NobodyListens) // three each
	}
	return flow
}

// TestRepeated: of drops that are alike one comes at once, and the others counted;
// what has been told is not told again.
func TestRepeated(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	did := flood(t, pair, 30, 0)
	h.settled(30)
	var first, more []Event
	for range 3 {
		first = append(first, h.rest()...)
		if err := h.Repeated(func(e Event) { more = append(more, e) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(first) != 1 || first[0].Count != 1 || len(more) != 1 || more[0].Count != 29 {
		t.Fatalf("first %+v, repeated %+v", first, more)
	}
	h.right(&more[0], did)
	if more[0].Time <= first[0].Time {
		t.Errorf("the last one at %d, the first at %d", more[0].Time, first[0].Time)
	}
	flood(t, pair, 3, 0)
	h.settled(33)
	if again := h.rest(); len(again) != 1 {
		t.Errorf("after Repeated the first one counts as new: %+v", again)
	}
}

// rest reads what the ring has.
func (h *hearing) rest() (events []Event) {
	h.t.Helper()
	for {
		e, err := h.Next(time.Now())
		if errors.Is(err, ErrNothing) {
			return events
		}
		if err != nil {
			h.t.Fatal(err)
		}
		events = append(events, e)
	}
}

// settled waits until so many events have been seen.
func (h *hearing) settled(events uint64) (c Counts) {
	h.t.Helper()
	for end := time.Now().Add(patience); c.Seen < events; time.Sleep(time.Millisecond) {
		var err error
		if c, err = h.Counts(); err != nil {
			h.t.Fatal(err)
		}
		if time.Now().After(end) {
			h.t.Fatalf("%d events wanted, counted %+v", events, c)
		}
	}
	return c
}

// TestFullRing: what the ring has no room for is counted on the page, resets too.
func TestFullRing(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{RingBytes: os.Getpagesize()}, pair.Here) // 34 records
	const refused = 60
	did := flood(t, pair, 3, refused)
	want := Counts{Seen: 2*refused + 3} // dropped and answered, each
	if c := h.settled(want.Seen); c.Seen != want.Seen || c.Lost != 0 {
		t.Fatalf("counted %+v", c)
	}
	inRing := len(h.rest())
	if inRing == 0 || inRing > 40 {
		t.Fatalf("%d events in the ring", inRing)
	}
	all := inRing
	if err := h.Repeated(func(e Event) { all += int(e.Count) }); err != nil {
		t.Fatal(err)
	}
	if all != int(want.Seen) {
		t.Errorf("%d events told, %d in the ring, of %d (%+v)", all, inRing, want.Seen, did)
	}
}

// TestFullPage: what finds no room on the page either is lost, and counted.
func TestFullPage(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{RingBytes: os.Getpagesize()}, pair.Here)
	const flows = 4096 + 500 // FLOWS in event.h
	for i := range flows {
		from := netip.AddrPortFrom(mishap.There, uint16(10_000+i))
		if err := mishap.Datagram(pair.There, from, netip.AddrPortFrom(mishap.Here, 7000)); err != nil {
			t.Fatal(err)
		}
	}
	c := h.settled(flows)
	told := len(h.rest())
	if err := h.Repeated(func(e Event) { told += int(e.Count) }); err != nil {
		t.Fatal(err)
	}
	if c.Seen != flows || c.Lost == 0 || uint64(told)+c.Lost != c.Seen {
		t.Errorf("told %d, counted %+v", told, c)
	}
}

// TestRetransmit: segments that are sent again are told, as many as the kernel's own
// count says.
func TestRetransmit(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	did := made(t, pair, mishap.Again)
	e := h.await(Retransmit, did.From, did.To, did.Packets)[0]
	if !e.Out || e.Proto != mishap.TCP || e.Netns != inum(t, pair.Here) || h.Reason(e) != "" {
		t.Errorf("%+v", *e)
	}
	h.only(Retransmit, did)
	h.never(Drop, ResetSent, ResetReceived)
}

// TestWake: Next returns when it is told to, and when its time is over.
func TestWake(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	if _, err := h.Next(time.Now().Add(time.Millisecond)); !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	done := make(chan error)
	wait := func() { _, err := h.Next(time.Now().Add(time.Hour)); done <- err }
	go wait()
	h.Wake()
	if err := <-done; !errors.Is(err, ErrNothing) {
		t.Fatal(err)
	}
	go wait()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	h.Wake() // nobody waits
}

// TestNextAlloc: reading an event allocates nothing.
func TestNextAlloc(t *testing.T) {
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	flood(t, pair, 0, 10)
	h.settled(20)
	now := time.Now()
	if _, err := h.Next(now); err != nil { // makes room for the record
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(5, func() {
		if _, err := h.Next(now); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per event", n)
	}
}
