//go:build linux

package local

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"chokepoint/capture"
	"chokepoint/capture/live"
	"chokepoint/pcaps/lab/mishap"
)

// cgroup is what a process says of its own.
func cgroup(t *testing.T, pid uint32) string {
	t.Helper()
	all, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return path
		}
	}
	return ""
}

// owned waits until it is told whose a flow is.
func (w *watch) owned(from, to netip.AddrPort) {
	w.t.Helper()
	w.waitFor("an owner", func() bool {
		for _, n := range w.notes {
			if n.Kind == capture.NoteOwner && between(n.Key, from, to) {
				return true
			}
		}
		return false
	})
}

// is checks whose the flow is.
func (w *watch) is(from, to netip.AddrPort, pid uint32, comm, cgroup string) {
	w.t.Helper()
	x := w.the(from, to)
	want := capture.Process{PID: pid, Comm: comm, Cgroup: cgroup}
	if x.local == nil || x.local.Process != want {
		w.t.Errorf("%v to %v: %+v, want %+v", from, to, x.local, want)
	}
}

// isNobodys checks that the flow is said to be of no process.
func (w *watch) isNobodys(from, to netip.AddrPort) {
	w.t.Helper()
	if x := w.the(from, to); x.local != nil && x.local.Process != (capture.Process{}) {
		w.t.Errorf("%v to %v: of %+v", from, to, x.local.Process)
	}
}

// cast is who talks in TestProcesses.
type cast struct {
	t *testing.T
	p *mishap.Pair
	l net.Listener // there

	old, young, host   *child
	oldConn            net.Conn
	oldFrom, youngFrom netip.AddrPort
	heirless           *talk
}

var inn = netip.AddrPortFrom(mishap.There, 5004)

// before opens what is older than the watch: a connection that a process holds alone,
// and one that two have inherited from one that has it no more.
func (c *cast) before() {
	c.t.Helper()
	c.old = start(c.t, c.p.Here, "client", "oldtimer", inn.String())
	c.oldConn = c.accept()
	c.oldFrom = addr(c.oldConn.RemoteAddr())
	c.heirless = connect(c.t, c.p.Here, c.p.There, shop.From, shop.To)
	file, err := c.heirless.client.File()
	if err != nil {
		c.t.Fatal(err)
	}
	for range 2 {
		start(c.t, c.p.Here, "holder", "heir", "", file)
	}
	if err := errors.Join(file.Close(), c.heirless.client.Close()); err != nil {
		c.t.Fatal(err)
	}
}

// during has them talk, and opens a connection from here, one to here, and one that
// no socket knows of.
func (c *cast) during() {
	c.t.Helper()
	for _, old := range []net.Conn{c.oldConn, c.heirless.server} {
		if _, err := old.Write([]byte("still there?")); err != nil {
			c.t.Fatal(err)
		}
	}
	c.young = start(c.t, c.p.Here, "client", "newcomer", inn.String())
	c.youngFrom = addr(c.accept().RemoteAddr())
	c.host = start(c.t, c.p.Here, "server", "innkeeper", visit.To.String())
	guest, err := c.p.There.Dial(c.t.Context(), "tcp", visit.From, visit.To)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { guest.Close() })
	if _, err := guest.Write([]byte("good evening")); err != nil {
		c.t.Fatal(err)
	}
	c.host.line()
	madeUp(c.t, c.p)
}

func (c *cast) accept() net.Conn {
	c.t.Helper()
	conn, err := c.l.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	return conn
}

// TestProcesses: whose the flows of this host are, by name and group, whichever end
// it has and whenever it began; where that is not one process it is none.
func TestProcesses(t *testing.T) {
	t.Parallel()
	sideBySide(t, []string{live.TCX, live.AFPacket}, func(s string) string { return s }, func(t *testing.T, backend string) {
		c := &cast{t: t, p: pair(t)}
		var err error
		if c.l, err = c.p.There.Listen("tcp", inn); err != nil {
			t.Fatal(err)
		}
		defer c.l.Close()
		c.before()
		w := begin(t, c.p.Here, backend, servers()...)
		c.during()
		w.owned(c.oldFrom, inn)
		w.owned(c.youngFrom, inn)
		w.owned(visit.From, visit.To)
		w.end(0)
		w.is(c.oldFrom, inn, c.old.pid, "oldtimer", cgroup(t, c.old.pid))
		w.is(c.youngFrom, inn, c.young.pid, "newcomer", cgroup(t, c.young.pid))
		w.is(visit.From, visit.To, c.host.pid, "innkeeper", cgroup(t, c.host.pid))
		w.isNobodys(shop.From, shop.To)
		w.isNobodys(ghost, ghostTo)
	})
}

var ghost, ghostTo = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.7"), 40400), netip.AddrPortFrom(mishap.There, 5005)

// madeUp sends a SYN of a connection that nobody has.
func madeUp(t *testing.T, p *mishap.Pair) {
	t.Helper()
	ip := &layers.IPv4{Version: 4, TTL: 63, Protocol: layers.IPProtocolTCP, SrcIP: ghost.Addr().AsSlice(), DstIP: ghostTo.Addr().AsSlice()}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(ghost.Port()), DstPort: layers.TCPPort(ghostTo.Port()), Seq: 1, SYN: true, Window: 1024}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	eth := &layers.Ethernet{SrcMAC: p.Here.MAC(mishap.Interface), DstMAC: p.There.MAC(mishap.Interface), EthernetType: layers.EthernetTypeIPv4}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp); err != nil {
		t.Fatal(err)
	}
	inject(t, p.Here, b.Bytes())
}
