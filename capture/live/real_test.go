//go:build linux

package live

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// TestBackendsAgree: by TCX, by clsact and by AF_PACKET the same traffic is the
// same, and each says whose it is, at whichever end the connection began.
func TestBackendsAgree(t *testing.T) {
	p := pair(t)
	sources := map[string]*Source{}
	for _, backend := range []string{TCX, Clsact, AFPacket} {
		s := on(t, p, backend, nil)
		if got := s.Backend(); got.Name != backend || len(got.Why) > 0 {
			t.Errorf("%+v", got)
		}
		sources[backend] = s
	}
	out, server := netip.AddrPortFrom(mishap.Here, 41000), netip.AddrPortFrom(mishap.There, 443)
	in, own := netip.AddrPortFrom(mishap.There6, 42000), netip.AddrPortFrom(mishap.Here6, 8443)
	const size = 500_000
	transfer(t, p.Here, p.There, out, server, size)
	stop := keep(t, p, in, own) // long enough to be looked up
	defer stop()
	end := time.Now()
	want := map[capture.Key]totals{}
	for backend, s := range sources {
		all := upTo(t, s, end)
		for _, k := range []capture.Key{key(out, server, 6), key(server, out, 6), key(in, own, 6), key(own, in, 6)} {
			got := total(all, k)
			if before, ok := want[k]; ok && got != before {
				t.Errorf("%s: %v: %+v, another backend %+v", backend, k, got, before)
			}
			want[k] = got
			if !got.packets || got.syn != 1 {
				t.Errorf("%s: %v: %+v", backend, k, got)
			}
		}
		if got := total(all, key(out, server, 6)); got.payload < size || got.payload > size*11/10 { // sent again
			t.Errorf("%s: %d bytes of payload, not %d", backend, got.payload, size)
		}
		if st := s.Stats(); st.Lost != 0 || st.Unseen != 0 || st.Dropped != 0 || st.Packets != uint64(len(all.packets)) {
			t.Errorf("%s: %+v for %d packets", backend, st, len(all.packets))
		}
		owned(t, backend, s, all.notes, key(out, server, 6))
		owned(t, backend, s, all.notes, key(own, in, 6))
	}
}

// keep makes a connection that stays.
func keep(t *testing.T, p *mishap.Pair, from, to netip.AddrPort) (stop func()) {
	t.Helper()
	l, err := p.Here.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.There.Dial(t.Context(), "tcp", from, to)
	if err != nil {
		t.Fatal(err)
	}
	a, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return func() { l.Close(); c.Close(); a.Close() }
}

