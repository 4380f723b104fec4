package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/wire/dtls"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
)

// utterance is what one datagram is in its conversation.
type utterance struct {
	ask   fact.Ask // it asks for something
	media bool     // it is neither STUN nor of a handshake
	check bool     // it is a check of ICE: who sent it is there
	keys  bool     // of a DTLS handshake; of a client only hellos
}

// utterance says what a datagram is by its first bytes (RFC 7983), which every one
// of a conversation shows.
func (t *Tracker) utterance(f *Flow, d fact.Dir, p *capture.Packet) utterance {
	b, a := p.Payload, t.appOf(f)
	switch {
	case len(b) == 0:
		return utterance{}
	case a == appQUIC:
		return utterance{ask: fact.AskQUIC}
	}
	if class, method, ok := stun.Kind(b); ok {
		return ofSTUN(b, class, method)
	}
	if u, ok := ofReflector(b, int(p.PayloadLen)); ok { // begins with any byte
		return u
	}
	switch rtp.Demux(b[0]) {
	case rtp.DTLS:
		return ofDTLS(b, d)
	case rtp.TURNChannel:
		if _, inner, ok := stun.ChannelHead(b, int(p.PayloadLen)); ok && a >= appSTUN {
			return ofInner(inner)
		}
	}
	return utterance{media: true}
}

// ofReflector says what a datagram of Telegram's relays is that carries no media.
func ofReflector(b []byte, size int) (utterance, bool) {
	switch mtproto.Reflector(b, size) {
	case mtproto.ReflectorNone:
		return utterance{}, false
	case mtproto.ReflectorReply:
		return utterance{}, true
	}
	return utterance{ask: fact.AskReflector}, true
}

// ofSTUN says what a STUN message is.
func ofSTUN(b []byte, class stun.Class, method stun.Method) utterance {
	switch {
	case class == stun.Private:
		if method == stun.WhatsAppPong {
			return utterance{}
		}
		return utterance{ask: fact.AskRelay}
	case class == stun.Indication && (method == stun.Send || method == stun.Data):
		if at, ok := stun.Carries(b, stun.AttrData); ok && at < len(b) {
			return ofInner(b[at:])
		}
		return utterance{}
	case class != stun.Request:
		return utterance{}
	case method == stun.GooglePing:
		return utterance{ask: fact.AskCheck, check: true}
	case method != stun.Binding:
		return utterance{ask: fact.AskRelay}
	}
	if _, ok := stun.Carries(b, stun.AttrUsername); ok {
		return utterance{ask: fact.AskCheck, check: true}
	}
	return utterance{ask: fact.AskBinding}
}

// ofInner says what a relay carries: what it asks for is asked of the peer.
func ofInner(b []byte) utterance {
	if len(b) == 0 {
		return utterance{}
	}
	if class, method, ok := stun.Kind(b); ok {
		w := ofSTUN(b, class, method)
		return utterance{check: w.check}
	}
	if rtp.Demux(b[0]) == rtp.DTLS {
		return ofDTLS(b, fact.Up)
	}
	return utterance{media: true}
}

// Of a client's hello: the handshake message's type (RFC 8446 section 4), and where
// it lies, behind the record header of DTLS (RFC 6347 section 4.1).
const (
	helloType   = 1
	helloTypeAt = 13
)

// ofDTLS says what a record of DTLS is.
func ofDTLS(b []byte, d fact.Dir) utterance {
	typ, _, _, ok := dtls.Record(b)
	switch {
	case !ok, typ == dtls.Encrypted: // which shows too little to tell it from media
		return utterance{media: true}
	case typ != dtls.Handshake || len(b) <= helloTypeAt:
		return utterance{}
	case b[helloTypeAt] == helloType:
		return utterance{ask: fact.AskDTLS, keys: true}
	}
	return utterance{keys: d == fact.Down}
}
