package quic

// initial judges one Initial of the client: whose it is, and what it adds.
func (c *Client) initial(p *Packet) {
	if !c.opened {
		c.begin(p)
		return
	}
	if p.Version == c.version || p.Version == c.under {
		if frames, number, ok := c.opener.open(&c.keys, p, c.next); ok {
			c.take(frames, number) // also under the id that the server chose
			return
		}
		if c.of.equal(p.DCID) {
			c.miss()
			return
		}
	}
	c.foreign(p)
}

// begin takes an Initial for the first of the connection. It stays so if it
// opens: until one does, there is no telling what the others were.
func (c *Client) begin(p *Packet) {
	c.version = p.Version
	c.dcid.set(p.DCID)
	c.scid.set(p.SCID)
	frames, number, under, ok := c.tryOwn(&c.keys, p)
	if !ok {
		c.miss()
		return
	}
	c.opened, c.under = true, under
	c.of.set(p.DCID)
	c.take(frames, number)
}

// tryOwn opens an Initial with keys of its own connection id. GREASE has no
// salt: clients that send it use that of the version they mean to speak.
func (c *Client) tryOwn(k *keys, p *Packet) (frames []byte, number uint64, under Version, ok bool) {
	tries := [...]Version{p.Version, 0}
	if p.Version.GREASE() {
		tries = [...]Version{V1, Draft29}
	}
	for _, v := range tries {
		if !c.derive(k, v, p.DCID) {
			continue
		}
		if frames, number, ok = c.opener.open(k, p, 0); ok {
			return frames, number, v, true
		}
	}
	return nil, 0, 0, false
}

// derive makes keys, as long as the Client may.
func (c *Client) derive(k *keys, v Version, id []byte) bool {
	if c.derived >= maxDerived || !v.Known() {
		return false
	}
	c.derived++
	return k.derive(v, id, clientIn)
}

func (c *Client) miss() {
	if c.unopened < 255 {
		c.unopened++
	}
}

// foreign judges an Initial that does not open with the connection's keys.
func (c *Client) foreign(p *Packet) {
	var k keys
	// RFC 9368 section 2.3, RFC 9369 section 4: a server may change the version,
	// and the new one's keys are still derived from the client's first id.
	if p.Version != c.under && !c.version.GREASE() && c.derive(&k, p.Version, c.of.bytes()) {
		if frames, number, ok := c.opener.open(&k, p, c.next); ok {
			c.keys, c.under = k, p.Version
			c.take(frames, number)
			return
		}
	}
	frames, number, under, ok := c.tryOwn(&k, p)
	switch {
	case !ok:
		c.miss()
	case c.answersRetry(p, frames):
		c.keys, c.under = k, under
		c.of.set(p.DCID)
		c.take(frames, number)
	case c.version.GREASE() && !p.Version.GREASE():
		// Version negotiation: the connection starts again, with another hello.
		if c.done() {
			return
		}
		c.crypto.reset()
		c.keys, c.under, c.version, c.total, c.next = k, under, p.Version, 0, 0
		c.of.set(p.DCID)
		c.dcid.set(p.DCID)
		c.scid.set(p.SCID)
		c.take(frames, number)
	default:
		c.other = true
	}
}

// answersRetry reports whether an Initial with keys of its own is what a client
// sends after a Retry. It sends the same hello (RFC 9000 section 17.2.5.3), so
// bytes that contradict are somebody else's.
func (c *Client) answersRetry(p *Packet, frames []byte) bool {
	if c.retried && c.retry.equal(p.DCID) {
		return true
	}
	if len(p.Token) == 0 || p.Version != c.version {
		return false
	}
	same, differ := 0, false
	eachCrypto(frames, func(offset uint64, data []byte) {
		alike, differs := c.crypto.compare(offset, data)
		same, differ = same+alike, differ || differs
	})
	return same >= leastAlike && !differ
}

// take puts the CRYPTO frames of an opened Initial into place.
func (c *Client) take(frames []byte, number uint64) {
	c.next = max(c.next, number+1)
	eachCrypto(frames, func(offset uint64, data []byte) {
		limit := MaxCrypto
		if c.total > 0 {
			limit = c.total
		}
		c.crypto.put(offset, data, limit)
		c.measure()
	})
}

// measure reads the header of the message once it is there.
func (c *Client) measure() {
	head := c.crypto.head()
	if len(head) > 0 && head[0] != msgClientHello {
		c.bad = true
	}
	if c.bad || c.total > 0 || len(head) < messageHeader {
		return
	}
	c.total = messageHeader + (int(head[1])<<16 | int(head[2])<<8 | int(head[3]))
	if c.total > MaxCrypto {
		c.bad, c.total = true, 0
	}
}
