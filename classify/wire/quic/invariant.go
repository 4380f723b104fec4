package quic

import "bytes"

// Invariant is what long headers of all versions have in common, known or not
// (RFC 8999 section 5.1). The ids point into the datagram.
type Invariant struct {
	Version    Version
	DCID, SCID []byte // at most 20 bytes each, as in all versions so far
}

// ParseInvariant reads the header at the start of a datagram, of which b may be
// the beginning only. Many things that are not QUIC look like that: see
// [Invariant.Answers].
func ParseInvariant(b []byte) (v Invariant, ok bool) {
	if len(b) == 0 || b[0]&longForm == 0 {
		return Invariant{}, false
	}
	in := octets(b[1:])
	version, ok := in.uint32()
	if !ok {
		return Invariant{}, false
	}
	v.Version = Version(version)
	for _, id := range [...]*[]byte{&v.DCID, &v.SCID} {
		part, ok := in.vec8()
		if !ok || len(part) > maxCID {
			return Invariant{}, false
		}
		*id = part
	}
	return v, true
}

// leastDCID is the length of the id that a client makes up for the server, and
// leastHello that of its first datagram, bytes (RFC 9000 sections 7.2 and 14.1; all
// versions so far keep to them).
const (
	leastDCID  = 8
	leastHello = 1200
)

// Opens reports whether v begins a connection as clients do: it serves where they
// have no id of their own, and the port is that of HTTP/3. size is that of the
// datagram.
func (v *Invariant) Opens(size int) bool {
	return v.Version != 0 && len(v.DCID) >= leastDCID && size >= leastHello
}

// Answers reports whether v is what a server sends back to a client's: addressed
// to the id the client chose for itself, with the same version, or with none to
// negotiate one (RFC 8999 section 6). Ids of less than 4 bytes prove nothing.
func (v *Invariant) Answers(client *Invariant) bool {
	if client.Version == 0 || v.Version != client.Version && v.Version != 0 {
		return false
	}
	return len(client.SCID) >= 4 && bytes.Equal(v.DCID, client.SCID)
}
