package service

import (
	"bytes"

	"chokepoint/classify/wire/ipsec"
	"chokepoint/classify/wire/openvpn"
	"chokepoint/classify/wire/wireguard"
)

func wgInitiation(p *Payload, _ *magicRule) (string, bool) {
	return "", wireguard.Kind(p.Bytes, p.Len) == wireguard.Initiation
}

func wgResponse(p *Payload, _ *magicRule) (string, bool) {
	return "", wireguard.Kind(p.Bytes, p.Len) == wireguard.Response && answersInitiation(p)
}

func wgCookie(p *Payload, _ *magicRule) (string, bool) {
	return "", wireguard.Kind(p.Bytes, p.Len) == wireguard.Cookie && answersInitiation(p)
}

// answersInitiation reports whether a payload names the index that the other
// side began with: one datagram alone proves nothing, tools send such decoys.
func answersInitiation(p *Payload) bool {
	h := &p.First[way(!p.Up)]
	return firstIs(h, wireguard.Initiation) && wireguard.Answers(h.Bytes, p.Bytes)
}

// wgData wants data of a session that was seen before: with a greater counter, or
// under the index with which the other side began.
func wgData(p *Payload, _ *magicRule) (string, bool) {
	if wireguard.Kind(p.Bytes, p.Len) != wireguard.Data {
		return "", false
	}
	if h := &p.First[way(p.Up)]; firstIs(h, wireguard.Data) {
		return "", wireguard.SameSession(h.Bytes, p.Bytes)
	}
	h := &p.First[way(!p.Up)]
	began := firstIs(h, wireguard.Initiation) || firstIs(h, wireguard.Response)
	return "", began && bytes.Equal(h.Bytes[4:8], p.Bytes[4:8])
}

// firstIs reports of which type the first payload of a direction is. Of it, no
// more was kept than the fields in the clear.
func firstIs(h *Head, t wireguard.Type) bool { return wireguard.Kind(h.Bytes, h.Len) == t }

// Sizes of WireGuard's messages by type; data is padded to 16 bytes.
const (
	wgInitiationLen = 148
	wgResponseLen   = 92
	wgCookieLen     = 64
	wgDataMin       = 32
)

// warp is WireGuard with the types Cloudflare's client puts in their place, c1 to
// c4 (nDPI). Without an address of Cloudflare's it is no evidence: QUIC begins
// like that.
func warp(p *Payload, _ *magicRule) (string, bool) {
	switch p.Bytes[0] {
	case 0xc1:
		return "initiation", p.Len == wgInitiationLen
	case 0xc2:
		return "response", p.Len == wgResponseLen
	case 0xc3:
		return "cookie", p.Len == wgCookieLen
	}
	return "data", p.Len >= wgDataMin && p.Len%16 == 0
}

func ovpnReset(p *Payload, _ *magicRule) (string, bool) {
	side, ok := openvpn.Reset(p.Bytes, p.Len)
	return "", ok && side == openvpn.Client
}

// ovpnAnswer wants a server's reset that belongs to the client's. Of a client's
// that is longer than what is kept of it, the session id must be named.
func ovpnAnswer(p *Payload, _ *magicRule) (string, bool) {
	h := &p.First[way(!p.Up)]
	side, ok := openvpn.Reset(p.Bytes, p.Len)
	if !ok || side != openvpn.Server || len(h.Bytes) == 0 {
		return "", false
	}
	if h.Len == len(h.Bytes) {
		bond := openvpn.Pair(h.Bytes, p.Bytes)
		return bond.String(), bond != openvpn.Unrelated
	}
	return openvpn.Acked.String(), ovpnNames(p.Bytes, h.Bytes)
}

// ovpnNames reports whether a server's reset names the session id of a client's:
// 8 bytes after the opcode.
func ovpnNames(server, client []byte) bool {
	const id, end = 1, 9
	return len(client) >= end && len(server) > end && bytes.Contains(server[end:], client[id:end])
}

// ovpnTCP wants the client's reset at the start of a stream, or the server's if
// it belongs to it.
func ovpnTCP(p *Payload, _ *magicRule) (string, bool) {
	side, ok := openvpn.TCP(p.Bytes, p.Len)
	switch {
	case !ok:
		return "", false
	case p.Up:
		return side.String(), side == openvpn.Client
	case side != openvpn.Server:
		return "", false
	}
	client, ok := openvpn.Packet(p.First[way(true)].Bytes)
	server, whole := openvpn.Packet(p.Bytes)
	return side.String(), ok && whole && openvpn.Pair(client, server) != openvpn.Unrelated
}

func l2tp(p *Payload, _ *magicRule) (string, bool) { return "", ipsec.L2TP(p.Bytes, p.Len) }

func pptp(p *Payload, _ *magicRule) (string, bool) { return "", ipsec.PPTP(p.Bytes, p.Len) }

// ikeRequest is a message of IKE to the server; its first one usually.
func ikeRequest(p *Payload, _ *magicRule) (string, bool) {
	m, ok := ipsec.Parse(p.Bytes, p.Len)
	return ikeVersion(&m), ok && m.Flags&ipsec.FlagResponse == 0
}

// ikeAnswer wants a message that belongs to the other side's first: one datagram
// alone may be a decoy.
func ikeAnswer(p *Payload, _ *magicRule) (string, bool) {
	h := &p.First[way(!p.Up)]
	req, ok := ipsec.Parse(h.Bytes, h.Len)
	if !ok {
		return "", false
	}
	m, ok := ipsec.Parse(p.Bytes, p.Len)
	return ikeVersion(&m), ok && ikeAnswers(&req, &m)
}

// ikeAnswers compares headers, of which there is enough where all of the request
// was not kept (RFC 7296 section 2.2 and 2.6, RFC 2408 section 2.5.3).
func ikeAnswers(req, m *ipsec.Message) bool {
	if m.Initiator != req.Initiator || m.Version != req.Version || m.Exchange != req.Exchange || m.Responder == 0 && m.Version == 1 {
		return false
	}
	if m.Version == 1 {
		return req.Responder == 0 || req.Responder == m.Responder
	}
	return m.ID == req.ID && m.Flags&ipsec.FlagResponse != 0 && req.Flags&ipsec.FlagResponse == 0
}

func ikeVersion(m *ipsec.Message) string {
	if m.Version == 1 {
		return "v1"
	}
	return "v2"
}

// espUDP wants a packet of the association that the direction began with.
func espUDP(p *Payload, _ *magicRule) (string, bool) {
	h := &p.First[way(p.Up)]
	_, _, began := ipsec.ESP(h.Bytes, h.Len)
	_, _, ok := ipsec.ESP(p.Bytes, p.Len)
	return "", began && ok && ipsec.SameESP(h.Bytes, p.Bytes)
}

// tsDisco is a message by which Tailscale's nodes find paths: a magic, the
// sender's key and a nonce (tailscale disco).
func tsDisco(p *Payload, _ *magicRule) (string, bool) {
	const magic, least = "TS\xf0\x9f\x92\xac", 6 + 32 + 24
	return "", p.Len >= least && bytes.HasPrefix(p.Bytes, []byte(magic))
}
