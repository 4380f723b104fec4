//go:build linux

package live

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"chokepoint/bpf"
	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// pair is two hosts on a cable. A test that cannot have them is skipped; with
// REQUIRE_BPF=1 it fails.
func pair(t testing.TB) *mishap.Pair {
	t.Helper()
	if lacks := netns.Missing(); len(lacks) > 0 {
		without(t, "needs "+strings.Join(lacks, ", "))
	}
	p, err := mishap.Lay()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func without(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("REQUIRE_BPF") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// on captures on this host of the pair.
func on(t testing.TB, p *mishap.Pair, backend string, notice func(string)) *Source {
	t.Helper()
	return onWith(t, p, backend, notice, kernel())
}

// onWith does it in a world that is changed somehow.
func onWith(t testing.TB, p *mishap.Pair, backend string, notice func(string), world system) *Source {
	t.Helper()
	var s *Source
	err := p.Here.Do(func() (err error) {
		s, err = open(Options{Interfaces: []string{mishap.Interface}, Backend: backend, Plan: capture.Live, Notice: notice}, world)
		return err
	})
	var u *bpf.Unavailable
	if errors.As(err, &u) {
		without(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// seen is what a source delivered.
type seen struct {
	packets []capture.Packet // decoded, without their bytes
	notes   []capture.Note
}

// upTo reads until a time is reached.
func upTo(t testing.TB, s *Source, end time.Time) (all seen) {
	t.Helper()
	var b capture.Batch
	var dec decode.Decoder
	last, num := int64(0), uint64(0)
	for patience := time.Now().Add(20 * time.Second); b.Now <= end.UnixNano(); {
		if time.Now().After(patience) {
			t.Fatal("time stands still")
		}
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		for _, p := range b.Packets {
			dec.Decode(&p)
			if p.Num != num+1 && num > 0 || p.Time < last {
				t.Fatalf("packet %d after %d, %v earlier", p.Num, num, time.Duration(last-p.Time))
			}
			num, last = p.Num, p.Time
			p.Frame, p.Payload = nil, nil
			all.packets = append(all.packets, p)
		}
		all.notes = append(all.notes, b.Notes...)
	}
	return all
}

// transfer sends so many bytes each way over a connection.
func transfer(t testing.TB, dialer, server *netns.NS, from, to netip.AddrPort, size int) {
	t.Helper()
	l, err := server.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			err = talk(c, size)
		}
		done <- err
	}()
	c, err := dialer.Dial(t.Context(), "tcp", from, to)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(talk(c, size), <-done, c.Close()); err != nil {
		t.Fatal(err)
	}
}

func talk(c net.Conn, size int) error {
	wrote := make(chan error)
	go func() {
		_, err := c.Write(make([]byte, size))
		wrote <- err
	}()
	_, err := io.ReadFull(c, make([]byte, size))
	return errors.Join(err, <-wrote)
}

func key(from, to netip.AddrPort, proto uint8) capture.Key {
	return capture.Key{Src: from.Addr().As16(), Dst: to.Addr().As16(), SrcPort: from.Port(), DstPort: to.Port(), Proto: proto}
}

// totals are what must be the same, whichever way it was captured.
type totals struct {
	syn, fin, segs, payload int
	packets                 bool
}

func total(all seen, k capture.Key) (sum totals) {
	for _, p := range all.packets {
		if p.Key != k {
			continue
		}
		sum.packets = true
		sum.segs += int(p.Segs)
		sum.payload += int(p.PayloadLen)
		if p.Flags&capture.SYN != 0 {
			sum.syn++
		}
		if p.Flags&capture.FIN != 0 {
			sum.fin++
		}
	}
	return sum
}
