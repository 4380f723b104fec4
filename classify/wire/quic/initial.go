package quic

// initial judges one Initial of the client: whose it is, and what it adds.
func (c *Client) initial(p *Packet) {
	if !c.opened {
		c.begin(p)
		return
	}
	if p.Version == c.now {
		if frames, number, ok := c.opener.open(&c.keys, p, c.next); ok {
			c.take(frames, number) // also under the id that the server chose
			return
		}
		if c.of.equal(p.DCID) {
			c.miss()
			return
		}
	}
	if c.dcid.equal(p.DCID) && p.Version == c.version {
		return // from before a Retry, late
	}
	c.foreign(p)
}

// begin takes an Initial for the first of the connection. It stays so if it
// opens: until one does, there is no telling what the others were.
func (c *Client) begin(p *Packet) {
	c.version, c.now = p.Version, p.Version
	c.dcid.set(p.DCID)
	c.scid.set(p.SCID)
	frames, number, ok := c.tryOwn(&c.keys, p)
	if !ok {
		c.miss()
		return
	}
	c.opened = true
	c.of.set(p.DCID)
	c.take(frames, number)
}

// tryOwn opens an Initial with keys of its own connection id. GREASE has no
// salt: clients that send it use that of the version they mean to speak.
func (c *Client) tryOwn(k *keys, p *Packet) (frames []byte, number uint64, ok bool) {
	tries := [...]Version{p.Version, Negotiate}
	if p.Version.GREASE() {
		tries = [...]Version{V1, Draft29}
	}
	for _, v := range tries {
		if !c.derive(k, v, p.DCID) {
			continue
		}
		if frames, number, ok = c.opener.open(k, p, 0); ok {
			return frames, number, true
		}
	}
	return nil, 0, false
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
	if p.Version != c.now && !c.of.equal(p.DCID) && c.derive(&k, p.Version, c.of.bytes()) {
		if frames, number, ok := c.opener.open(&k, p, c.next); ok {
			c.keys, c.now = k, p.Version
			c.take(frames, number)
			return
		}
	}
	frames, number, ok := c.tryOwn(&k, p)
	switch {
	case !ok:
		c.miss()
	case c.explained(p, frames):
		c.again(k, p, frames, number)
	default:
		c.other = true
	}
}

// explained reports whether an Initial with keys of its own is the connection's,
// begun again: after a Retry, or after version negotiation.
func (c *Client) explained(p *Packet, frames []byte) bool {
	if p.Version != c.now {
		return c.renewed || c.now.GREASE() || c.of.equal(p.DCID)
	}
	if c.retried && c.retry.equal(p.DCID) {
		return true
	}
	if len(p.Token) == 0 {
		return false
	}
	// A token may also be kept from an earlier connection. After a Retry comes
	// the same hello (RFC 9000 section 17.2.5.3), or from some clients one that
	// was made anew: it has the length of the first.
	alike, differs, total := c.compare(frames)
	return alike >= leastAlike && !differs || total > 0 && total == c.total
}

// compare returns how many bytes the CRYPTO frames have in common with what is
// there, whether they contradict it, and the length of their message if they
// tell it.
func (c *Client) compare(frames []byte) (alike int, differs bool, total int) {
	eachCrypto(frames, func(offset uint64, data []byte) {
		n, d := c.crypto.compare(offset, data)
		alike, differs = alike+n, differs || d
		if offset == 0 {
			total = messageLen(data)
		}
	})
	return alike, differs, total
}

// again takes an Initial for the connection's, begun again under new keys. The
// client sends its whole hello once more; unless that is seen to be the same,
// nothing of the first is mixed into it.
func (c *Client) again(k keys, p *Packet, frames []byte, number uint64) {
	c.keys, c.now, c.next = k, p.Version, 0
	c.of.set(p.DCID)
	alike, differs, _ := c.compare(frames)
	if alike < leastAlike || differs {
		if c.done() {
			c.frozen = true
			return
		}
		c.crypto.reset()
		c.total, c.bad, c.version = 0, false, p.Version
	}
	c.take(frames, number)
}

// take puts the CRYPTO frames of an opened Initial into place.
func (c *Client) take(frames []byte, number uint64) {
	c.next = max(c.next, number+1)
	if c.frozen {
		return
	}
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
	if c.bad || c.total > 0 {
		return
	}
	if c.total = messageLen(head); c.total > MaxCrypto {
		c.bad, c.total = true, 0
	}
}

// messageLen returns the length of the handshake message that begins here, its
// header included; 0 if that is not all there.
func messageLen(b []byte) int {
	if len(b) < messageHeader {
		return 0
	}
	return messageHeader + (int(b[1])<<16 | int(b[2])<<8 | int(b[3]))
}
