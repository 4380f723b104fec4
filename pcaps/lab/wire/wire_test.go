package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/box"
)

func TestOpenSaysWhichInterfaceIsMissing(t *testing.T) {
	l := newLab(t, box.New(1), 0)
	_, err := Open(l.Box.Do, "c0", "nowhere0", box.New(1))
	if err == nil || err.Error() != "interface nowhere0: route ip+net: no such network interface" {
		t.Errorf("err = %v", err)
	}
}

func TestRunEndsWithItsContextAndWithClose(t *testing.T) {
	l := newLab(t, box.New(1), 0)
	w, err := Open(l.Box.Do, "c0", "s0", box.New(1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, stop)
	if err := w.Run(ctx); err != nil {
		t.Errorf("after its context: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { w.Close() })
	if err := w.Run(context.Background()); err != nil && err != ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if err := w.Run(context.Background()); err != ErrClosed {
		t.Errorf("when closed: %v", err)
	}
	if err := w.Close(); err != ErrClosed {
		t.Errorf("closed twice: %v", err)
	}
	w.Do(func(*box.Box) {}) // does no harm
	w.Stats()
}

func TestRunFailsWithAnInterface(t *testing.T) {
	l := newLab(t, box.New(1), 0)
	if err := l.Box.Down("c0"); err != nil {
		t.Fatal(err)
	}
	err := <-l.ran
	if l.ran <- nil; !errors.Is(err, unix.ENETDOWN) {
		t.Errorf("err = %v", err)
	}
}

// echo asks the server's UDP port n times and returns how many answers came.
func (l *lab) echo(t *testing.T, near, far net.PacketConn, n int) (got int) {
	t.Helper()
	buf := make([]byte, 100)
	for i := range n {
		near.WriteTo([]byte{byte(i)}, net.UDPAddrFromAddrPort(server))
		far.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, from, err := far.ReadFrom(buf)
		if err != nil {
			continue
		}
		far.WriteTo(buf[:1], from)
		near.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, _, err := near.ReadFrom(buf); err == nil && buf[0] == byte(i) {
			got++
		}
	}
	return got
}

func TestDoChangesTheBoxWhileItRuns(t *testing.T) {
	l := newLab(t, box.New(1), 0)
	far, near := packets(t, l.Server, server.String()), packets(t, l.Client, "192.168.1.23:0")
	if got := l.echo(t, near, far, 3); got != 3 {
		t.Fatalf("%d of 3 answers", got)
	}
	l.Do(func(b *box.Box) { b.Far[box.Up] = box.Silent{} })
	if got := l.echo(t, near, far, 1); got != 0 {
		t.Error("the silent server answered")
	}
	// What Do plans is due from now, and wakes a loop that has nothing to do.
	ran := make(chan time.Time, 1)
	began := time.Now()
	l.Do(func(b *box.Box) {
		b.After(20*time.Millisecond, func() { ran <- time.Now(); b.Far[box.Up] = nil })
	})
	select {
	case at := <-ran:
		if took := at.Sub(began); took < 20*time.Millisecond {
			t.Errorf("ran after %v", took)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("what was planned did not happen")
	}
	if got := l.echo(t, near, far, 3); got != 3 {
		t.Errorf("%d of 3 answers from the server that is back", got)
	}
}

func TestTheBoxSeesTheKernelsTimeInOrder(t *testing.T) {
	b := box.New(1)
	var at []int64
	b.Rules = []*box.Rule{{Name: "look", When: func(p *box.Packet) bool { at = append(at, p.Time); return false }}}
	l := newLab(t, b, 0)
	far, near := packets(t, l.Server, server.String()), packets(t, l.Client, "192.168.1.23:0")
	began := time.Now().UnixNano()
	l.echo(t, near, far, 50)
	ended := time.Now().UnixNano()
	l.Do(func(*box.Box) {
		if len(at) != 100 || !slices.IsSorted(at) || at[0] < began || at[99] > ended {
			t.Errorf("%d packets from %d to %d, want 100 from %d to %d", len(at), at[0]-began, at[len(at)-1]-ended, 0, 0)
		}
	})
}

func TestOnlyWhatIsRoutedIsCarried(t *testing.T) {
	l := newLab(t, box.New(1), 0)
	var fd int
	if err := l.Client.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		ifi, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifi.Index})
	}); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	to := l.Server.MAC("eth0")
	for _, f := range [][]byte{
		slices.Concat(to, l.Client.MAC("eth0"), []byte{8, 6}, make([]byte, 46)),                                   // ARP
		slices.Concat([]byte{0x33, 0x33, 0, 0, 0, 2}, l.Client.MAC("eth0"), []byte{0x86, 0xdd}, make([]byte, 46)), // to a group
		slices.Concat(to, l.Client.MAC("eth0"), []byte{8, 0}, make([]byte, 46)),
	} {
		if _, err := unix.Write(fd, f); err != nil {
			t.Fatal(err)
		}
	}
	until := time.Now().Add(5 * time.Second)
	for l.Stats().Received[box.Up] == 0 && time.Now().Before(until) {
		time.Sleep(time.Millisecond)
	}
	// The box's own output is nothing that arrives: it would come back Down.
	if s := l.Stats(); s.Ignored[box.Up] != 2 || s.Received != [2]uint64{1, 0} || s.Sent != [2]uint64{1, 0} {
		t.Errorf("%+v", s)
	}
}

// TestKernelsHeedTheRouter sends more than fits through a narrow way: only a
// sender that believes the answers gets it across.
func TestKernelsHeedTheRouter(t *testing.T) {
	for _, to := range []string{"198.51.100.7:7000", "[2001:db8:7::7]:7000"} {
		b := box.New(1)
		var large, answers int
		b.Rules = []*box.Rule{{Name: "look", When: func(p *box.Packet) bool {
			if p.Dir == box.Up && p.IPLen > 1300 {
				large++
			}
			if p.Dir == box.Down && p.Has&capture.HasQuoted != 0 && p.Quoted.MTU == 1300 {
				answers++
			}
			return false
		}}}
		l := newLab(t, b, time.Millisecond)
		l.Do(func(b *box.Box) { b.Far[box.Up] = &box.Pipe{Delay: time.Millisecond, MTU: 1300, PTB: true} })
		read := make(chan int64, 1)
		ln, err := l.Server.Listen("tcp", netip.MustParseAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			n, _ := io.Copy(io.Discard, c)
			read <- n
		}()
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		c, err := l.Client.Dial(ctx, "tcp", netip.AddrPort{}, netip.MustParseAddrPort(to))
		if err != nil {
			t.Fatal(err)
		}
		c.Write(make([]byte, 200_000))
		c.Close()
		select {
		case n := <-read:
			l.Do(func(*box.Box) {
				if n != 200_000 || large == 0 || answers == 0 {
					t.Errorf("%s: %d bytes arrived; %d packets were too large, %d answers", to, n, large, answers)
				}
			})
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the sender does not believe the router", to)
		}
	}
}
