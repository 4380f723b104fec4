package tls

// Cursor follows record boundaries along one direction of a TLS stream without
// keeping any of it. The zero value stands at the start of a stream; it is 16
// bytes and allocates nothing. It answers whether the sender still owes the
// rest of a record it began, which is demand left unmet when it falls silent.
type Cursor struct {
	records uint32
	remain  uint16 // bytes missing of the open record's body
	length  uint16 // length field of the header being read
	have    uint8  // header bytes read, 0..4
	typ     uint8
	lost    bool
}

// Remain returns how many bytes are missing of the record that is open, body
// bytes only; within a header, the header bytes missing, a lower bound. 0: at a
// boundary, or out of sync.
func (c *Cursor) Remain() int {
	if c.have > 0 {
		return recordHeader - int(c.have)
	}
	return int(c.remain)
}

// Type returns the content type of the current or last record, 0 before any.
func (c *Cursor) Type() uint8 { return c.typ }

// Records returns how many record headers have been read.
func (c *Cursor) Records() int { return int(c.records) }

// InSync reports whether the boundaries are known: every header so far was
// seen and valid.
func (c *Cursor) InSync() bool { return !c.lost }

// Feed moves on by n stream bytes in order, of which the first len(b) were
// captured. A header that was not captured, or is none, puts the cursor out of
// sync until a later Feed begins with an application data header.
func (c *Cursor) Feed(b []byte, n int) {
	if n <= int(c.remain) {
		c.remain -= uint16(max(n, 0))
		return
	}
	c.cross(b, n)
}

// cross feeds bytes that reach beyond the open record.
func (c *Cursor) cross(b []byte, n int) {
	if c.lost && !c.resync(b) {
		return
	}
	off := 0
	for off < n {
		if k := min(int(c.remain), n-off); k > 0 {
			off, c.remain = off+k, c.remain-uint16(k)
			continue
		}
		if off >= len(b) || !c.header(b[off]) {
			*c = Cursor{records: c.records, typ: c.typ, lost: true}
			return
		}
		off++
	}
}

// header takes one more byte of a record header and reports whether the header
// is valid so far.
func (c *Cursor) header(v byte) bool {
	switch c.have {
	case 0:
		if v < typeChangeCipher || v > typeHeartbeat {
			return false
		}
		c.typ = v
	case 1:
		if v != 3 {
			return false
		}
	case 2:
		if v > 4 {
			return false
		}
	case 3:
		c.length = uint16(v) << 8
	case 4:
		c.length |= uint16(v)
		c.remain, c.have = c.length, 0
		c.records++
		return c.length <= maxRecord
	}
	c.have++
	return true
}

// resync believes a segment that starts with the header every protected TLS
// 1.2 and 1.3 record has, in a stream that had records before: a chance of one
// in 2^26 for random bytes.
func (c *Cursor) resync(b []byte) bool {
	if c.records == 0 || len(b) < recordHeader || b[0] != typeAppData || b[1] != 3 || b[2] != 3 {
		return false
	}
	if n := int(b[3])<<8 | int(b[4]); n == 0 || n > 1<<14+256 {
		return false
	}
	c.lost = false
	return true
}
