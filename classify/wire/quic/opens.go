package quic

import "chokepoint/classify/wire"

// Opens reports whether a datagram of a server is the answer to this Client: the
// first Initial in it opens with the server's keys, which are derived from the
// connection id that the client made up (RFC 9001 section 5.2). Where two hellos
// on the same ports have the same source connection id, an empty one for the
// most part, nothing else tells which of them the server took up.
//
// It may be asked before the hello is complete. After a Retry the connection is
// the one begun again. It is false for what is no Initial (a Retry and version
// negotiation are not sealed), for one that was damaged or clipped, and before
// an Initial of the client was seen.
//
// Each call derives keys, some microseconds of work; none is kept. The Client
// stays as it was.
func (c *Client) Opens(serverDatagram []byte) bool {
	p := Packet{Versions: c.packet.Versions[:0]}
	if c.version == Negotiate || !firstInitial(serverDatagram, &p) {
		return false
	}
	id := &c.of
	if !c.opened {
		id = &c.dcid // keys that did not open a damaged Initial are the right ones all the same
	}
	// The server may have changed the version: what it answers in counts, and the
	// id is the same (RFC 9368 section 2.3, RFC 9369 section 4).
	var k keys
	if !k.derive(p.Version, id.bytes(), serverIn) {
		return false
	}
	held := c.opener.out
	_, _, ok := c.opener.open(&k, &p, 0)
	c.opener.out = held // memory for a large packet is not kept: Cap would change
	return ok
}

// firstInitial finds the first Initial of a datagram. Servers put it before the
// packets of the handshake, as a rule (RFC 9000 section 12.2).
func firstInitial(datagram []byte, p *Packet) bool {
	for i := 0; i < maxCoalesced && len(datagram) > 0; i++ {
		n, st := Parse(datagram, p)
		if st != wire.Done {
			return false
		}
		if p.Type == Initial {
			return true
		}
		datagram = datagram[n:]
	}
	return false
}
