package synth

import (
	"encoding/binary"
	"slices"
	"time"
)

// QUIC describes a connection that loads a page over HTTP/3.
type QUIC struct {
	Name        string
	Version     uint32
	PostQuantum bool // the hello takes two Initial packets
	Swapped     bool // and they come in the wrong order
	Page        int  // datagrams of the answer
}

// varint is an integer in as few bytes as it takes (RFC 9000 section 16).
func varint(n int) []byte {
	if n < 1<<6 {
		return []byte{byte(n)}
	}
	return u16s(0x4000 | uint16(n))
}

// crypto is a CRYPTO frame (RFC 9000 section 19.6).
func crypto(at int, b []byte) []byte { return slices.Concat([]byte{6}, varint(at), varint(len(b)), b) }

// hello is a ClientHello message without a record around it, as RFC 9001 section
// 4.1.3 has it.
func (q QUIC) hello(s *Sim) []byte {
	grease := greases[s.Rand.IntN(len(greases))]
	groups, shares := []uint16{grease}, slices.Concat(u16s(grease), vec16([]byte{0}))
	if q.PostQuantum {
		groups = append(groups, groupMLKEM)
		shares = slices.Concat(shares, u16s(groupMLKEM), vec16(s.Bytes(shareMLKEM)))
	}
	groups = append(groups, groupX25519, 23, 24)
	shares = slices.Concat(shares, u16s(groupX25519), vec16(s.Bytes(shareX25519)))
	// max_idle_timeout, initial_max_data, initial_max_streams_bidi, initial_source_connection_id
	params := slices.Concat([]byte{1, 4, 0x80, 0, 0x75, 0x30}, []byte{4, 4, 0x80, 0xf0, 0, 0}, []byte{8, 2, 0x40, 100}, []byte{15, 0})
	exts := slices.Concat(
		ext(extServerName, vec16([]byte{0}, vec16([]byte(q.Name)))), ext(extGroups, vec16(u16s(groups...))),
		ext(extALPN, vec16(vec8([]byte("h3")))), ext(13, vec16(u16s(0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601))),
		ext(extKeyShare, vec16(shares)), ext(45, vec8([]byte{1})), ext(extVersions, vec8(u16s(0x304))), ext(extQUIC, params))
	return slices.Concat([]byte{1}, vec24(u16s(0x303), s.Bytes(32), []byte{0}, vec16(u16s(0x1301, 0x1302, 0x1303)), vec8([]byte{0}), vec16(exts)))
}

// Opening is the client's first flight.
func (q QUIC) Opening(s *Sim) ([]Datagram, error) {
	lines, _, err := q.opening(s)
	return lines, err
}

// most is how much of a hello the first of two Initials carries.
const most = 1050

func (q QUIC) opening(s *Sim) (out []Datagram, first initial, err error) {
	first = initial{version: q.Version, side: Up, first: s.Bytes(8)}
	first.dcid = first.first
	hello := q.hello(s)
	parts := [][]byte{crypto(0, hello)}
	if len(hello) > most {
		parts = [][]byte{crypto(0, hello[:most]), crypto(most, hello[most:])}
	}
	for i, p := range parts {
		first.number = uint32(i + 1)
		b, err := first.seal(p, quicSize+50)
		if err != nil {
			return nil, first, err
		}
		out = append(out, Datagram{From: Up, Data: b})
	}
	if q.Swapped {
		slices.Reverse(out)
	}
	return out, first, nil
}

// Talk is the whole connection.
func (q QUIC) Talk(s *Sim) ([]Datagram, error) {
	out, first, err := q.opening(s)
	if err != nil {
		return nil, err
	}
	own := s.Bytes(8) // the server's connection id; the client has none
	answer := initial{version: q.Version, side: Down, first: first.first, scid: own}
	hello := serverHello(s, q.PostQuantum, 0)
	frames := slices.Concat([]byte{2, 1, 0, 0, 0}, crypto(0, hello[:min(len(hello), most)])) // ACK of packet 1
	b, err := answer.seal(frames, 0)
	if err != nil {
		return nil, err
	}
	out = append(out, Datagram{From: Down, Data: q.fill(s, b, own), Wait: time.Millisecond})
	if len(hello) > most {
		answer.number++
		if b, err = answer.seal(crypto(most, hello[most:]), 0); err != nil {
			return nil, err
		}
		out = append(out, Datagram{From: Down, Data: q.fill(s, b, own)})
	}
	for range 2 {
		out = append(out, Datagram{From: Down, Data: q.fill(s, nil, own)})
	}
	ack := initial{version: q.Version, side: Up, first: first.first, dcid: own, number: 3}
	if b, err = ack.seal([]byte{2, 0, 0, 0, 0}, quicSize); err != nil {
		return nil, err
	}
	return append(out, q.rest(s, b, own)...), nil
}

// fill adds a Handshake packet behind what a server's datagram has (RFC 9000
// section 12.2); nobody on the way can read it.
func (q QUIC) fill(s *Sim, b, own []byte) []byte {
	form := byte(0xe0)
	if q.Version == QUICv2 {
		form = 0xf0
	}
	head := binary.BigEndian.AppendUint32([]byte{form | byte(s.Rand.IntN(16))}, q.Version)
	head = slices.Concat(head, []byte{0}, vec8(own))
	n := quicSize - len(b) - len(head) - 2
	if n < 40 {
		return b
	}
	return slices.Concat(b, head, u16s(0x4000|uint16(n)), s.Bytes(n))
}

// rest is what follows the server's first flight: packets with short headers
// after the client's acknowledgement.
func (q QUIC) rest(s *Sim, ack, own []byte) []Datagram {
	short := func(id []byte, n int) []byte {
		return slices.Concat([]byte{0x40 | byte(s.Rand.IntN(64))}, id, s.Bytes(n))
	}
	out := []Datagram{{From: Up, Data: ack}, {From: Up, Data: short(own, 90)}, {From: Up, Data: short(own, 380), Wait: 2 * time.Millisecond}}
	for i := range q.Page {
		wait := 60 * time.Microsecond
		if i == 0 {
			wait = answerStart
		}
		out = append(out, Datagram{From: Down, Data: short(nil, 1251), Wait: wait})
	}
	return append(out, Datagram{From: Up, Data: short(own, 30)})
}
