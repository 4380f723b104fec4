package main

import (
	"encoding/binary"
	"fmt"
)

// The busy scenario: flows that move enough for all that follows rates and calls to be
// kept of them, each to a server of its own. Of five, four are downloads that lose
// segments on either side of the tap, one is a call that loses media. Downloads are in
// merged frames of which the headers were captured: a million of them pass the pipe in a
// minute. A call is over at once: a small budget has room for one in each shard, and
// what is kept since it began to lose must be lent before the next takes its place.
// None is closed.
const (
	busyASec     = 8_000 // packets a second of packet time
	busyLag      = 250   // flows that begin between two steps of a flow: 0.44 s
	busyClients  = 256
	busySegment  = 1460             // payload of a segment, bytes
	busyFrame    = 10 * busySegment // of a merged frame
	busyCaptured = 96               // of each frame
	mediaBytes   = 160              // of a datagram of voice: 20 ms of G.711
	mediaUnits   = 160              // timestamps between two of them
)

// busySteps are the packets of a download, and those of a call beside them.
const busySteps = 14

// busy writes the scenario.
func (s *synth) busy(flows int) {
	for i := range flows + busySteps*busyLag {
		for step := range busySteps {
			if k := i - step*busyLag; k >= 0 && k < flows {
				s.busyStep(k, step)
			}
		}
	}
}

func (s *synth) busyStep(i, step int) {
	switch {
	case i%5 != 4:
		s.download(i, step)
	case step == 0:
		for n := range busySteps {
			s.call(i, n)
		}
	}
}

// download writes one packet: a handshake, a request, five frames of which the third is
// lost before the tap and the last behind it, and both again.
func (s *synth) download(i, step int) {
	frame := func(n int) { s.bulk(i, false, pshAck, 1+n*busyFrame, 1+len(request), busyFrame, nil) }
	acks := func(n int) { s.bulk(i, true, ack, 1+len(request), 1+n*busyFrame, 0, nil) }
	switch step {
	case 0:
		s.bulk(i, true, syn, 0, 0, 0, nil)
	case 1:
		s.bulk(i, false, synAck, 0, 1, 0, nil)
	case 2:
		s.bulk(i, true, ack, 1, 1, 0, nil)
	case 3:
		s.bulk(i, true, pshAck, 1, 1, len(request), request)
	case 4, 6:
		frame(step/2 - 2)
	case 5, 7:
		acks(step/2 - 1)
	case 8, 9:
		frame(step - 5)
	case 10:
		frame(2)
	case 11:
		acks(4)
	case 12:
		frame(4)
	default:
		acks(5)
	}
}

// bulk writes a segment of the ith flow, size bytes of payload of which some were
// captured. Sequence numbers are relative. SYNs say how long a segment is.
func (s *synth) bulk(i int, up bool, flags byte, seq, acked, size int, payload []byte) {
	b := binary.BigEndian
	isn, theirs := uint32(i)*2654435761, ^(uint32(i) * 2654435761)
	if !up {
		isn, theirs = theirs, isn
	}
	header := 5
	if flags&syn != 0 {
		header = 6
	}
	p := s.ip(i, up, 6, header*4+size)
	p = b.AppendUint32(p, isn+uint32(seq))
	if flags&ack == 0 {
		theirs, acked = 0, 0
	}
	p = b.AppendUint32(p, theirs+uint32(acked))
	p = append(p, byte(header)<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	if flags&syn != 0 {
		p = b.AppendUint16(append(p, 2, 4), busySegment)
	}
	s.frame(append(p, payload...), size-len(payload))
}

// call writes a datagram each way: a question and its answer (STUN), then voice in
// which the client misses one of three.
func (s *synth) call(i, step int) {
	for _, up := range [...]bool{true, false} {
		var payload []byte
		if step < 2 {
			payload = stunMessage(i, step, up)
		} else {
			payload = voice(i, step, up)
		}
		size := max(len(payload), mediaBytes)
		if step < 2 {
			size = len(payload)
		}
		p := s.ip(i, up, 17, 8+size)
		p = binary.BigEndian.AppendUint16(p, uint16(8+size))
		s.frame(append(append(p, 0, 0), payload...), size-len(payload))
	}
}

// stunMessage is a binding request or its success response (RFC 8489, section 5).
func stunMessage(i, step int, up bool) []byte {
	b := binary.BigEndian
	kind := uint16(0x0001)
	if !up {
		kind = 0x0101
	}
	p := b.AppendUint32(b.AppendUint16(b.AppendUint16(nil, kind), 0), 0x2112a442)
	return b.AppendUint32(b.AppendUint64(p, uint64(i)), uint32(step))
}

// voice is the head of an RTP packet (RFC 3550, section 5.1): PCMU.
func voice(i, step int, up bool) []byte {
	b := binary.BigEndian
	n, source := step, uint32(2*i)
	if !up {
		n, source = step+step/3, source+1 // of every four numbers one is missing
	}
	p := b.AppendUint16([]byte{0x80, 0}, uint16(n))
	return b.AppendUint32(b.AppendUint32(p, uint32(n*mediaUnits)), source)
}

// ip begins a frame of the ith flow: everything up to the ports.
func (s *synth) ip(i int, up bool, proto byte, size int) []byte {
	b := binary.BigEndian
	src, dst := uint32(0x0a000001+i%busyClients), uint32(0x2c000001+i)
	sport, dport := uint16(1024+i/busyClients), uint16(8080)
	if proto == 17 {
		dport = 3478
	}
	if !up {
		src, dst, sport, dport = dst, src, dport, sport
	}
	p := append(s.buf[:0], make([]byte, 16)...) // of the record
	p = append(p, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)
	at := len(p)
	p = b.AppendUint16(append(p, 0x45, 0), uint16(20+size))
	s.id++
	p = b.AppendUint16(p, s.id)
	p = append(p, 0x40, 0, 64, proto, 0, 0)
	p = b.AppendUint32(b.AppendUint32(p, src), dst)
	b.PutUint16(p[at+10:], sum(p[at:]))
	return b.AppendUint16(b.AppendUint16(p, sport), dport)
}

// frame writes what ip began, of which so many bytes more were on the wire.
func (s *synth) frame(p []byte, more int) {
	if n := len(p) - 16; n > busyCaptured {
		s.err = fmt.Errorf("a frame of %d bytes", n)
	}
	l := binary.LittleEndian
	l.PutUint32(p, uint32(s.now/1e9))
	l.PutUint32(p[4:], uint32(s.now%1e9))
	l.PutUint32(p[8:], uint32(len(p)-16))
	l.PutUint32(p[12:], uint32(len(p)-16+more))
	s.buf = p
	s.write(p)
	s.now += s.step
}
