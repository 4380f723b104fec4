package service

import "chokepoint/classify/wire/im"

func viberTCP(p *Payload, _ *magicRule) (string, bool) { return "", im.ViberTCP(p.Bytes, p.Len) }

func viberUDP(p *Payload, _ *magicRule) (string, bool) { return "", im.ViberUDP(p.Bytes, p.Len) }

// discordDiscovery is the question for one's own address, or its answer.
func discordDiscovery(p *Payload, _ *magicRule) (string, bool) {
	if p.Up {
		return "", im.DiscordDiscovery(p.Bytes, p.Len)
	}
	return "", im.DiscordDiscovered(p.Bytes, p.Len)
}

func discordKeepalive(p *Payload, _ *magicRule) (string, bool) {
	return "", im.DiscordKeepalive(p.Bytes, p.Len)
}

// lineCall is a datagram around a call, or media after the first of its
// direction.
func lineCall(p *Payload, _ *magicRule) (string, bool) {
	h := &p.First[way(p.Up)]
	return "", im.LineCall(p.Bytes, p.Len) || len(h.Bytes) > 0 && im.LineMedia(p.Bytes, p.Len, h.Bytes, h.Len)
}

func kakaoLOCO(p *Payload, _ *magicRule) (string, bool) { return "", im.KakaoLOCO(p.Bytes, p.Len) }

func mmtls(p *Payload, _ *magicRule) (string, bool) { return "", im.MMTLS(p.Bytes, p.Len) }

func qqOICQ(p *Payload, _ *magicRule) (string, bool) { return "", im.OICQ(p.Bytes, p.Len) }

func qqUDP(p *Payload, _ *magicRule) (string, bool) { return "", im.QQ(p.Bytes, p.Len) }

// threemaHello wants the lengths of a handshake, of which the client's second
// payload is the last.
func threemaHello(p *Payload, _ *magicRule) (string, bool) {
	if !p.Up || p.Nth != 2 {
		return "", false
	}
	up, down := [...]int{p.First[way(true)].Len, p.Len}, [...]int{p.First[way(false)].Len}
	return "", im.Threema(up[:], down[:])
}

func teamsMux(p *Payload, _ *magicRule) (string, bool) { return "", im.TeamsMux(p.Bytes, p.Len) }

func oscarFLAP(p *Payload, _ *magicRule) (string, bool) { return "", im.FLAPSignOn(p.Bytes, p.Len) }

func imoUDP(p *Payload, _ *magicRule) (string, bool) { return "", im.Imo(p.Bytes, p.Len) }

// zoomUDP is media, a connection between two clients, or the echo of what the
// other side began with.
func zoomUDP(p *Payload, _ *magicRule) (string, bool) {
	switch {
	case im.ZoomEcho(p.Bytes, p.First[way(!p.Up)].Bytes):
		return "echo", true
	case im.ZoomPeer(p.Bytes, p.Len):
		return "peer", true
	}
	return "media", im.ZoomMedia(p.Bytes, p.Len)
}
