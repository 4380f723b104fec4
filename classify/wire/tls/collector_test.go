package tls

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// tuple is one direction of a TCP connection.
type tuple struct {
	src, dst     string
	sport, dport uint16
}

// side puts the bytes of one direction in order; of overlapping ones the first
// to come count. It is a light stand-in for real reassembly.
type side struct {
	next   uint32
	stream []byte
	later  map[uint32][]byte
}

func (s *side) add(seq uint32, b []byte) {
	if len(s.stream) > MaxHello || len(s.later) > 1000 {
		return
	}
	if d := int32(seq - s.next); d > 0 {
		if len(b) > len(s.later[seq]) {
			s.later[seq] = b
		}
		return
	} else if int(-d) < len(b) {
		s.stream = append(s.stream, b[-d:]...)
		s.next += uint32(len(b)) - uint32(-d)
	}
	for at, held := range s.later {
		if d := int32(s.next - at); d >= 0 {
			delete(s.later, at)
			s.add(at, held)
			return
		}
	}
}

// openCapture reads pcap and pcapng, plain or gzipped.
func openCapture(path string) (next func() ([]byte, gopacket.CaptureInfo, error), link func() layers.LinkType, done func() error, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			f.Close()
			return nil, nil, nil, fmt.Errorf("open gzip: %w", err)
		}
	}
	buf := bufio.NewReaderSize(in, 1<<16)
	if head, _ := buf.Peek(4); string(head) == "\x0a\x0d\x0d\x0a" {
		r, err := pcapgo.NewNgReader(buf, pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			f.Close()
			return nil, nil, nil, fmt.Errorf("open pcapng: %w", err)
		}
		at := r.LinkType()
		return func() ([]byte, gopacket.CaptureInfo, error) {
			b, ci, err := r.ReadPacketData()
			if len(ci.AncillaryData) > 0 {
				at, _ = ci.AncillaryData[0].(layers.LinkType)
			}
			return b, ci, err
		}, func() layers.LinkType { return at }, f.Close, nil
	}
	r, err := pcapgo.NewReader(buf)
	if err != nil {
		f.Close()
		return nil, nil, nil, fmt.Errorf("open pcap: %w", err)
	}
	return r.ReadPacketData, r.LinkType, f.Close, nil
}

// eachSegment calls fn for every TCP segment of a capture that has payload or
// SYN. gopacket's faults end a file early; they are not what is tested here.
func eachSegment(path string, fn func(tuple, *layers.TCP)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("reader panicked")
		}
	}()
	next, link, done, err := openCapture(path)
	if err != nil {
		return err
	}
	defer done()
	for {
		b, _, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read packet: %w", err)
		}
		segment(gopacket.NewPacket(b, decoder(link()), gopacket.DecodeOptions{Lazy: true, NoCopy: true}), fn)
	}
}

// decoder covers the raw IP link types that gopacket has no decoder for.
func decoder(link layers.LinkType) gopacket.Decoder {
	switch link {
	case 12, 14, 101, 228, 229:
		return layers.LinkTypeRaw
	}
	return link
}

// segment passes on the innermost TCP header of a packet.
func segment(p gopacket.Packet, fn func(tuple, *layers.TCP)) {
	var net gopacket.NetworkLayer
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case gopacket.NetworkLayer:
			net = l
		case *layers.TCP:
			if net == nil || len(l.Payload) == 0 && !l.SYN {
				continue
			}
			f := net.NetworkFlow()
			fn(tuple{f.Src().String(), f.Dst().String(), uint16(l.SrcPort), uint16(l.DstPort)}, l)
		}
	}
}
