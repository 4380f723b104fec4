//go:build linux

package guest

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/afpacket"
	"chokepoint/capture/live"
)

// capturing opens live capture at near's eth0.
func capturing(t *testing.T, c cable, backend string) *live.Source {
	t.Helper()
	var s *live.Source
	at(t, c.near, func() (err error) {
		s, err = live.Open(live.Options{Interfaces: []string{"eth0"}, Backend: backend, Plan: capture.Live,
			Notice: func(text string) { t.Log(text) }})
		return err
	})
	return s
}

// TestBestBackend lets live capture choose for itself.
func TestBestBackend(t *testing.T) {
	c := lay(t)
	s := capturing(t, c, live.Auto)
	defer s.Close()
	b := s.Backend()
	// What clsact cannot do, it says; that the kernel takes other programs is not its affair.
	if i := slices.IndexFunc(b.Misses, func(m string) bool { return b.Name != live.Clsact || !strings.HasSuffix(m, "(clsact)") }); i >= 0 {
		t.Errorf("%s misses %q", b.Name, b.Misses[i])
	}
	aboutTCX := slices.ContainsFunc(b.Why, func(why string) bool { return strings.Contains(why, "Linux 6.6") })
	if hasTCX(t) {
		if b.Name != live.TCX || len(b.Why) > 0 {
			t.Errorf("on %s: %+v, want tcx and no excuses", release(), b)
		}
	} else if b.Name != live.Clsact || !aboutTCX {
		t.Errorf("on %s: %+v, want clsact because TCX needs Linux 6.6", release(), b)
	}
	delivers(t, c, s)
}

// TestOtherBackends asks for those that are not the best.
func TestOtherBackends(t *testing.T) {
	others := []string{live.AFPacket}
	if hasTCX(t) {
		others = append(others, live.Clsact)
	}
	for _, backend := range others {
		c := lay(t)
		s := capturing(t, c, backend)
		if b := s.Backend(); b.Name != backend {
			t.Errorf("asked for %s, got %+v", backend, b)
		}
		delivers(t, c, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestNotes has this host drop a datagram, and captures that.
func TestNotes(t *testing.T) {
	c := lay(t)
	address(t, c)
	s := capturing(t, c, live.Auto)
	defer s.Close()
	ask(t, c, closed)
	var b capture.Batch
	var heard []capture.Note
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		for _, n := range b.Notes {
			if n.Kind == capture.NoteDrop && n.Reason == "NO_SOCKET" && n.Key.DstAddr() == nearIP && n.Key.DstPort == closed.Port() && !n.Out {
				return
			}
		}
		heard = append(heard, b.Notes...)
	}
	t.Errorf("%s: no note of the drop among %+v", s.Backend().Name, heard)
}

func TestAFPacket(t *testing.T) {
	c := lay(t)
	var s *afpacket.Source
	at(t, c.near, func() (err error) {
		s, err = afpacket.Open(afpacket.Config{Interfaces: []string{"eth0"}, RingBytes: 1 << 20})
		return err
	})
	defer s.Close()
	delivers(t, c, s)
}

// delivers lets datagrams pass both ways and fails unless the source has each of
// them whole, once and in order.
func delivers(t *testing.T, c cable, s capture.Source) {
	t.Helper()
	const each = 5
	exchange(t, c, each)
	var got []byte
	var b capture.Batch
	for deadline := time.Now().Add(patience); len(got) < 2*each && time.Now().Before(deadline); {
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		for _, p := range b.Packets {
			if len(p.Frame) != 43 || p.WireLen != 43 {
				t.Errorf("a frame of %d bytes came as %x", p.WireLen, p.Frame)
				continue
			}
			got = append(got, p.Frame[42])
		}
	}
	if want := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(got, want) {
		t.Errorf("got datagrams %v, want %v", got, want)
	}
	if st := s.Stats(); st.Packets != 2*each || st.Lost+st.Dropped != 0 {
		t.Errorf("counted %+v", st)
	}
}

// upTo is a source that ends after so many packets, or when they do not come.
type upTo struct {
	*live.Source
	left     int
	deadline time.Time
}

func (s *upTo) Read(b *capture.Batch) error {
	switch {
	case s.left <= 0:
		b.Packets, b.Notes = b.Packets[:0], b.Notes[:0]
		return io.EOF
	case time.Now().After(s.deadline):
		return errors.New("the packets do not come")
	}
	err := s.Source.Read(b)
	s.left -= len(b.Packets)
	return err
}
