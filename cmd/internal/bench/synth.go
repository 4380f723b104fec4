package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// A scenario is a stream of packets that no capture on a disk has: too many
// flows. It is written as a pcap to a pipe and never stored.

// Flags of a TCP segment (RFC 9293, section 3.1).
const (
	syn    = 0x02
	psh    = 0x08
	ack    = 0x10
	synAck = syn | ack
	pshAck = psh | ack
)

// Sizes of the scenarios.
const (
	flowsOpen    = 1_000_000  // open at the same time
	flowsFlood   = 10_000_000 // one SYN each
	packetsASec  = 300_000    // packet time of flows
	floodASec    = 1_000_000  // packet time of flood
	roundTrip    = 5_000      // steps until the answer: 1/20 s at three packets a step
	portsAClient = 1_000
)

var (
	request  = []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
	response = []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
)

// generate writes a scenario as a pcap; flows is 0 for its own number.
func generate(w io.Writer, name string, flows int) error {
	s := synth{w: w, now: epoch}
	s.fileHeader()
	switch name {
	case "flows":
		s.step = int64(time.Second) / packetsASec
		s.open(orDefault(flows, flowsOpen))
	case "flood":
		s.step = int64(time.Second) / floodASec
		s.flood(orDefault(flows, flowsFlood))
	case "busy":
		s.step = int64(time.Second) / busyASec
		s.busy(orDefault(flows, flowsOpen))
	default:
		return fmt.Errorf("no scenario %q", name)
	}
	return s.err
}

func orDefault(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// synth writes packets, one every step of packet time.
type synth struct {
	w    io.Writer
	now  int64 // ns
	step int64
	id   uint16 // of the last IP packet
	err  error
	buf  []byte
}

// open has flows shake hands, one after the other but many under way at a time,
// and when all are open, each asks and is answered. None is closed.
func (s *synth) open(flows int) {
	for i := range flows + roundTrip {
		if i < flows {
			s.tcp(i, true, syn, 0, 0, nil)
		}
		if j := i - roundTrip; j >= 0 {
			s.tcp(j, false, synAck, 0, 1, nil)
			s.tcp(j, true, ack, 1, 1, nil)
		}
	}
	for i := range flows + roundTrip {
		if i < flows {
			s.tcp(i, true, pshAck, 1, 1, request)
		}
		if j := i - roundTrip; j >= 0 {
			s.tcp(j, false, pshAck, 1, 1+len(request), response)
		}
	}
}

// flood sends SYNs to one server from addresses spread over all of IPv4.
func (s *synth) flood(flows int) {
	for i := range flows {
		from := uint32(i) * 2654435761 // odd, so no address comes twice in 2^32
		s.segment(from, 0xc6336401, uint16(1024+i%60000), 443, syn, uint32(i), 0, nil)
	}
}

// tcp writes a segment of the ith flow. Sequence numbers are relative.
func (s *synth) tcp(i int, up bool, flags byte, seq, acked int, payload []byte) {
	client, clientPort := uint32(0x0a000001+i/portsAClient), uint16(32768+i%portsAClient)
	server, serverPort := uint32(0xcb007101+i/portsAClient%200), uint16(80)
	isn := uint32(i) * 2654435761
	mine, theirs := isn+uint32(seq), ^isn+uint32(acked)
	if flags&ack == 0 {
		theirs = 0
	}
	if up {
		s.segment(client, server, clientPort, serverPort, flags, mine, theirs, payload)
		return
	}
	mine, theirs = ^isn+uint32(seq), isn+uint32(acked)
	s.segment(server, client, serverPort, clientPort, flags, mine, theirs, payload)
}

// fileHeader is that of a nanosecond pcap of Ethernet frames
// (draft-ietf-opsawg-pcap, section 4).
func (s *synth) fileHeader() {
	o := binary.LittleEndian
	b := o.AppendUint32(nil, 0xa1b23c4d)
	b = o.AppendUint16(o.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	s.write(o.AppendUint32(o.AppendUint32(b, 1<<18), 1))
}

// segment writes a record with an Ethernet, an IPv4 and a TCP header.
func (s *synth) segment(src, dst uint32, sport, dport uint16, flags byte, seq, acked uint32, payload []byte) {
	const headers = 14 + 20 + 20
	n := uint32(headers + len(payload))
	l, b := binary.LittleEndian, binary.BigEndian
	p := l.AppendUint32(s.buf[:0], uint32(s.now/1e9))
	p = l.AppendUint32(p, uint32(s.now%1e9))
	p = l.AppendUint32(l.AppendUint32(p, n), n)

	p = append(p, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)

	ip := len(p)
	p = append(p, 0x45, 0)
	p = b.AppendUint16(p, uint16(20+20+len(payload)))
	s.id++
	p = b.AppendUint16(p, s.id)
	p = append(p, 0x40, 0, 64, 6, 0, 0) // don't fragment, TTL 64, TCP
	p = b.AppendUint32(b.AppendUint32(p, src), dst)
	b.PutUint16(p[ip+10:], sum(p[ip:]))

	p = b.AppendUint16(b.AppendUint16(p, sport), dport)
	p = b.AppendUint32(b.AppendUint32(p, seq), acked)
	p = append(p, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0) // as checksum offload leaves it
	s.buf = append(p, payload...)
	s.write(s.buf)
	s.now += s.step
}

// sum is the Internet checksum of an IPv4 header (RFC 1071).
func sum(p []byte) uint16 {
	var s uint32
	for i := 0; i < len(p); i += 2 {
		s += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// write keeps the first error and writes nothing after it.
func (s *synth) write(p []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
}
