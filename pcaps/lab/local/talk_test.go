//go:build linux

package local

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/mishap"
	"chokepoint/pcaps/lab/netns"
)

// talk is a connection that lasts until the test is over, with both its ends.
type talk struct {
	client, server         *net.TCPConn
	clientAddr, serverAddr netip.AddrPort
}

func connect(t *testing.T, dialer, listener *netns.NS, from, to netip.AddrPort) *talk {
	t.Helper()
	l, err := listener.Listen("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := dialer.Dial(t.Context(), "tcp", from, to)
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return &talk{client.(*net.TCPConn), server.(*net.TCPConn), from, to}
}

// send has one end say something that the other one reads.
func send(t *testing.T, from, to *net.TCPConn, text string) {
	t.Helper()
	if _, err := from.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	deadline(t, to)
	if _, err := io.ReadFull(to, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
}

func deadline(t *testing.T, c *net.TCPConn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
}

// wasReset waits until an end knows that it was.
func wasReset(t *testing.T, c *net.TCPConn) {
	t.Helper()
	deadline(t, c)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Fatalf("not reset: %v", err)
	}
}

// expected waits until the watch at the client has seen it acknowledge so many bytes,
// and returns the number of the next.
func (w *watch) expected(c *talk, bytes uint32) (seq uint32) {
	w.t.Helper()
	up, down := key(c.clientAddr, c.serverAddr, mishap.TCP), key(c.serverAddr, c.clientAddr, mishap.TCP)
	w.waitFor("the acknowledgement", func() bool {
		var first, acked uint32
		for _, p := range w.packets {
			switch {
			case p.key == down && p.flags&capture.SYN != 0:
				first = p.seq + 1
			case p.key == up && p.flags&capture.ACK != 0 && int32(p.ack-acked) > 0 || acked == 0:
				acked = p.ack
			}
		}
		seq = first + bytes
		return first != 0 && acked == seq
	})
	return seq
}

// forge sends the client a RST in the server's name.
func forge(t *testing.T, p *mishap.Pair, c *talk, seq uint32, ttl uint8) {
	t.Helper()
	ip := &layers.IPv4{Version: 4, TTL: ttl, Id: 48879, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP,
		SrcIP: c.serverAddr.Addr().AsSlice(), DstIP: c.clientAddr.Addr().AsSlice()}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(c.serverAddr.Port()), DstPort: layers.TCPPort(c.clientAddr.Port()), Seq: seq, RST: true}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	eth := &layers.Ethernet{SrcMAC: p.There.MAC(mishap.Interface), DstMAC: p.Here.MAC(mishap.Interface), EthernetType: layers.EthernetTypeIPv4}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp); err != nil {
		t.Fatal(err)
	}
	inject(t, p.There, b.Bytes())
}

// inject sends a frame out of a host.
func inject(t *testing.T, n *netns.NS, frame []byte) {
	t.Helper()
	err := n.Do(func() error {
		i, err := net.InterfaceByName(mishap.Interface)
		if err != nil {
			return err
		}
		s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(s)
		return unix.Sendto(s, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reject gives the firewall of a host a rule that answers with a RST.
func reject(t *testing.T, n *netns.NS, hook string, port uint16) {
	t.Helper()
	const chain = "add table inet t; add chain inet t c { type filter hook %s priority 0; policy accept; }; add rule inet t c tcp dport %d reject with tcp reset"
	if _, err := n.Command(t.Context(), "nft", fmt.Sprintf(chain, hook, port)); err != nil {
		t.Fatal(err)
	}
}

func addr(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }
