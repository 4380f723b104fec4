package quic

import (
	"bytes"
	"encoding/binary"

	"chokepoint/classify/wire"
)

// The public header of gQUIC up to Q043 (draft-hamilton-early-deployment-quic-00
// section 6.1): flags, connection id, version, packet number.
const (
	flagVersion = 0x01
	flagCID     = 0x08
	flagCIDOld  = 0x04 // with flagCID the length of the id in old versions; later a nonce, of servers only
	flagNumber  = 0x30 // length of the packet number

	publicCID    = 8 // bytes of a connection id
	publicHeader = 1 + publicCID + 4
)

// modern reports whether a version of Google's has the header of RFC 9000.
func (v Version) modern() bool {
	n, _ := v.number()
	return v>>24 == 'T' || n >= 50
}

// public recognises gQUIC up to Q043 by the version a client sends until the
// server has spoken.
func (p *Packet) public(datagram []byte) (int, wire.Status) {
	if len(datagram) < publicHeader || datagram[0]&^(flagNumber|flagCIDOld) != flagVersion|flagCID {
		return 0, wire.Alien
	}
	v := Version(binary.BigEndian.Uint32(datagram[1+publicCID:]))
	if n, _ := v.number(); v>>24 != 'Q' || !v.GQUIC() || n > 43 {
		return 0, wire.Alien
	}
	p.Type, p.Version, p.DCID, p.Header = Google, v, datagram[1:1+publicCID], datagram[:publicHeader]
	return len(datagram), wire.Done
}

// q046 recognises Q044 to Q049: the long header of draft-ietf-quic-invariants-03,
// with both lengths of connection ids in one byte, each less 3.
func (p *Packet) q046(datagram []byte) (int, wire.Status) {
	b := octets(datagram[5:])
	v := p.Version
	lens, ok := b.take(1)
	if n, _ := v.number(); !ok || n < 44 || lens[0] != 0x50 && lens[0] != 0x05 { // one id, of 8 bytes
		*p = Packet{Versions: p.Versions}
		return 0, wire.Alien
	}
	id, ok := b.take(publicCID)
	if !ok {
		*p = Packet{Versions: p.Versions}
		return 0, wire.Alien
	}
	p.Type, p.Header = Google, datagram[:len(datagram)-len(b)]
	if p.DCID = id; lens[0] == 0x05 {
		p.DCID, p.SCID = nil, id
	}
	return len(datagram), wire.Done
}

// The hello of QUIC crypto: the tag, the number of pairs, two bytes of padding,
// then for each pair a tag and where its value ends, all little-endian (public
// document "QUIC Crypto", section "Handshake message format").
const (
	chloHead = 8
	chloPair = 8
	// maxPairs is the limit of chromium's parser (kMaxEntries, crypto_framer.cc).
	maxPairs = 128
	// preamble is what precedes the hello in its packet: packet number, hash of
	// 12 bytes, private flags, stream frame header with stream id, offset, length.
	preamble = 6 + 12 + 1 + 1 + 4 + 8 + 2
)

// CHLOName returns the server name of the plaintext hello that begins a
// connection of gQUIC up to Q046, in lower case. It reports false if there is no
// such hello, it has no name, or the name is none a host can have. A value that
// reaches into another packet is not followed.
func CHLOName(datagram []byte) (sni string, ok bool) {
	var p Packet
	if _, st := Parse(datagram, &p); st != wire.Done || p.Type != Google {
		return "", false
	}
	body := datagram[len(p.Header):]
	at := bytes.Index(body[:min(len(body), preamble+4)], []byte("CHLO"))
	if at < 0 || len(body)-at < chloHead {
		return "", false
	}
	msg := body[at:]
	n := int(binary.LittleEndian.Uint16(msg[4:]))
	if n == 0 || n > maxPairs || len(msg) < chloHead+n*chloPair {
		return "", false
	}
	values, from := msg[chloHead+n*chloPair:], uint32(0)
	for i := range n {
		pair := msg[chloHead+i*chloPair:]
		to := binary.LittleEndian.Uint32(pair[4:])
		if to < from || uint64(to) > uint64(len(values)) {
			return "", false
		}
		if string(pair[:4]) == "SNI\x00" {
			return wire.Hostname(string(values[from:to]))
		}
		from = to
	}
	return "", false
}
