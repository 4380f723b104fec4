package im_test

import (
	"strings"
	"testing"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/im"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/noise"
)

// sign is one function under test.
type sign struct {
	name  string
	app   string // words of capture names and nDPI labels, any of which will do
	fires func(p payload) bool
	must  string // a capture in which it must match, if the corpora have one
	// wrong is how many flows of others were matched when measured, as stated at
	// the function; none for a strong sign.
	wrong int
}

func tcp(f func(b []byte, n int) bool) func(payload) bool {
	return func(p payload) bool { return p.tcp && f(p.b, p.wire) }
}

func udp(f func(b []byte, n int) bool) func(payload) bool {
	return func(p payload) bool { return !p.tcp && f(p.b, p.wire) }
}

func whatsapp(want noise.Kind) func(payload) bool {
	return tcp(func(b []byte, n int) bool { k, _ := noise.WhatsApp(b, n); return k == want })
}

func reflector(want mtproto.ReflectorKind) func(payload) bool {
	return udp(func(b []byte, n int) bool { return mtproto.Reflector(b, n) == want })
}

var signs = []sign{
	{name: "mtproto.Obfuscated", app: "telegram", fires: tcp(func(b []byte, _ int) bool {
		_, st := mtproto.Obfuscated(b)
		return st == wire.Done
	})},
	{name: "mtproto.Obfuscated Random", app: "telegram", wrong: 107, fires: func(p payload) bool {
		in, _ := mtproto.Obfuscated(p.b)
		return p.tcp && len(p.ours) == 1 && in.Random
	}},
	{name: "mtproto.Unencrypted", app: "telegram", fires: tcp(func(b []byte, _ int) bool {
		_, st := mtproto.Unencrypted(b, 0)
		return st == wire.Done
	})},
	{name: "mtproto.Abridged", app: "telegram", fires: tcp(mtproto.Abridged)},
	{name: "mtproto.Intermediate", app: "telegram", fires: tcp(mtproto.Intermediate)},
	{name: "mtproto.Padded", app: "telegram", fires: tcp(mtproto.Padded)},
	{name: "mtproto.Full", app: "telegram", fires: tcp(mtproto.Full)},
	{name: "mtproto.Reflector Ping", app: "telegram", must: "telegram_voice", fires: reflector(mtproto.ReflectorPing)},
	{name: "mtproto.Reflector Reply", app: "telegram", must: "telegram", fires: reflector(mtproto.ReflectorReply)},
	{name: "mtproto.Reflector Legacy", app: "telegram", must: "telegram.pcap", fires: reflector(mtproto.ReflectorLegacy)},
	{name: "mtproto.Reflector Special", app: "telegram", fires: reflector(mtproto.ReflectorSpecial)},
	{name: "mtproto.ReflectorData", app: "telegram", must: "telegram_voice", fires: func(p payload) bool {
		return !p.tcp && mtproto.ReflectorData(p.b, p.wire, p.first.b)
	}},
	{name: "noise.WhatsApp Header", app: "whatsapp wa_", fires: whatsapp(noise.Header)},
	{name: "noise.WhatsApp HeaderFrame", app: "whatsapp wa_", must: "whatsapp_login", fires: whatsapp(noise.HeaderFrame)},
	{name: "noise.WhatsApp EdgeRouting", app: "whatsapp wa_", fires: whatsapp(noise.EdgeRouting)},
	{name: "noise.WhatsApp EdgeThenHeader", app: "whatsapp wa_", fires: whatsapp(noise.EdgeThenHeader)},
	{name: "noise.Server", app: "whatsapp wa_", fires: tcp(func(b []byte, _ int) bool { return noise.Server(b) == wire.Done })},
	{name: "im.ViberTCP", app: "viber", fires: tcp(im.ViberTCP)},
	{name: "im.ViberUDP", app: "viber", must: "viber", wrong: 1, fires: udp(im.ViberUDP)},
	{name: "im.DiscordDiscovery", app: "discord", must: "discord", fires: udp(im.DiscordDiscovery)},
	{name: "im.DiscordDiscovered", app: "discord", must: "discord", fires: udp(im.DiscordDiscovered)},
	{name: "im.DiscordKeepalive", app: "discord", must: "discord", fires: udp(im.DiscordKeepalive)},
	{name: "im.LineCall", app: "line.pcap linecall", must: "line.pcap", fires: udp(im.LineCall)},
	{name: "im.LineMedia", app: "line.pcap linecall", must: "line.pcap", fires: func(p payload) bool {
		return !p.tcp && im.LineMedia(p.b, p.wire, p.prev.b, p.prev.wire)
	}},
	{name: "im.KakaoLOCO", app: "kakao", must: "KakaoTalk_chat", fires: tcp(im.KakaoLOCO)},
	{name: "im.MMTLS", app: "wechat", fires: tcp(im.MMTLS)},
	{name: "im.OICQ", app: "qq oicq", fires: udp(im.OICQ)},
	{name: "im.QQ", app: "qq", fires: udp(im.QQ)},
	{name: "im.Threema", app: "threema", must: "threema", fires: func(p payload) bool {
		return p.tcp && len(p.ours) == 2 && im.Threema(p.ours, p.them)
	}},
	{name: "im.TeamsMux", app: "teams skype", must: "teams", fires: udp(im.TeamsMux)},
	{name: "im.FLAPSignOn", app: "aim icq oscar", fires: tcp(im.FLAPSignOn)},
	{name: "im.ZoomEcho", app: "zoom", must: "zoom.pcap", fires: func(p payload) bool { return !p.tcp && im.ZoomEcho(p.b, p.opposite.b) }},
	{name: "im.ZoomPeer", app: "zoom", fires: udp(im.ZoomPeer)},
	{name: "im.ZoomMedia", app: "zoom", fires: udp(im.ZoomMedia)},
	{name: "im.Imo", app: "imo", fires: udp(im.Imo)},
}

// own reports whether a flow is the application's, by the name of its capture or
// by nDPI's payload inspection.
func (s sign) own(w where, label string) bool {
	for _, word := range strings.Fields(s.app) {
		if strings.Contains(strings.ToLower(w.capture), word) || strings.Contains(label, word) {
			return true
		}
	}
	return false
}

func TestSignsInForeignCaptures(t *testing.T) {
	label := labels(t)
	found := make([]hits, len(signs))
	files, payloads := walk(t, func(w where, p payload) {
		for i, s := range signs {
			if s.fires(p) {
				found[i].add(w, s.own(w, label[w]), label[w])
			}
		}
	})
	t.Logf("%d captures with payloads, %d payloads", files, payloads)
	for i, s := range signs {
		h := &found[i]
		t.Logf("%s: %s; %d flows of others", s.name, h.summary(), len(h.foreign))
		if len(h.foreign) > s.wrong {
			t.Errorf("%s matches %d flows of other applications, at most %d are known", s.name, len(h.foreign), s.wrong)
		}
		for j, w := range h.strangers() {
			if j < 12 {
				t.Logf("    %s", w)
			}
		}
		if s.must != "" && !strings.Contains(h.summary(), s.must) {
			t.Errorf("%s matches nothing in %s", s.name, s.must)
		}
	}
}
