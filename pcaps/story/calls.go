package story

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// callsAndChats: one evening of a person who uses everything: chats of all
// messengers, and a call with each. Nothing interferes.
func callsAndChats() *world {
	w := newWorld("2026-11-22T18:30:00Z", 15)
	w.Taps["client.pcapng"].Datagrams = 20
	w.Resolve(2*time.Second, "g.whatsapp.net", func(a netip.Addr) {
		synth.Dial(w.Path(a), 5222, synth.NoiseDirect(w.Sim, script.Chats...), 0)
	})
	w.Around(4*time.Second, w.WhatsAppCall)
	w.Direct(3*time.Second, site.TGChat, 443, 0, script.MTProtoTo(2, script.Chats...))
	w.Direct(5*time.Second, site.TGChatMedia, 443, 0, script.MTProtoTo(-4, synth.Turn{Ask: 140, Answer: 60_000}))
	w.Around(12*time.Second, w.TelegramCall)
	w.Open(15*time.Second, "chat.signal.org", script.Visit{Turns: script.Chats, Stay: true})
	w.Resolve(17*time.Second, "turn3.voip.signal.org", w.SignalCall)
	w.Open(22*time.Second, "api.oneme.ru", script.Visit{Turns: script.Chats, Plain: true, Stay: true})
	w.Open(25*time.Second, "videowebrtc.okcdn.ru", script.Visit{Turns: script.Chats[:2], Stay: true})
	w.Around(26*time.Second, w.MaxCall)
	w.Open(30*time.Second, "gateway.discord.gg", script.Visit{Turns: script.Chats, Stay: true})
	w.Open(31*time.Second, "rotterdam4271.discord.media", script.Visit{Turns: script.Chats[:2], Stay: true})
	w.Around(33*time.Second, w.DiscordCall)
	w.Resolve(38*time.Second, "stun.l.google.com", func(a netip.Addr) {
		t := w.Client.Socket().With(w.Path(a), 19302)
		t.Say(synth.WhatIsMyAddress(w.Sim, w.Outside(t)), nil)
	})
	w.Surf(1*time.Second, 40*time.Second, 14*time.Second)
	w.Run(46 * time.Second)
	return w
}
