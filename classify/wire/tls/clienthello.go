package tls

// ClientHello is the first message of a TLS client. The zero value is ready;
// one value may be used for any number of streams and reuses its slices, so
// whatever is to outlive the next Parse must be cloned. Lists are in wire order
// and keep GREASE values (RFC 8701). All strings are foreign text.
type ClientHello struct {
	SNI     string   // server name, lower case, no trailing dot; empty when absent or not a host name
	SNIRaw  string   // server name as sent
	BadSNI  bool     // SNIRaw is there but is no host name (address literal, control bytes, over-long)
	ALPN    []string // protocol names as sent
	Random  [32]byte
	Version uint16 // newest version offered, GREASE left out

	RecordVersion  uint16 // of the first record
	LegacyVersion  uint16
	Versions       []uint16 // supported_versions
	SessionIDLen   int      // bytes, at most 32 when conforming
	CipherSuites   []uint16
	Extensions     []uint16
	Groups         []uint16 // supported_groups
	SigAlgs        []uint16
	KeyShareGroups []uint16
	PointFormats   []uint8 // ec_point_formats (RFC 8422 section 5.1.2)

	ECH           ECH
	ECHConfigID   uint8 // valid with ECHOuter and ECHPayloadLen > 0; 0 in drafts -08 and -09, where it is long
	ECHEncLen     int   // encapsulated key, bytes: 32 for X25519; 0 after a HelloRetryRequest
	ECHPayloadLen int   // the encrypted hello with its tag, bytes

	OddECH      bool // extension 0xfe02, see extOddECH
	SRTP        bool // use_srtp: keys for a call's media are agreed on (RFC 5764)
	GREASE      bool // a GREASE cipher, extension, group or version is present
	PostQuantum bool // a post-quantum group is supported or shared
	PSK         bool // pre_shared_key: the session is resumed
	EarlyData   bool // 0-RTT data follows
	SSLv2       bool // sent in the SSLv2 compatible form, which has no extensions
	DTLS        bool // read by ParseDTLSMessage
	Partial     bool // filled by ParsePartial from a hello that was cut short
	BadExts     bool // an extension did not parse or bytes followed the last one

	CookieLen int // of the cookie a DTLS server asked for before, bytes (RFC 6347 section 4.2.1)
	Length    int // of the handshake message body, bytes
	Records   int // records it was sent in, also partly

	whole bool // the message was read to its end

	last string // server name of the stream before: the same again costs no allocation
	buf  []byte // the message when several records hold it
	want int
}

// Want returns how many more stream bytes are known to be needed after a Parse
// that returned NeedMore: at least 1, often the exact number. Callers must not
// try with fewer: every call starts over, and a hello in 10 000 records of one
// byte takes 50 calls when they wait, 64 000 when they do not.
func (h *ClientHello) Want() int { return h.want }

// Parse reads the ClientHello at the start of stream, the first bytes of the
// client's direction, and returns how many stream bytes it took. NotTLS: they
// are no handshake, or another message. Malformed: the record layer or the
// message breaks the rules, or is longer than MaxHello; what was readable
// before the fault is filled in. On NeedMore and NotTLS h is empty.
func (h *ClientHello) Parse(stream []byte) (Status, int) {
	h.reset()
	if len(stream) > 0 && stream[0]&0x80 != 0 {
		return h.parseSSLv2(stream)
	}
	w := walker{b: stream}
	msg, st := h.locate(&w)
	h.want = w.want
	if st != Done {
		return st, 0
	}
	h.framing(&w, len(msg)-messageHeader)
	if !h.body(octets(msg[messageHeader:])) {
		return Malformed, 0
	}
	return Done, w.off
}

// ParseMessage reads a ClientHello handshake message that comes without
// records, as in QUIC CRYPTO frames (RFC 9001 section 4). Results are as for
// Parse; Records and RecordVersion stay 0.
func (h *ClientHello) ParseMessage(b []byte) (Status, int) {
	h.reset()
	switch {
	case len(b) > 0 && b[0] != msgClientHello:
		return NotTLS, 0
	case len(b) < messageHeader:
		h.want = messageHeader - len(b)
		return NeedMore, 0
	}
	n := messageHeader + uint24(b[1:])
	switch {
	case n > MaxHello:
		return Malformed, 0
	case len(b) < n:
		h.want = n - len(b)
		return NeedMore, 0
	}
	h.Length = n - messageHeader
	if !h.body(octets(b[messageHeader:n])) {
		return Malformed, 0
	}
	return Done, n
}

// ParseDTLSMessage reads the body of a DTLS ClientHello, which has a cookie
// after the session id (RFC 6347 section 4.2.1, RFC 9147 section 5.3): put
// together from its fragments and without their headers. NotTLS: the version is
// none of DTLS, and h is empty. Malformed: the body ends early or contradicts
// itself. It never needs more.
func (h *ClientHello) ParseDTLSMessage(body []byte) Status {
	h.reset()
	switch {
	case len(body) > MaxHello || len(body) < 2:
		return Malformed
	case !isDTLS(uint16(body[0])<<8 | uint16(body[1])):
		return NotTLS
	}
	h.DTLS, h.Length = true, len(body)
	if !h.body(octets(body)) {
		return Malformed
	}
	return Done
}

// ParsePartial reads as much as there is of a hello for which Parse returned
// NeedMore, or Malformed for its records, and reports whether at least its version and random were there.
// It serves flows whose second segment never came: the server name may well be
// in the first. Length is what the message header claims.
func (h *ClientHello) ParsePartial(stream []byte) bool {
	h.reset()
	w := walker{b: stream}
	msg, st := h.locate(&w)
	if st == Done || len(msg) < messageHeader+fixedPart {
		return false
	}
	h.framing(&w, uint24(msg[1:]))
	h.Partial = true
	h.body(octets(msg[messageHeader:]))
	return true
}

// locate finds the message, or on NeedMore the part of it that is there.
func (h *ClientHello) locate(w *walker) ([]byte, Status) {
	typ, st := w.open()
	if st == Malformed || st == Done && typ != typeHandshake {
		return nil, NotTLS
	}
	if st != Done {
		return nil, st
	}
	if w.left > 0 && w.off < len(w.b) && w.b[w.off] != msgClientHello {
		return nil, NotTLS
	}
	msg, st := w.message(&h.buf)
	if len(msg) > 0 && msg[0] != msgClientHello {
		return nil, NotTLS // the first record was empty
	}
	return msg, st
}

// framing notes how the message was cut up.
func (h *ClientHello) framing(w *walker, length int) {
	h.RecordVersion = uint16(w.b[1])<<8 | uint16(w.b[2])
	h.Records, h.Length = w.records, length
}

// reset forgets the last hello but keeps the memory.
func (h *ClientHello) reset() {
	if h.SNIRaw != "" {
		h.last = h.SNIRaw
	}
	*h = ClientHello{
		ALPN: h.ALPN[:0], Versions: h.Versions[:0], CipherSuites: h.CipherSuites[:0],
		Extensions: h.Extensions[:0], Groups: h.Groups[:0], SigAlgs: h.SigAlgs[:0],
		KeyShareGroups: h.KeyShareGroups[:0], PointFormats: h.PointFormats[:0],
		last: h.last, buf: h.buf,
	}
}
