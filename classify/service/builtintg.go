package service

import (
	"strconv"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/noise"
)

func waNoise(p *Payload, _ *magicRule) (string, bool) {
	k, _ := noise.WhatsApp(p.Bytes, p.Len)
	return "", k == noise.Header || k == noise.HeaderFrame
}

// waNoiseFrame wants the first frame of either side: behind the header, or in a
// segment of its own after it, or the server's hello.
func waNoiseFrame(p *Payload, _ *magicRule) (string, bool) {
	if !p.Up {
		return "", p.Nth == 1 && noise.Server(p.Bytes) == wire.Done
	}
	if p.Nth == 1 {
		k, _ := noise.WhatsApp(p.Bytes, p.Len)
		return "", k == noise.HeaderFrame
	}
	h := &p.First[way(true)]
	if p.Nth != 2 || h.Len != len(h.Bytes) {
		return "", false
	}
	if k, _ := noise.WhatsApp(h.Bytes, h.Len); k != noise.Header {
		return "", false
	}
	var buf [4 * HeadBytes]byte
	n := copy(buf[:], h.Bytes)
	n += copy(buf[n:], p.Bytes)
	k, _ := noise.WhatsApp(buf[:n], h.Len+p.Len)
	return "", k == noise.HeaderFrame
}

func waEdge(p *Payload, _ *magicRule) (string, bool) {
	k, _ := noise.WhatsApp(p.Bytes, p.Len)
	return "", k == noise.EdgeRouting || k == noise.EdgeThenHeader
}

func waEdgeNoise(p *Payload, _ *magicRule) (string, bool) {
	k, _ := noise.WhatsApp(p.Bytes, p.Len)
	return "", k == noise.EdgeThenHeader
}

// mayHide passes what is long enough for the start of an obfuscated stream and no
// record of TLS, as most streams begin.
func mayHide(b []byte) bool {
	return len(b) >= mtproto.InitLen && !(b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3)
}

// fileDC holds files and nothing else, whatever the sign of its number (tdesktop,
// TDLib).
const fileDC = 203

// mtprotoObfuscated tells the data centre that the start names, and that the
// connection is for media: "dc4", "dc2 media". Test servers are no place of the
// service.
func mtprotoObfuscated(p *Payload, _ *magicRule) (string, bool) {
	in, st := mtproto.Obfuscated(p.Bytes)
	if st != wire.Done || in.DC == 0 || in.Test {
		return "", st == wire.Done
	}
	place := "dc" + strconv.Itoa(int(in.DC))
	if in.Media || in.DC == fileDC {
		place += " media"
	}
	return place, true
}

// mtprotoRandom is a start that looks like noise and does not decrypt: a secret
// of a proxy is in it, or it is something else.
func mtprotoRandom(p *Payload, _ *magicRule) (string, bool) {
	in, st := mtproto.Obfuscated(p.Bytes)
	return "", st == wire.Alien && in.Random
}

func mtprotoAbridged(p *Payload, _ *magicRule) (string, bool) {
	return "", mtproto.Abridged(p.Bytes, p.Len)
}

func mtprotoIntermediate(p *Payload, _ *magicRule) (string, bool) {
	return "", mtproto.Intermediate(p.Bytes, p.Len)
}

func mtprotoPadded(p *Payload, _ *magicRule) (string, bool) {
	return "", mtproto.Padded(p.Bytes, p.Len)
}

func mtprotoFull(p *Payload, _ *magicRule) (string, bool) {
	return "", mtproto.Full(p.Bytes, p.Len)
}

// plainZero is the offset of a byte that is zero in an unencrypted message
// whatever the transport: its 8 zeros begin at 1 at the earliest and at 8 at the
// latest.
const plainZero = 8

func mtprotoPlain(p *Payload, _ *magicRule) (string, bool) {
	if len(p.Bytes) <= plainZero || p.Bytes[plainZero] != 0 {
		return "", false
	}
	h, st := mtproto.Unencrypted(p.Bytes, 0)
	if st != wire.Done || h.Server == p.Up {
		return "", false
	}
	return h.Transport.String(), true
}

// reflectorPing is the hello to a relay of calls, or the relay's answer to it.
func reflectorPing(p *Payload, _ *magicRule) (string, bool) {
	if !reflectorMark(p) {
		return "", false
	}
	switch k := mtproto.Reflector(p.Bytes, p.Len); k {
	case mtproto.ReflectorPing, mtproto.ReflectorReply, mtproto.ReflectorLegacy:
		return k.String(), true
	}
	return "", false
}

func reflectorSpecial(p *Payload, _ *magicRule) (string, bool) {
	return "", reflectorMark(p) && mtproto.Reflector(p.Bytes, p.Len) == mtproto.ReflectorSpecial
}

// reflectorMark looks at one byte of the mark before all is looked at.
func reflectorMark(p *Payload) bool {
	const at = 16
	return len(p.Bytes) > at && p.Bytes[at] == 0xff
}

func reflectorData(p *Payload, _ *magicRule) (string, bool) {
	for i := range p.First {
		if mtproto.ReflectorData(p.Bytes, p.Len, p.First[i].Bytes) {
			return "", true
		}
	}
	return "", false
}
