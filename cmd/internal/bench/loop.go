package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"chokepoint/capture"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// loop is the yardstick: what a Go program does at least that wants to know the
// flows of a capture with gopacket's fast decoder, and nothing else.
func loop(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	packets, flows, err := countFlows(f)
	fmt.Printf("%d packets, %d flows\n", packets, flows)
	return err
}

// countFlows decodes a pcap of Ethernet frames and counts packets per flow.
func countFlows(r io.Reader) (packets, flows int, err error) {
	in, err := pcapgo.NewReader(r)
	if err != nil {
		return 0, 0, err
	}
	var d gopacketDecoder
	d.init()
	counts := map[capture.Key]*uint64{}
	for {
		data, _, err := in.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			return packets, len(counts), nil
		}
		if err != nil {
			return packets, len(counts), err
		}
		packets++
		key, ok := d.key(data)
		if !ok {
			continue
		}
		n := counts[key]
		if n == nil {
			n = new(uint64)
			counts[key] = n
		}
		*n++
	}
}

// gopacketDecoder is a DecodingLayerParser with the layers it decodes into.
type gopacketDecoder struct {
	eth     layers.Ethernet
	vlan    layers.Dot1Q
	ip4     layers.IPv4
	ip6     layers.IPv6
	tcp     layers.TCP
	udp     layers.UDP
	payload gopacket.Payload
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
}

func (d *gopacketDecoder) init() {
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet,
		&d.eth, &d.vlan, &d.ip4, &d.ip6, &d.tcp, &d.udp, &d.payload)
	d.parser.IgnoreUnsupported = true
}

// key decodes a frame and returns the key of its flow.
func (d *gopacketDecoder) key(data []byte) (k capture.Key, ok bool) {
	// An error means that an inner layer was cut or odd; what was decoded before
	// it still counts.
	_ = d.parser.DecodeLayers(data, &d.decoded)
	for _, t := range d.decoded {
		switch t {
		case layers.LayerTypeIPv4:
			copy(k.Src[12:], d.ip4.SrcIP)
			copy(k.Dst[12:], d.ip4.DstIP)
			k.Proto, ok = uint8(d.ip4.Protocol), true
		case layers.LayerTypeIPv6:
			copy(k.Src[:], d.ip6.SrcIP)
			copy(k.Dst[:], d.ip6.DstIP)
			k.Proto, ok = uint8(d.ip6.NextHeader), true
		case layers.LayerTypeTCP:
			k.SrcPort, k.DstPort = uint16(d.tcp.SrcPort), uint16(d.tcp.DstPort)
		case layers.LayerTypeUDP:
			k.SrcPort, k.DstPort = uint16(d.udp.SrcPort), uint16(d.udp.DstPort)
		}
	}
	k, _ = k.Canonical()
	return k, ok
}
