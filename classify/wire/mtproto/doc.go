// Package mtproto recognises Telegram's own protocols by their first bytes: the
// obfuscated start of a stream ([Obfuscated]), the plain transports ([Abridged],
// [Intermediate], [Padded], [Full]), the unencrypted messages of the key
// exchange ([Unencrypted]), and the relays of calls ([Reflector],
// [ReflectorData]).
//
// Sources: core.telegram.org/mtproto/mtproto-transports, .../mtproto/description
// and .../mtproto/auth_key for the streams; tgcalls v2/ReflectorPort.cpp and
// libtgvoip for the relays. Streams inside fake TLS or WebSockets cannot be seen.
package mtproto

// Transport is how messages are cut out of a stream.
type Transport uint8

// The transports of core.telegram.org/mtproto/mtproto-transports.
const (
	NoTransport           Transport = iota
	TransportAbridged               // length in quarters, one byte or 7f and three
	TransportIntermediate           // length u32 little-endian
	TransportPadded                 // the same, and up to 15 random bytes after a message
	TransportFull                   // length, sequence number, CRC-32
)

// String returns the transport's documented name in lower case.
func (t Transport) String() string {
	switch t {
	case NoTransport:
		return "none"
	case TransportAbridged:
		return "abridged"
	case TransportIntermediate:
		return "intermediate"
	case TransportPadded:
		return "padded intermediate"
	case TransportFull:
		return "full"
	}
	return "invalid transport"
}
