//go:build linux

package mishap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"chokepoint/pcaps/lab/netns"
)

// ClosedPort has nobody listen for the connection.
func ClosedPort(p *Pair) (Trace, error) {
	return refused(p, netip.AddrPortFrom(There, 40009), netip.AddrPortFrom(Here, 5004))
}

// ClosedPort6 is the same by IPv6.
func ClosedPort6(p *Pair) (Trace, error) {
	return refused(p, netip.AddrPortFrom(There6, 40010), netip.AddrPortFrom(Here6, 5005))
}

func refused(p *Pair, from, to netip.AddrPort) (Trace, error) {
	t := Trace{Proto: TCP, From: from, To: to, Packets: 1, Flags: syn, Reasons: []string{"NO_SOCKET"}, Answered: true}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := p.There.Dial(ctx, "tcp", from, to)
	for errors.Is(err, unix.EADDRINUSE) && ctx.Err() == nil { // the last one has not let go of its port yet
		time.Sleep(time.Millisecond)
		c, err = p.There.Dial(ctx, "tcp", from, to)
	}
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return t, fmt.Errorf("not refused: %w", err)
	}
	return t, nil
}

// NobodyListens has datagrams come to a port of nobody's.
func NobodyListens(p *Pair) (Trace, error) {
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(There, 40011), To: netip.AddrPortFrom(Here, 5006),
		Packets: 3, Reasons: []string{"NO_SOCKET"}}
	return t, send(p.There, t.From, t.To, t.Packets, 100)
}

// FullSocket has a process that does not read; its socket has no more room.
func FullSocket(p *Pair) (Trace, error) {
	const sent, size = 50, 1000
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(There, 40012), To: netip.AddrPortFrom(Here, 5007),
		Reasons: []string{"SOCKET_RCVBUFF"}}
	l, err := p.Here.ListenPacket("udp", t.To)
	if err != nil {
		return t, err
	}
	defer l.Close()
	if err := l.(*net.UDPConn).SetReadBuffer(1); err != nil { // the kernel takes its minimum
		return t, err
	}
	if err := send(p.There, t.From, t.To, sent, size); err != nil {
		return t, err
	}
	received := 0
	for end := time.Now().Add(patience); err == nil && received+t.Packets < sent; {
		if time.Now().After(end) {
			return t, fmt.Errorf("of %d datagrams %d received and %d dropped", sent, received, t.Packets)
		}
		if l.SetReadDeadline(time.Now().Add(patience/500)) == nil {
			if _, _, e := l.ReadFrom(make([]byte, size)); e == nil {
				received++
			}
		}
		t.Packets, err = overflowed(p.Here)
	}
	return t, err
}

// overflowed is RcvbufErrors of UDP in a namespace's /proc/net/snmp.
func overflowed(n *netns.NS) (datagrams int, err error) {
	err = n.Do(func() error {
		f, err := os.Open("/proc/thread-self/net/snmp")
		if err != nil {
			return err
		}
		defer f.Close()
		var head []string
		for s := bufio.NewScanner(f); s.Scan(); {
			words := strings.Fields(s.Text())
			if len(words) == 0 || words[0] != "Udp:" {
				continue
			}
			for i, w := range head {
				if w == "RcvbufErrors" && i < len(words) {
					datagrams, err = strconv.Atoi(words[i])
					return err
				}
			}
			head = words
		}
		return errors.New("/proc/net/snmp: no RcvbufErrors")
	})
	return datagrams, err
}

// BadChecksum has a SYN damaged on the way.
func BadChecksum(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(There, 40013), To: netip.AddrPortFrom(Here, 5008),
		Packets: 1, Flags: syn, Seq: 1000, Reasons: []string{"TCP_CSUM"}}
	return t, p.forge(&t, true)
}

// FullQueue has a queue at the interface, with room for two datagrams of 1,042 bytes
// behind the one that the bucket lets pass; the next one is due in 3 seconds. (The
// bucket can hold no more than 4 seconds' worth, tbf_change, net/sched/sch_tbf.c.)
func FullQueue(p *Pair) (Trace, error) {
	const sent, size, rate, burst, limit = 10, 1000, 300, 1100, 3000 // bytes, and bytes per second
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(Here, 40014), To: netip.AddrPortFrom(There, 5009),
		Out: true, Packets: sent - 1 - limit/(size+42), Reasons: []string{"QDISC_DROP", "QDISC_OVERLIMIT"}}
	err := p.change(func(h *netlink.Handle, l netlink.Link) error {
		return h.QdiscAdd(&netlink.Tbf{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(1, 0), Parent: netlink.HANDLE_ROOT},
			Rate:       rate, Limit: limit, Buffer: netlink.Xmittime(rate, burst)})
	})
	return t, errors.Join(err, send(p.Here, t.From, t.To, sent, size))
}

// NoNeighbour has nobody on the link say that he is the one.
func NoNeighbour(p *Pair) (Trace, error) {
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(Here, 40015), To: netip.AddrPortFrom(nobody, 5010),
		Out: true, Packets: 2, Reasons: []string{"NEIGH_FAILED"}}
	err := errors.Join(
		p.change(func(h *netlink.Handle, l netlink.Link) error { return h.LinkSetARPOn(l) }),
		p.Here.Sysctl("net.ipv4.neigh."+Interface+".mcast_solicit", "1"),
		p.Here.Sysctl("net.ipv4.neigh."+Interface+".retrans_time_ms", "100"))
	return t, errors.Join(err, send(p.Here, t.From, t.To, t.Packets, 100))
}

// Datagram sends one, of a byte.
func Datagram(n *netns.NS, from, to netip.AddrPort) error { return send(n, from, to, 1, 1) }
