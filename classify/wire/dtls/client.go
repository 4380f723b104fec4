package dtls

import "chokepoint/classify/wire"

// MaxHello is the longest ClientHello that is put together, bytes.
const MaxHello = 16 << 10

// clientHello is the handshake type (RFC 6347 section 4.3.2).
const clientHello = 1

// messageHeader is type, length, message_seq, fragment_offset and
// fragment_length (RFC 6347 section 4.2.2).
const messageHeader = 1 + 3 + 2 + 3 + 3

// hellos is how many ClientHellos a client may send: the first, and the one that
// answers a HelloVerifyRequest (RFC 6347 section 4.2.1) or a HelloRetryRequest
// (RFC 9147 section 5.1). Their message_seq are 0 and 1.
const hellos = 2

// Client collects the ClientHello of one direction of a flow. The zero value is
// ready. It holds some 64 KiB at most, and no more than twice what arrived.
type Client struct {
	// Conflict: bytes of the hello were sent twice with different content. The
	// first counted.
	Conflict bool

	messages [hellos]message
	done     int // index of the newest whole message, plus one
}

// Reset makes c ready for another flow and keeps its memory.
func (c *Client) Reset() {
	for i := range c.messages {
		c.messages[i].reset()
	}
	c.done, c.Conflict = 0, false
}

// Add reads a datagram, in whatever order they come. Unlike that of a stream's
// parser its answer is about this datagram: Alien, nothing in it is a hello and
// nothing was kept, as of the STUN and RTP on the same port, or of a server.
// Malformed: it looks like one and contradicts itself, or another part, or is
// longer than MaxHello. Otherwise it brought a part, new or not: Done if Hello is
// there now, NeedMore if not.
func (c *Client) Add(datagram []byte) wire.Status {
	brought, broken := false, false
	for len(datagram) > 0 {
		typ, version, n, ok := Record(datagram)
		if !ok {
			break
		}
		clear := inTheClear(typ, datagram)
		if n > len(datagram) {
			broken = broken || clear
			break
		}
		if clear {
			b, bad := c.record(version, datagram[recordHeader:n])
			brought, broken = brought || b, broken || bad
		}
		datagram = datagram[n:]
	}
	switch {
	case broken && !brought:
		return wire.Malformed
	case !brought:
		return wire.Alien
	case c.done > 0:
		return wire.Done
	}
	return wire.NeedMore
}

// record reads the handshake fragments of one record.
func (c *Client) record(version uint16, b []byte) (brought, broken bool) {
	for len(b) >= messageHeader {
		total, seq := uint24(b[1:]), int(b[4])<<8|int(b[5])
		off, n := uint24(b[6:]), uint24(b[9:])
		if off+n > total || messageHeader+n > len(b) {
			return brought, broken || b[0] == clientHello
		}
		part := b[messageHeader : messageHeader+n]
		if b[0] == clientHello && seq < hellos && n > 0 {
			if c.fragment(seq, version, total, off, part) {
				brought = true
			} else {
				broken = true
			}
		}
		b = b[messageHeader+n:]
	}
	return brought, broken
}

// fragment keeps a part of a hello and reports whether it fits the others.
func (c *Client) fragment(seq int, version uint16, total, off int, part []byte) bool {
	m := &c.messages[seq]
	if total > MaxHello || m.total != 0 && m.total != total {
		return false
	}
	m.total = total
	if off == 0 && m.version == 0 {
		m.version = version
	}
	fits, same := m.add(off, part)
	c.Conflict = c.Conflict || !same
	if m.whole {
		c.done = max(c.done, seq+1)
	}
	return fits
}

// Hello returns the body of the newest ClientHello that is whole, without its
// headers, or nil. It is valid until the next call of Add or Reset.
func (c *Client) Hello() []byte {
	if c.done == 0 {
		return nil
	}
	return c.messages[c.done-1].body
}

// Version returns the record version Hello was sent under, 0 without one.
func (c *Client) Version() uint16 {
	if c.done == 0 {
		return 0
	}
	return c.messages[c.done-1].version
}

// Retried reports whether Hello answers a HelloVerifyRequest or a
// HelloRetryRequest: the server was reached, and answered.
func (c *Client) Retried() bool { return c.done > 1 }

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
