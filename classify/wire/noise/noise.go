package noise

import "chokepoint/classify/wire"

// Kind is what the start of a client's stream proves.
type Kind uint8

// The kinds, each stronger than the ones before.
const (
	None           Kind = iota
	Header              // 'W' 'A', version, dictionary: 24 bits
	HeaderFrame         // and a first frame of a plausible length: 40 bits or more
	EdgeRouting         // 'E' 'D' 0 1 and routing information of a plausible length: 50 bits
	EdgeThenHeader      // and the header behind it: 74 bits
)

// String returns the kind in lower-case words.
func (k Kind) String() string {
	switch k {
	case None:
		return "none"
	case Header:
		return "header"
	case HeaderFrame:
		return "header and frame"
	case EdgeRouting:
		return "edge routing"
	case EdgeThenHeader:
		return "edge routing and header"
	}
	return "invalid kind"
}

// Lengths, bytes. maxParam bounds version and dictionary: 5 and 6, 1 to 5 were
// seen. maxRouting: 2 and 4 are what nDPI matches.
const (
	headerLen  = 4
	edgeLen    = 4
	frameHead  = 3
	maxParam   = 0x0f
	maxRouting = 64
)

// Bounds of a client's first frame. 30..120 holds a ClientHello with an
// ephemeral key (whatsmeow: 36 or 37). One that resumes a session carries a static key
// and a payload too, and is believed when its protobuf lengths agree. FunXMPP's
// first frame starts a list, f8, and is shorter.
const (
	minHello  = 30
	maxHello  = 120
	maxResume = 4096
	minStream = 8
	listToken = 0xf8
	clientTag = 0x12 // HandshakeMessage.clientHello, field 2
	serverTag = 0x1a // HandshakeMessage.serverHello, field 3
	keyTag    = 0x0a // ephemeral, field 1
	keyLen    = 32
	staticTag = 0x12 // static, field 2: 32 bytes and a tag of 16
	staticLen = 48
)

// WhatsApp reads the start of a client's stream, of which wireLen bytes were on
// the wire. The kind is what the bytes at hand prove. On NeedMore later ones can
// make it stronger, or take it back: a header is followed by a frame, routing
// information by a header. Where capturing has cut the stream, so that wireLen is
// more than len(b), nothing is waited for.
func WhatsApp(b []byte, wireLen int) (Kind, wire.Status) {
	kind, st := start(b)
	if st == wire.NeedMore && wireLen > len(b) {
		if kind == None {
			return None, wire.Alien
		}
		return kind, wire.Done
	}
	return kind, st
}

func start(b []byte) (Kind, wire.Status) {
	if len(b) > 0 && b[0] == 'E' {
		return edge(b)
	}
	switch header(b) {
	case wire.Alien:
		return None, wire.Alien
	case wire.NeedMore:
		return None, wire.NeedMore
	}
	switch firstFrame(b[headerLen:]) {
	case wire.Alien:
		return None, wire.Alien
	case wire.NeedMore:
		return Header, wire.NeedMore
	}
	return HeaderFrame, wire.Done
}

// header reads 'W', 'A', version and dictionary.
func header(b []byte) wire.Status {
	const want = "WA"
	for i, c := range b[:min(len(b), headerLen)] {
		if i < len(want) && c != want[i] || i >= len(want) && c > maxParam {
			return wire.Alien
		}
	}
	if len(b) < headerLen {
		return wire.NeedMore
	}
	return wire.Done
}

// edge reads routing information and the header behind it.
func edge(b []byte) (Kind, wire.Status) {
	const want = "ED\x00\x01\x00\x00" // the length's upper bytes are always zero
	if n := min(len(b), len(want)); string(b[:n]) != want[:n] {
		return None, wire.Alien
	}
	if len(b) < edgeLen+frameHead {
		return None, wire.NeedMore
	}
	n := int(b[edgeLen+frameHead-1])
	if n < 1 || n > maxRouting {
		return None, wire.Alien
	}
	behind := edgeLen + frameHead + n
	if len(b) < behind {
		return EdgeRouting, wire.NeedMore
	}
	switch header(b[behind:]) {
	case wire.Alien:
		return None, wire.Alien
	case wire.NeedMore:
		return EdgeRouting, wire.NeedMore
	}
	return EdgeThenHeader, wire.Done
}

// firstFrame judges a client's first frame by its length, and by its first bytes
// where the length alone does not do.
func firstFrame(b []byte) wire.Status {
	if len(b) < frameHead {
		if len(b) > 0 && b[0] != 0 {
			return wire.Alien
		}
		return wire.NeedMore
	}
	n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	body := b[frameHead:]
	switch {
	case n >= minHello && n <= maxHello:
		return wire.Done
	case n < minStream || n > maxResume:
		return wire.Alien
	case len(body) == 0:
		return wire.NeedMore
	case n < minHello:
		if body[0] == listToken {
			return wire.Done
		}
		return wire.Alien
	}
	return nested(body, clientTag, n)
}

// nested reports whether a frame of n bytes is one protobuf field of the tag
// that holds a key first.
func nested(b []byte, tag byte, n int) wire.Status {
	if len(b) > 0 && b[0] != tag {
		return wire.Alien
	}
	if len(b) < 3 {
		return wire.NeedMore
	}
	inner, head := int(b[1]), 2
	if inner&0x80 != 0 {
		inner, head = inner&0x7f|int(b[2])<<7, 3
	}
	if head+inner != n {
		return wire.Alien
	}
	if len(b) < head+2 {
		return wire.NeedMore
	}
	if b[head] != keyTag || b[head+1] != keyLen {
		return wire.Alien
	}
	return wire.Done
}

// Server reports whether b is the start of the server's stream: one frame that
// holds a ServerHello, with an ephemeral and an encrypted static key. 56 bits are
// fixed.
func Server(b []byte) wire.Status {
	if len(b) > 0 && b[0] != 0 {
		return wire.Alien
	}
	if len(b) < frameHead {
		return wire.NeedMore
	}
	n := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	if n < keyLen+staticLen || n > maxResume {
		return wire.Alien
	}
	body := b[frameHead:]
	if st := nested(body, serverTag, n); st != wire.Done {
		return st
	}
	head := 2
	if body[1]&0x80 != 0 {
		head = 3
	}
	static := head + 2 + keyLen
	if len(body) < static+2 {
		return wire.NeedMore
	}
	if body[static] != staticTag || body[static+1] != staticLen {
		return wire.Alien
	}
	return wire.Done
}
