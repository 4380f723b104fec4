package ipsec

import "encoding/binary"

// L2TP's control messages (RFC 2661 section 3.1).
const (
	l2tpControl   = 0xc802 // type, length and sequence present; version 2
	l2tpHeader    = 12     // flags, length, tunnel, session, Ns, Nr
	l2tpFirst     = 8      // the Message Type AVP, always first (section 4.4.1)
	avpHeader     = 6      // flags and length, vendor, attribute (section 4.1)
	avpLength     = 0x03ff
	avpMandatory  = 0x8000
	avpReserved   = 0x3c00
	avpTunnelID   = 9 // Assigned Tunnel ID (section 4.4.3)
	l2tpRequest   = 1 // SCCRQ
	l2tpReply     = 2 // SCCRP
	maxAVPs       = 32
	l2tpFirstAVP  = avpMandatory | l2tpFirst
	l2tpMinLength = l2tpHeader + l2tpFirst
)

// L2TP reports whether a datagram of wireLen bytes, of which b was captured,
// asks for a control connection of L2TP: Start-Control-Connection-Request.
func L2TP(b []byte, wireLen int) bool {
	return l2tp(b, max(wireLen, len(b)), l2tpRequest) && binary.BigEndian.Uint16(b[4:]) == 0
}

// AnswersL2TP reports whether reply, a Start-Control-Connection-Reply, goes to
// the tunnel that request asks for. Both must have been captured whole.
func AnswersL2TP(request, reply []byte) bool {
	if !L2TP(request, len(request)) || !l2tp(reply, len(reply), l2tpReply) {
		return false
	}
	id := assignedTunnel(request)
	return id != 0 && binary.BigEndian.Uint16(reply[4:]) == id
}

// l2tp reports whether the n bytes that begin with b are the first control
// message of its sender, of the type given, outside any session.
func l2tp(b []byte, n int, typ uint16) bool {
	be := binary.BigEndian
	if len(b) < l2tpMinLength || be.Uint16(b) != l2tpControl || int(be.Uint16(b[2:])) != n {
		return false
	}
	session, sent, received := be.Uint16(b[6:]), be.Uint16(b[8:]), be.Uint16(b[10:])
	avp := b[l2tpHeader:]
	return session == 0 && sent == 0 && received == typ-1 && // a reply has received one
		be.Uint16(avp) == l2tpFirstAVP && be.Uint32(avp[2:]) == 0 && be.Uint16(avp[avpHeader:]) == typ
}

// assignedTunnel returns the tunnel id that the sender wants to be called by, 0
// when there is none.
func assignedTunnel(b []byte) uint16 {
	be := binary.BigEndian
	b = b[l2tpHeader:]
	for i := 0; i < maxAVPs && len(b) >= avpHeader; i++ {
		flags := be.Uint16(b)
		n := int(flags & avpLength)
		if n < avpHeader || n > len(b) || flags&avpReserved != 0 {
			return 0
		}
		if be.Uint32(b[2:]) == avpTunnelID && n == avpHeader+2 {
			return be.Uint16(b[avpHeader:])
		}
		b = b[n:]
	}
	return 0
}

// PPTP's start of a control connection (RFC 2637 sections 2.1 and 2.2).
const (
	pptpLength  = 156
	pptpControl = 1
	pptpCookie  = 0x1a2b3c4d
	pptpRequest = 1
	pptpReply   = 2
	pptpVersion = 0x0100
	pptpHead    = 14 // as far as the version
)

// PPTP reports whether a stream, of whose first segment wireLen bytes were sent
// and b was captured, begins with PPTP's Start-Control-Connection-Request.
func PPTP(b []byte, wireLen int) bool { return pptp(b, max(wireLen, len(b)), pptpRequest) }

// AnswersPPTP reports whether request and reply, the beginnings of a stream's two
// directions, are PPTP's Start-Control-Connection-Request and -Reply.
func AnswersPPTP(request, reply []byte) bool {
	return pptp(request, pptpLength, pptpRequest) && pptp(reply, pptpLength, pptpReply)
}

func pptp(b []byte, n int, typ uint16) bool {
	be := binary.BigEndian
	return len(b) >= pptpHead && n >= pptpLength && be.Uint16(b) == pptpLength && be.Uint16(b[2:]) == pptpControl &&
		be.Uint32(b[4:]) == pptpCookie && be.Uint16(b[8:]) == typ && be.Uint16(b[10:]) == 0 && be.Uint16(b[12:]) == pptpVersion
}
