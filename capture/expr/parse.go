package expr

// qualifiers say what kind of thing an identifier is. They carry over to
// identifiers that have none of their own.
type qualifiers struct {
	proto string // ip, ip6, tcp, udp or none
	dir   direction
	kind  string // host, net, port, portrange, proto; none when nothing carries over
}

// expression parses terms joined by and and or, which bind alike and from the
// left (pcap-filter(7)). q is what the text before left behind.
func (c *compiler) expression(q qualifiers) (block, qualifiers, error) {
	all, q, err := c.term(q)
	for err == nil && (c.tok.text == "and" || c.tok.text == "or") {
		and := c.tok.text == "and"
		c.advance()
		var b block
		if b, q, err = c.term(q); err == nil {
			all = c.join(all, b, and)
		}
	}
	return all, q, err
}

// term parses a primitive, a parenthesis, or the negation of either.
func (c *compiler) term(q qualifiers) (block, qualifiers, error) {
	if err := c.enter(); err != nil {
		return block{}, q, err
	}
	defer c.leave()
	switch {
	case c.take("not"):
		b, q, err := c.term(q)
		b.yes, b.no = b.no, b.yes
		return b, q, err
	case c.take("("):
		b, q, err := c.expression(q)
		if err == nil && !c.take(")") {
			err = c.fail("expect ), got %s", c.got())
		}
		return b, q, err
	}
	return c.primitive(q)
}

func (c *compiler) primitive(q qualifiers) (block, qualifiers, error) {
	switch word := c.tok.text; word {
	case "ip", "ip6", "tcp", "udp", "icmp", "icmp6":
		c.advance()
		if !c.atQualifier() {
			b, err := c.emit(protocol(word))
			return b, qualifiers{}, err
		}
		return c.qualified(qualifiers{proto: word})
	case "src", "dst", "host", "net", "port", "portrange", "proto":
		return c.qualified(qualifiers{})
	case "vlan":
		c.advance()
		b, err := c.vlan()
		return b, qualifiers{}, err
	case "", ")", "and", "or", "mask":
		return block{}, q, c.fail("expect a primitive, got %s", c.got())
	}
	if err := c.refuse(); err != nil {
		return block{}, q, err
	}
	if q.kind == "" {
		return block{}, q, c.fail("interpret %q: no qualifier such as host, net or port says what it is", c.tok.text)
	}
	b, err := c.identifier(q)
	return b, q, err
}

func (c *compiler) atQualifier() bool {
	switch c.tok.text {
	case "src", "dst", "host", "net", "port", "portrange", "proto":
		return true
	}
	return false
}

// qualified parses direction and kind, and what they qualify.
func (c *compiler) qualified(q qualifiers) (block, qualifiers, error) {
	start := c.tok
	var err error
	if q.dir, err = c.direction(); err != nil {
		return block{}, q, err
	}
	q.kind = "host"
	if c.atQualifier() && c.tok.text != "src" && c.tok.text != "dst" {
		q.kind = c.tok.text
		c.advance()
	}
	if odd := q.misfit(start.text); odd != "" {
		c.tok = start
		return block{}, q, c.fail("combine %s with %s: not a pair in pcap-filter", odd, q.kind)
	}
	b, err := c.identifiers(q)
	return b, q, err
}

// misfit returns the protocol or direction that does not go with the kind, or
// nothing. first is the first word behind the protocol.
func (q qualifiers) misfit(first string) string {
	fits := true
	switch q.proto {
	case "ip", "ip6":
		fits = q.kind == "host" || q.kind == "net" || q.kind == "proto"
	case "tcp", "udp":
		fits = q.kind == "port" || q.kind == "portrange"
	case "icmp", "icmp6":
		fits = false
	}
	switch {
	case !fits:
		return q.proto
	case q.kind == "proto" && first != "proto":
		return first
	}
	return ""
}

// direction parses "src", "dst", or both joined by "or" or "and".
func (c *compiler) direction() (direction, error) {
	var d direction
	switch {
	case c.take("src"):
		d = src
	case c.take("dst"):
		d = dst
	default:
		return either, nil
	}
	if c.tok.text != "or" && c.tok.text != "and" {
		return d, nil
	}
	joined := either
	if c.tok.text == "and" {
		joined = both
	}
	c.advance()
	if other := c.tok.text; d == src && other == "dst" || d == dst && other == "src" {
		c.advance()
		return joined, nil
	}
	return d, c.fail("expect the other of src and dst, got %s", c.got())
}

// identifiers parses one identifier, or several joined within parentheses, all
// with the same qualifiers.
func (c *compiler) identifiers(q qualifiers) (block, error) {
	if err := c.enter(); err != nil {
		return block{}, err
	}
	defer c.leave()
	if c.take("not") {
		b, err := c.identifiers(q)
		b.yes, b.no = b.no, b.yes
		return b, err
	}
	if !c.take("(") {
		return c.identifier(q)
	}
	all, err := c.identifiers(q)
	for err == nil && (c.tok.text == "and" || c.tok.text == "or") {
		and := c.tok.text == "and"
		c.advance()
		var b block
		if b, err = c.identifiers(q); err == nil {
			all = c.join(all, b, and)
		}
	}
	if err == nil && !c.take(")") {
		err = c.fail("expect ), got %s", c.got())
	}
	return all, err
}