// owned waits until a flow is said to be this process's, and never another's.
func owned(t *testing.T, backend string, s *Source, notes []capture.Note, k capture.Key) {
	t.Helper()
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; {
		for _, n := range notes {
			if n.Kind != capture.NoteOwner || n.Key != k {
				continue
			}
			if int(n.Process.PID) != os.Getpid() || n.Process.Comm == "" {
				t.Errorf("%s: %v is said to be of %+v, this is %d %s", backend, k, n.Process, os.Getpid(), comm)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: nobody said whose %v is", backend, k)
		}
		var b capture.Batch
		if err := s.Read(&b); err != nil {
			t.Fatal(err)
		}
		notes = b.Notes
	}
}

// TestTestimony: what the firewall of this host drops is told, by each backend.
func TestTestimony(t *testing.T) {
	for _, backend := range []string{TCX, Clsact, AFPacket} {
		t.Run(backend, func(t *testing.T) {
			p := pair(t)
			s := on(t, p, backend, nil)
			trace, err := mishap.InputRule(p)
			if err != nil {
				t.Fatal(err)
			}
			all := upTo(t, s, time.Now())
			k := key(trace.From, trace.To, trace.Proto)
			drops := slices.DeleteFunc(all.notes, func(n capture.Note) bool { return n.Kind != capture.NoteDrop })
			if len(drops) != 1 || drops[0].Key != k || drops[0].Reason != "NETFILTER_DROP" || drops[0].Flags&capture.SYN == 0 || drops[0].Count != 1 || drops[0].Out {
				t.Fatalf("%+v, want one of %v", drops, k)
			}
			i := slices.IndexFunc(all.packets, func(p capture.Packet) bool { return p.Key == k })
			if i < 0 || all.packets[i].Time > drops[0].Time {
				t.Error("it was dropped before it came")
			}
		})
	}
}

// TestToItself: a host that talks to itself is heard once, and known.
func TestToItself(t *testing.T) {
	p := pair(t)
	for i, backend := range []string{TCX, AFPacket} {
		var s *Source
		err := p.Here.Do(func() (err error) {
			s, err = Open(Options{Interfaces: []string{"lo"}, Backend: backend, Plan: capture.Live})
			return err
		})
		if err != nil {
			without(t, err.Error())
		}
		at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(7000+i))
		from := netip.AddrPortFrom(at.Addr(), uint16(44000+i))
		transfer(t, p.Here, p.Here, from, at, 100)
		all := upTo(t, s, time.Now())
		for _, k := range []capture.Key{key(from, at, 6), key(at, from, 6)} {
			if got := total(all, k); got.syn != 1 || got.payload != 100 {
				t.Errorf("%s: %v: %+v", backend, k, got)
			}
		}
		owned(t, backend, s, all.notes, key(from, at, 6))
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestMadeAnew: an interface that is taken away and comes back is captured again,
// under the same number.
func TestMadeAnew(t *testing.T) {
	p := pair(t)
	f := newFake() // for its ear
	s := on(t, p, TCX, f.notice)
	for round := range 2 {
		began := time.Now()
		inject(t, p, byte(round))
		if n := marked(upTo(t, s, time.Now()), began); n != 1 {
			t.Fatalf("round %d: %d frames", round, n)
		}
		if round == 1 {
			break
		}
		if err := p.Here.Do(unplug); err != nil {
			t.Fatal(err)
		}
		f.told(t, "eth0 is gone")
		if err := netns.Link(p.Here, mishap.Interface, p.There, mishap.Interface); err != nil {
			t.Fatal(err)
		}
		f.told(t, "eth0 is there now and captured")
	}
	if got := s.Interfaces(); len(got) != 1 || got[0].Name != mishap.Interface {
		t.Errorf("%+v", got)
	}
	if err := p.Here.Down(mishap.Interface); err != nil {
		t.Fatal(err)
	}
	f.told(t, "eth0 is down")
}

func unplug() error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	l, err := h.LinkByName(mishap.Interface)
	if err != nil {
		return err
	}
	return h.LinkDel(l)
}

const markPort = 5555

// inject sends one frame from there, as it is.
func inject(t *testing.T, p *mishap.Pair, mark byte) {
	t.Helper()
	err := p.There.Do(func() error {
		i, err := net.InterfaceByName(mishap.Interface)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, udp4(1, 2, markPort, uint16(mark), 20), 0, &unix.SockaddrLinklayer{Ifindex: i.Index})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// marked counts the frames of inject.
func marked(all seen, since time.Time) (n int) {
	for _, p := range all.packets {
		if p.Key.SrcPort == markPort && p.Time >= since.UnixNano() && p.If == 0 {
			n++
		}
	}
	return n
}

// TestPlace: the work is done in the namespace that it was begun in, wherever the
// first thread is.
func TestPlace(t *testing.T) {
	p := pair(t)
	home := inode(t, "/proc/self/ns/net")
	for _, at := range []*netns.NS{nil, p.Here, p.There} {
		open, want := func() (*place, error) { return here() }, home
		if at != nil {
			want = inode(t, at.Path())
		}
		var pl *place
		var err error
		if at == nil {
			pl, err = open()
		} else {
			err = at.Do(func() (err error) { pl, err = open(); return err })
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			pl.do(func() {
				if got := netnsInode(); got != want {
					t.Errorf("at %d, want %d", got, want)
				}
			})
		}
		pl.leave()
	}
	if now := inode(t, "/proc/self/ns/net"); now != home {
		t.Errorf("the process went to %d", now)
	}
}

func inode(t *testing.T, path string) uint32 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(filepath.Clean(path), &st); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", path, err))
	}
	return uint32(st.Ino)
}
