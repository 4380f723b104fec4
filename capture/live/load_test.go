//go:build linux

package live

import (
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/bpf/packets"
	"chokepoint/capture"
	"chokepoint/pcaps/lab/mishap"
)

// atOnce is how many datagrams a system call sends (UDP_SEGMENT, udp(7)).
const atOnce = 60

var floodFrom, floodTo = netip.AddrPortFrom(mishap.There, 43000), netip.AddrPortFrom(mishap.Here, 9)

// flood returns what sends atOnce datagrams of 32 bytes of payload to this host.
func flood(t testing.TB, p *mishap.Pair) (send func() error) {
	t.Helper()
	l, err := p.Here.ListenPacket("udp", floodTo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := p.There.Dial(t.Context(), "udp", floodFrom, floodTo)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	raw, err := c.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 32) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	payload := make([]byte, 32*atOnce)
	return func() error {
		_, err := c.Write(payload)
		return err
	}
}

// TestOverload: what cannot be kept up with is counted, to the packet.
func TestOverload(t *testing.T) {
	p := pair(t)
	world := kernel()
	load := world.load
	world.load = func(c packets.Config) (program, error) {
		c.RingBytes = 1 << 20
		return load(c)
	}
	s := onWith(t, p, TCX, nil, world)
	send := flood(t, p)
	const sent = 200 * atOnce // records of more than half the ring
	for range sent / atOnce {
		if err := send(); err != nil {
			t.Fatal(err)
		}
	}
	all := upTo(t, s, time.Now().Add(1100*time.Millisecond)) // flows are asked each second
	var unseen uint64
	for _, n := range all.notes {
		if n.Kind == capture.NoteUnseen {
			if n.Key != key(floodFrom, floodTo, capture.ProtoUDP) || !n.IfKnown {
				t.Errorf("%+v", n)
			}
			unseen += uint64(n.Count)
		}
	}
	st := s.Stats()
	if total := st.Packets + st.Unseen + st.Lost; total != sent || st.Unseen == 0 || st.Packets == 0 || st.Unseen != unseen {
		t.Errorf("%d delivered, %d counted (%d told of) and %d lost are %d, sent %d", st.Packets, st.Unseen, unseen, st.Lost, total, sent)
	}
}

// BenchmarkLive is small frames as fast as this machine sends them, on a veth pair:
// what a packet costs the thread that reads, and what got lost.
func BenchmarkLive(b *testing.B) {
	p := pair(b)
	s := on(b, p, TCX, nil)
	send := flood(b, p)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const sent = 5000 * atOnce
	var batch capture.Batch
	var user, took time.Duration
	got, rounds := uint64(0), 0
	for b.Loop() {
		rounds++
		failed := make(chan error)
		began, before := time.Now(), threadTime(b)
		go func() {
			for range sent / atOnce {
				if err := send(); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
		for done := false; !done || len(batch.Packets) > 0; {
			if err := s.Read(&batch); err != nil {
				b.Fatal(err)
			}
			got += uint64(len(batch.Packets))
			select {
			case err := <-failed:
				if done = true; err != nil {
					b.Fatal(err)
				}
				took += time.Since(began)
			default:
			}
		}
		user += threadTime(b) - before
	}
	st := s.Stats()
	b.ReportMetric(float64(user.Nanoseconds())/float64(got), "user-ns/packet")
	b.ReportMetric(float64(rounds*sent)/took.Seconds(), "packets/s")
	b.ReportMetric(float64(st.Lost), "lost")
	b.ReportMetric(float64(st.Unseen), "counted")
}

// threadTime is the user CPU time of the calling thread.
func threadTime(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(unix.RUSAGE_THREAD, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano())
}
