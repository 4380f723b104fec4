package service

import (
	"net/netip"

	"chokepoint/classify/wire/stun"
)

// HeadBytes is how much of the first payload of a direction is remembered for
// what follows to be compared with.
const HeadBytes = 64

// Head is the beginning of the first payload of a direction. The zero value:
// none was seen.
type Head struct {
	Len   int    // of the payload on the wire, bytes
	Bytes []byte // at most HeadBytes
}

// Payload is one payload that may show by itself what is spoken: a datagram, or
// the first bytes of one direction of a stream.
type Payload struct {
	Proto  uint8      // IP protocol
	Up     bool       // from client to server
	Nth    int        // of the payloads of its direction, from 1
	Server netip.Addr // where the flow goes
	Port   uint16     // and the server's port
	Bytes  []byte     // as captured
	Len    int        // on the wire, bytes; more than len(Bytes) where the capture cut it
	First  [2]Head    // the first payload up and down, when they were before this one
	STUN   *stun.Message
}

// Sign is a rule for payload that held.
type Sign struct {
	Rule  string // id of the magic rule
	Value string // what it was about beyond the rule, such as a realm; foreign text
}

// Arranged is what another flow of the same client says of this one: a TURN
// relay or a peer it was told of, or signalling (precedence 8 and 6).
type Arranged struct {
	Service  string // "" if only the family is known
	Family   string
	Function string
	By       string // "relay", "peer", "socket", "session"
	Flow     string // id of the flow that arranged it
}
