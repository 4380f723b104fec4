//go:build linux

package mishap

import (
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"
)

// What forged packets have that no host here gives its own.
const (
	forgedTTL  = 37
	forgedIPID = 48879
)

// checksumAt is where a TCP checksum begins behind Ethernet and IPv4 (RFC 9293 section 3.1).
const checksumAt = 14 + 20 + 16

// forge sends the TCP segment that the trace describes, as if from there.
func (p *Pair) forge(t *Trace, spoilt bool) error {
	t.Forged, t.TTL, t.IPID = true, forgedTTL, forgedIPID
	ip := &layers.IPv4{Version: 4, TTL: t.TTL, Id: t.IPID, Flags: layers.IPv4DontFragment, Protocol: layers.IPProtocolTCP,
		SrcIP: t.From.Addr().AsSlice(), DstIP: t.To.Addr().AsSlice()}
	tcp := &layers.TCP{SrcPort: layers.TCPPort(t.From.Port()), DstPort: layers.TCPPort(t.To.Port()), Seq: t.Seq,
		SYN: t.Flags&syn != 0, RST: t.Flags&rst != 0, Window: 1024}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return err
	}
	eth := &layers.Ethernet{SrcMAC: p.There.MAC(Interface), DstMAC: p.Here.MAC(Interface), EthernetType: layers.EthernetTypeIPv4}
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, eth, ip, tcp); err != nil {
		return err
	}
	frame := b.Bytes()
	if spoilt {
		frame[checksumAt] ^= 0x55
	}
	return p.inject(frame)
}

// inject sends a frame from there.
func (p *Pair) inject(frame []byte) error {
	return p.There.Do(func() error {
		i, err := net.InterfaceByName(Interface)
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
}
