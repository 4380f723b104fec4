package dtls

import "bytes"

// maxPieces bounds the fragments of one hello. The longest of today, with
// post-quantum shares, are two or three.
const maxPieces = 64

// maxStored bounds the bytes of these. They may overlap: a client that lost a
// datagram may cut the message anew.
const maxStored = 16 << 10

// message puts one handshake message together.
type message struct {
	total   int // length of the body, bytes; 0 before the first fragment
	version uint16
	whole   bool
	body    []byte  // when whole
	pieces  []piece // until then, in order of arrival
	stored  []byte  // their bytes
}

// piece is body[off:off+n], which is stored[at:at+n].
type piece struct{ off, at, n int }

func (m *message) reset() {
	*m = message{body: m.body[:0], pieces: m.pieces[:0], stored: m.stored[:0]}
}

// add keeps a fragment that lies inside the body. fits: there was room for it, or
// it was known; same: it does not contradict what was there before.
func (m *message) add(off int, part []byte) (fits, same bool) {
	if m.whole {
		return true, bytes.Equal(m.body[off:off+len(part)], part)
	}
	if len(part) == m.total && len(m.pieces) == 0 {
		m.body, m.whole = append(m.body[:0], part...), true
		return true, true
	}
	same = true
	for _, p := range m.pieces {
		from, to := max(off, p.off), min(off+len(part), p.off+p.n)
		if from < to && !bytes.Equal(part[from-off:to-off], m.stored[p.at+from-p.off:p.at+to-p.off]) {
			same = false
		}
		if from == off && to == off+len(part) {
			return true, same
		}
	}
	return m.keep(off, part), same
}

// keep stores what is new of a fragment, as far as that is at one of its ends.
func (m *message) keep(off int, part []byte) bool {
	for _, p := range m.pieces {
		if p.off <= off && off < p.off+p.n {
			part = part[min(p.off+p.n-off, len(part)):]
			off = p.off + p.n
		}
		if end := off + len(part); p.off < end && end <= p.off+p.n {
			part = part[:max(p.off-off, 0)]
		}
	}
	if len(part) == 0 {
		return true
	}
	if len(m.pieces) == maxPieces || len(m.stored)+len(part) > maxStored {
		return false
	}
	m.pieces = append(m.pieces, piece{off, len(m.stored), len(part)})
	m.stored = append(grown(m.stored, len(m.stored)+len(part)), part...)
	if m.covered() {
		m.assemble()
	}
	return true
}

// grown returns b with room for n bytes in all. It never makes more than
// maxStored, as append might.
func grown(b []byte, n int) []byte {
	if n <= cap(b) {
		return b
	}
	return append(make([]byte, 0, min(max(n, 2*cap(b)), maxStored)), b...)
}

// covered reports whether the pieces leave no gap.
func (m *message) covered() bool {
	end := 0
	for grown := true; grown && end < m.total; {
		grown = false
		for _, p := range m.pieces {
			if p.off <= end && end < p.off+p.n {
				end, grown = p.off+p.n, true
			}
		}
	}
	return end == m.total
}

// assemble makes the body of pieces that leave no gap. Where they overlap, the
// first to come wins: it is laid down last.
func (m *message) assemble() {
	if cap(m.body) < m.total {
		m.body = make([]byte, m.total)
	}
	m.body, m.whole = m.body[:m.total], true
	for i := len(m.pieces) - 1; i >= 0; i-- {
		p := m.pieces[i]
		copy(m.body[p.off:], m.stored[p.at:p.at+p.n])
	}
	m.pieces, m.stored = m.pieces[:0], m.stored[:0]
}
