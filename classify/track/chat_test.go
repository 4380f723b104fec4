package track

import (
	"encoding/binary"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// chat is a conversation of datagrams.
type chat struct{ *talk }

func (b *bench) chat(client, port uint16) chat {
	c := b.talk(client, port)
	c.key.Proto = capture.ProtoUDP
	return chat{c}
}

func newChat(t testing.TB) chat { return newBench(t, 64<<20).chat(40000, 443) }

// say sends a datagram.
func (c chat) say(d fact.Dir, payload []byte, edits ...edit) *capture.Packet {
	return c.feed(c.datagram(d, payload, edits...))
}

// datagram builds one without sending it.
func (c chat) datagram(d fact.Dir, payload []byte, edits ...edit) *capture.Packet {
	p := c.make(d, noFlags, payload)
	p.Has = p.Has&^capture.HasTCP | capture.HasUDP
	p.IPLen = 28 + p.PayloadLen
	p.Seq, p.Ack, p.Window = 0, 0, 0
	for _, e := range edits {
		e(c.talk, d, p)
	}
	return p
}

// cut has the capture keep n bytes of a payload.
func cut(n int) edit {
	return with(func(p *capture.Packet) { p.Payload, p.Has = p.Payload[:n], p.Has|capture.Clipped })
}

// rulesBench is a bench whose rules are a function.
func rulesBench(t testing.TB, recognise func(p *service.Payload, out []service.Sign) []service.Sign) *bench {
	return rulesBenchOf(t, 64<<20, recognise)
}

func rulesBenchOf(t testing.TB, memory int, recognise func(p *service.Payload, out []service.Sign) []service.Sign) *bench {
	b := newBench(t, memory)
	c := b.conf
	c.Recognise = recognise
	b.Tracker = New(c)
	return b
}

// finish ends all flows and checks that nothing is held.
func (b *bench) finish() {
	b.t.Helper()
	for b.EndSome(100) {
	}
	holdsNothing(b.t, b)
}

// attr is a STUN attribute (RFC 8489 section 14).
func attr(typ int, v []byte) []byte {
	return cat(u16(typ), u16(len(v)), v, make([]byte, -len(v)&3))
}

// stunMessage is a STUN message; other than by its type, two differ in nothing.
func stunMessage(typ int, attrs ...[]byte) []byte {
	body := cat(attrs...)
	return cat(u16(typ), u16(len(body)), []byte{0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, body)
}

// xorAddr is the value of an XOR-MAPPED-ADDRESS and its kin for 192.0.2.n.
func xorAddr(n byte, port int) []byte {
	return cat([]byte{0, 1}, u16(port^0x2112), []byte{192 ^ 0x21, 0 ^ 0x12, 2 ^ 0xa4, n ^ 0x42})
}

const (
	stunBinding    = 0x0001
	stunAllocated  = 0x0103
	stunPermission = 0x0008
	stunSend       = 0x0016
	stunData       = 0x0017

	attrPeer    = 0x0012
	attrData    = 0x0013
	attrRelayed = 0x0016
)

// channelData is a TURN ChannelData message (RFC 8656 section 12.4).
func channelData(b []byte) []byte { return cat(u16(0x4001), vec16(b)) }

// dtlsRecord is a record of DTLS 1.2 in epoch 0 (RFC 6347 section 4.1).
func dtlsRecord(kind byte, body []byte) []byte {
	return cat([]byte{kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1}, vec16(body))
}

// dtlsHello is the hello of a DTLS 1.2 client, in one record.
func dtlsHello(name string) []byte { return dtlsRecord(22, dtlsFragment(dtlsBody(name), 0, -1)) }

// dtlsBody is the body of such a hello.
func dtlsBody(name string) []byte {
	exts := cat(u16(0), vec16(vec16(cat([]byte{0}, vec16([]byte(name))))))
	return cat([]byte{0xfe, 0xfd}, make([]byte, 32), []byte{0, 0}, vec16(u16(0xc02b)), []byte{1, 0}, vec16(exts))
}

// dtlsFragment is n bytes of a message from an offset on, all of them when n < 0.
func dtlsFragment(body []byte, off, n int) []byte {
	if n < 0 {
		n = len(body)
	}
	u24 := func(n int) []byte { return []byte{0, byte(n >> 8), byte(n)} }
	return cat([]byte{1}, u24(len(body)), u16(0), u24(off), u24(n), body[off:off+n])
}

// rtpSource makes packets of one source.
type rtpSource struct {
	typ   byte
	ssrc  uint32
	step  uint32 // of the timestamp for a packet
	each  int    // packets of one timestamp; 0 is 1
	size  int
	gap   time.Duration
	seq   uint16
	stamp uint32
}

func (s *rtpSource) next() []byte {
	b := cat([]byte{0x80, s.typ}, u16(int(s.seq)))
	b = binary.BigEndian.AppendUint32(b, s.stamp)
	b = binary.BigEndian.AppendUint32(b, s.ssrc)
	if s.seq++; int(s.seq)%max(1, s.each) == 0 {
		s.stamp += s.step
	}
	return append(b, make([]byte, s.size-len(b))...)
}

func audio() *rtpSource {
	return &rtpSource{typ: 111, ssrc: 0x1111, step: 960, size: 120, gap: 20 * time.Millisecond}
}

func video() *rtpSource {
	return &rtpSource{typ: 96, ssrc: 0x2222, step: 3000, each: 4, size: 1100, gap: 8333 * time.Microsecond}
}

// play sends n packets of a source, wrapped in something if wrap is not nil.
func (c chat) play(d fact.Dir, s *rtpSource, n int, wrap func([]byte) []byte) {
	for range n {
		c.wait(s.gap - 10*time.Microsecond)
		b := s.next()
		if wrap != nil {
			b = wrap(b)
		}
		c.say(d, b)
	}
}
