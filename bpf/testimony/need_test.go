//go:build linux

package testimony

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

const patience = 10 * time.Second

// need skips a test that cannot be run here; with REQUIRE_BPF=1 it fails.
func need(t *testing.T) {
	t.Helper()
	lacks := append(netns.Missing(), bpf.Lacks(needs...)...)
	if !bpf.HasBTF() {
		lacks = append(lacks, noBTF)
	}
	if len(lacks) == 0 {
		return
	}
	why := "needs " + strings.Join(lacks, ", ")
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func laid(t *testing.T) *mishap.Pair {
	t.Helper()
	need(t)
	p, err := mishap.Lay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// inum is the number of a namespace.
func inum(t *testing.T, n *netns.NS) uint32 {
	t.Helper()
	var s unix.Stat_t
	if err := unix.Stat(n.Path(), &s); err != nil {
		t.Fatal(err)
	}
	return uint32(s.Ino)
}

// hearing is a Program, and what it has told so far.
type hearing struct {
	*Program
	t   *testing.T
	all []Event
}

// hear loads the programs for these namespaces.
func hear(t *testing.T, c Config, of ...*netns.NS) *hearing {
	t.Helper()
	for _, n := range of {
		c.Netns = append(c.Netns, inum(t, n))
	}
	p, err := Load(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return &hearing{Program: p, t: t}
}

// pending takes what is there, without waiting.
func (h *hearing) pending() {
	h.t.Helper()
	for {
		e, err := h.Next(time.Now())
		if errors.Is(err, ErrNothing) {
			break
		}
		if err != nil {
			h.t.Fatal(err)
		}
		h.all = append(h.all, e)
	}
	if err := h.Repeated(func(e Event) { h.all = append(h.all, e) }); err != nil {
		h.t.Fatal(err)
	}
}

// count sums up the events that are alike in kind and direction.
func (h *hearing) count(kind Kind, from, to netip.AddrPort) (packets int) {
	for i := range h.all {
		if e := &h.all[i]; e.Kind == kind && source(e) == from && destination(e) == to {
			packets += int(e.Count)
		}
	}
	return packets
}

// seen is how many there are, when there is one.
func (h *hearing) seen(kind Kind, from, to netip.AddrPort) int {
	h.t.Helper()
	for end := time.Now().Add(patience); h.count(kind, from, to) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		h.pending()
	}
	return max(1, h.count(kind, from, to))
}

// await waits until so many of them were told, and then tells which.
func (h *hearing) await(kind Kind, from, to netip.AddrPort, packets int) (found []*Event) {
	h.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if h.pending(); h.count(kind, from, to) >= packets {
			break
		}
		if time.Now().After(end) {
			h.t.Fatalf("%d of %d events %d from %v to %v; heard:\n%s", h.count(kind, from, to), packets, kind, from, to, h)
		}
	}
	for i := range h.all {
		if e := &h.all[i]; e.Kind == kind && source(e) == from && destination(e) == to {
			found = append(found, e)
		}
	}
	if n := h.count(kind, from, to); n != packets {
		h.t.Fatalf("%d events %d from %v to %v, not %d; heard:\n%s", n, kind, from, to, packets, h)
	}
	return found
}

// never fails if there was an event of one of these kinds. Whoever calls it has
// waited for something that came later.
func (h *hearing) never(kinds ...Kind) {
	h.t.Helper()
	h.pending()
	for i := range h.all {
		if slices.Contains(kinds, h.all[i].Kind) {
			h.t.Fatalf("heard what did not happen:\n%s", h)
		}
	}
}

// String lists what was heard.
func (h *hearing) String() string {
	var b strings.Builder
	for i := range h.all {
		e := &h.all[i]
		fmt.Fprintf(&b, "kind %d %s %v > %v: %+v\n", e.Kind, h.Reason(e), source(e), destination(e), *e)
	}
	return b.String()
}

func source(e *Event) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.Src).Unmap(), e.SrcPort)
}

func destination(e *Event) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(e.Dst).Unmap(), e.DstPort)
}

// clean fails if anything was lost.
func (h *hearing) clean() {
	h.t.Helper()
	if c, err := h.Counts(); err != nil || c.Lost != 0 {
		h.t.Errorf("counted %+v (%v)", c, err)
	}
}
