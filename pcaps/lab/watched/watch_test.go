//go:build linux

package watched

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/lab/netns"
)

// needed skips a test that cannot be played here; with REQUIRE_BPF=1 it fails.
func needed(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// TestStopHasAllThatPassed: datagrams, a connection that nobody waits for, and what
// the kernel said of it, up to the call.
func TestStopHasAllThatPassed(t *testing.T) {
	if lacks := netns.Missing(); len(lacks) > 0 {
		needed(t, "needs "+strings.Join(lacks, ", "))
	}
	h, err := netns.Internet(netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w, err := Watch(h.Client, "eth0")
	if err != nil {
		needed(t, "needs live capture: "+err.Error())
	}
	const sent = 300
	for range sent {
		say(t, h.Client, "udp", netip.MustParseAddrPort("198.51.100.1:9"))
	}
	say(t, h.Client, "tcp", netip.MustParseAddrPort("192.168.1.23:9")) // itself: refused, and never on the cable
	seen, err := w.Stop()
	if err != nil {
		t.Fatal(err)
	}
	packets, drops, now := 0, 0, int64(0)
	var dec decode.Decoder
	for _, b := range seen.Batches {
		for i := range b.Packets {
			if dec.Decode(&b.Packets[i]); b.Packets[i].Key.DstPort == 9 {
				packets++
			}
		}
		for _, n := range b.Notes {
			if n.Kind == capture.NoteDrop && n.Reason == "NO_SOCKET" {
				drops++
			}
		}
		if b.Now < now {
			t.Errorf("time went back from %d to %d", now, b.Now)
		}
		now = b.Now
	}
	if packets != sent || drops != 1 || seen.Stats.Lost+seen.Stats.Dropped+seen.Stats.Unseen > 0 {
		t.Errorf("%d packets and %d drops, %+v", packets, drops, seen.Stats)
	}
	if err := w.src.Read(&capture.Batch{}); err != os.ErrClosed {
		t.Errorf("it goes on: %v", err)
	}
}

// say opens a connection and says one thing, if it can.
func say(t *testing.T, n *netns.NS, network string, to netip.AddrPort) {
	t.Helper()
	c, err := n.Dial(context.Background(), network, netip.AddrPort{}, to)
	if err != nil {
		if network == "udp" {
			t.Fatal(err)
		}
		return
	}
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
}
