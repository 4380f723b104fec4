package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"time"
)

// What passes the cable when live capture is measured: TCP connections in the
// middle of a download, small segments with timestamps, as many bare ACKs as data.
const (
	connections = 256
	dataBytes   = 32                       // of payload
	tcpHeader   = 20 + 12                  // with timestamps (RFC 7323, appendix A)
	frameBytes  = 14 + 20 + tcpHeader      // of an ACK, without the check sequence
	longest     = frameBytes + dataBytes   // of data
	dataPort    = 8080                     // of the servers
	tick        = time.Millisecond         // of the timestamps' clocks
	handshake   = 3                        // segments
	liveStep    = time.Second / mustRecord // between two packets, where they are written to a file
)

// traffic makes the frames, one after the other: connections in turn, each with a
// handshake, then a segment of data from the server, an ACK from the client, and so
// on. Nothing is sent twice.
type traffic struct {
	steps [connections]uint32
	turn  int
	id    uint16
}

// next appends the next frame to b.
func (t *traffic) next(b []byte) []byte {
	i := t.turn
	step := t.steps[i]
	t.steps[i]++
	t.turn = (i + 1) % connections
	t.id++
	switch step {
	case 0:
		return t.frame(b, i, true, syn, 0, 0, 0)
	case 1:
		return t.frame(b, i, false, synAck, 0, 1, 0)
	case 2:
		return t.frame(b, i, true, ack, 1, 1, 0)
	}
	sent := (step - handshake) / 2 * dataBytes // and acknowledged
	if step%2 == handshake%2 {
		return t.frame(b, i, false, pshAck, 1+sent, 1, dataBytes)
	}
	return t.frame(b, i, true, ack, 1, 1+sent+dataBytes, 0)
}

// frame appends an Ethernet frame of a connection. Nobody has its hardware address:
// the kernel that receives it has no more work with it than to see that.
func (t *traffic) frame(p []byte, conn int, up bool, flags byte, seq, acked uint32, payload int) []byte {
	b := binary.BigEndian
	src, dst := uint32(0x0a000001+conn), uint32(0xcb007101)
	sport, dport := uint16(40000+conn), uint16(dataPort)
	if !up {
		src, dst, sport, dport = dst, src, dport, sport
	}
	p = append(p, 2, 0, 0, 0xc0, 0xff, 2, 2, 0, 0, 0xc0, 0xff, 1, 8, 0)

	ip := len(p)
	p = append(p, 0x45, 0)
	p = b.AppendUint16(p, uint16(20+tcpHeader+payload))
	p = b.AppendUint16(p, t.id)
	p = append(p, 0x40, 0, 64, 6, 0, 0)
	p = b.AppendUint32(b.AppendUint32(p, src), dst)
	b.PutUint16(p[ip+10:], sum(p[ip:]))

	p = b.AppendUint16(b.AppendUint16(p, sport), dport)
	p = b.AppendUint32(b.AppendUint32(p, seq), acked)
	p = append(p, tcpHeader/4<<4, flags, 0xff, 0xff, 0, 0, 0, 0) // as checksum offload leaves it
	now := t.steps[conn] * uint32(liveStep*connections) / uint32(tick)
	p = append(p, 1, 1, 8, 10)
	p = b.AppendUint32(b.AppendUint32(p, now+1), now)
	for range payload / 4 {
		p = append(p, 0xc4, 0x0e, 0x90, 0x17) // the beginning of nothing
	}
	return p
}

// writeTraffic writes so many packets as a pcap.
func writeTraffic(w io.Writer, packets int) error {
	out := bufio.NewWriterSize(w, 1<<20)
	s := synth{w: out}
	s.fileHeader()
	var t traffic
	var b, frame []byte
	l := binary.LittleEndian
	for i := range packets {
		now := epoch + int64(i)*int64(liveStep)
		frame = t.next(frame[:0])
		b = l.AppendUint32(l.AppendUint32(b[:0], uint32(now/1e9)), uint32(now%1e9))
		b = l.AppendUint32(l.AppendUint32(b, uint32(len(frame))), uint32(len(frame)))
		s.write(append(b, frame...))
	}
	if s.err != nil {
		return s.err
	}
	return out.Flush()
}
