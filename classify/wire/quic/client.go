package quic

import (
	"bytes"

	"chokepoint/classify/wire"
)

const (
	// MaxDatagrams is how many datagrams with Initials a Client looks into.
	MaxDatagrams = 8
	// maxCoalesced is how many packets of one datagram are looked at: one of
	// each kind is usual, several Initials are possible.
	maxCoalesced = 16
	// maxDerived bounds the keys that are derived for one Client, each some
	// microseconds of work that a sender may provoke.
	maxDerived = 8
	// leastAlike is how many bytes of a hello must come again under new keys for
	// it to count as the same hello. The 32 random bytes are among the first 38.
	leastAlike = 16

	msgClientHello = 1 // RFC 8446 section 4
	messageHeader  = 4 // type and 24-bit length
)

// cid is a connection id with memory of its own.
type cid struct {
	b [maxCID]byte
	n uint8
}

func (c *cid) set(b []byte)        { c.n = uint8(copy(c.b[:], b)) }
func (c *cid) bytes() []byte       { return c.b[:c.n] }
func (c *cid) equal(b []byte) bool { return bytes.Equal(c.b[:c.n], b) }

// Client collects the ClientHello out of the datagrams that a client sends. The
// zero value is ready; it is for one flow at a time.
type Client struct {
	keys     keys
	now      Version // in the packets that the keys are for
	of       cid     // the keys are derived from this connection id
	next     uint64  // packet number expected
	derived  uint8   // sets of keys so far
	version  Version // of the packets the hello is from
	dcid     cid     // of the first Initial
	scid     cid     // of the first Initial
	retry    cid     // what a Retry tells the client to use
	retried  bool
	renewed  bool // the server refused the version
	frozen   bool // the hello is complete, and the client began again with another
	crypto   stream
	opener   opener
	packet   Packet
	total    int // bytes of the message, 0 while unknown
	count    uint8
	seen     bool // a packet of QUIC came
	opened   bool // an Initial was opened
	bad      bool // the message is no ClientHello or too long
	other    bool
	unopened uint8
}

// Reset makes the Client ready for another flow. It keeps the memory.
func (c *Client) Reset() {
	c.crypto.reset()
	*c = Client{crypto: c.crypto, opener: opener{out: c.opener.out}, packet: Packet{Versions: c.packet.Versions[:0]}}
}

// Add takes one more datagram of the client and tells how things stand. Done:
// the ClientHello is complete, whatever comes later. NeedMore: it is not.
// Malformed: Initials came but not one could be opened, or what they carried is
// no ClientHello of up to MaxCrypto bytes, or MaxDatagrams were not enough for
// it. Alien: no packet of QUIC came, or only of gQUIC.
//
// Of Malformed and Alien only the first kind may be followed by better: an
// endpoint drops what it cannot open, so an Initial that opens takes the place
// of those before it that did not. Packets after Done are still compared.
// They cost no allocation unless they belong to another connection.
func (c *Client) Add(datagram []byte) wire.Status {
	if c.count >= MaxDatagrams {
		return c.status()
	}
	initials, first := false, []byte(nil)
	for i := 0; i < maxCoalesced && len(datagram) > 0; i++ {
		n, st := Parse(datagram, &c.packet)
		if st != wire.Done || c.packet.Type == Google {
			break
		}
		c.seen = true
		// RFC 9000 section 12.2: what follows with another id is ignored.
		if i == 0 {
			first = c.packet.DCID
		} else if !bytes.Equal(first, c.packet.DCID) {
			break
		}
		if c.packet.Type == Initial {
			initials = true
			c.initial(&c.packet)
		}
		datagram = datagram[n:]
	}
	c.packet = Packet{Versions: c.packet.Versions} // holds no datagram
	if initials {
		c.count++
	}
	return c.status()
}

// status says how things stand.
func (c *Client) status() wire.Status {
	switch {
	case c.done():
		return wire.Done
	case c.bad, c.count >= MaxDatagrams, c.count > 0 && !c.opened:
		return wire.Malformed
	case !c.seen:
		return wire.Alien
	}
	return wire.NeedMore
}

func (c *Client) done() bool { return c.total > 0 && len(c.crypto.head()) >= c.total }

// Retry tells of a Retry from the server and the source connection id in it: the
// client uses it from now on and derives new keys from it (RFC 9001 section 5.2).
// Without being told, a Client takes an Initial for the answer to a Retry if it
// has a token, another id, and the same hello or one of the same length.
func (c *Client) Retry(scid []byte) {
	if len(scid) <= maxCID {
		c.retry.set(scid)
		c.retried = true
	}
}

// Renegotiate tells of a version negotiation from the server: the client may
// begin again under another version, with another id and another hello (RFC 9000
// section 6.2). Without being told, a Client expects it after GREASE, or under
// the same id.
func (c *Client) Renegotiate() { c.renewed = true }

// Hello returns the ClientHello message, its header of four bytes included, for
// tls.ClientHello.ParseMessage; nil until Done. It is good until Reset.
func (c *Client) Hello() []byte {
	if !c.done() {
		return nil
	}
	return c.crypto.head()[:c.total]
}

// Partial returns what there is of the message from its first byte on, however
// much. It is good until the next Add.
func (c *Client) Partial() []byte {
	head := c.crypto.head()
	if c.total > 0 && len(head) > c.total {
		head = head[:c.total]
	}
	return head
}

// Missing returns how many bytes are known to be missing of the message: 0 when
// Done, and while its length is not known.
func (c *Client) Missing() int {
	if c.total == 0 {
		return 0
	}
	return max(0, c.total-len(c.crypto.head()))
}

// Version returns the version of the Initials that Hello is from, GREASE
// included; 0 before any.
func (c *Client) Version() Version { return c.version }

// DCID returns the destination connection id of the first Initial, which the
// client made up. It is good until Reset.
func (c *Client) DCID() []byte { return c.dcid.bytes() }

// SCID returns the source connection id of the first Initial, which the server
// has to answer to. It is good until Reset.
func (c *Client) SCID() []byte { return c.scid.bytes() }

// Datagrams returns how many datagrams with Initials were looked into, at most
// MaxDatagrams.
func (c *Client) Datagrams() int { return int(c.count) }

// Conflict reports that a byte of the message came twice under the same keys and
// was another the second time. The first one counts.
func (c *Client) Conflict() bool { return c.crypto.conflict }

// Other reports that an Initial of another connection came on these ports: it
// opens with keys of its own, and neither a Retry nor version negotiation nor
// the server's choice of a connection id explains it. It is a decoy, or the real
// one after a decoy, or a second attempt. Its bytes are left out; to read them,
// give the datagram to another Client.
func (c *Client) Other() bool { return c.other }

// Unopened returns how many Initials could not be opened, at most 255: damaged,
// clipped, never meant to be, or of a connection whose beginning was not seen.
func (c *Client) Unopened() int { return int(c.unopened) }

// Cap returns how much memory the Client holds besides itself, about, in bytes.
func (c *Client) Cap() int {
	n := cap(c.crypto.buf) + cap(c.crypto.spans)*4 + cap(c.opener.out) + cap(c.packet.Versions)*4
	if c.keys.aead != nil {
		n += keysSize
	}
	return n
}
