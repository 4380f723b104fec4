package story

import (
	"net/netip"
	"time"

	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// talking is how long people speak on each leg: their words cost the most bytes.
const talking = 2600 * time.Millisecond

// opus is the payload type calls agree on, one of those left to them (RFC 3551
// section 3).
const opus = 111

// callsAndChats: one evening of a person who uses everything: chats of all
// messengers, and a call with each. Nothing interferes.
func callsAndChats() *world {
	w := newWorld("2026-11-22T18:30:00Z", 15)
	w.taps["client.pcapng"].Datagrams = 20
	w.resolve(2*time.Second, "g.whatsapp.net", func(a netip.Addr) {
		synth.Dial(w.path(a), 5222, synth.NoiseDirect(w.Sim, chats...), 0)
	})
	w.around(4*time.Second, w.whatsappCall)
	w.direct(3*time.Second, site.TGChat, 443, 0, mtprotoTo(2, chats...))
	w.direct(5*time.Second, site.TGChatMedia, 443, 0, mtprotoTo(-4, synth.Turn{Ask: 140, Answer: 60_000}))
	w.around(12*time.Second, w.telegramCall)
	w.open(15*time.Second, "chat.signal.org", visit{turns: chats, stay: true})
	w.resolve(17*time.Second, "turn3.voip.signal.org", w.signalCall)
	w.open(22*time.Second, "api.oneme.ru", visit{turns: chats, plain: true, stay: true})
	w.open(25*time.Second, "videowebrtc.okcdn.ru", visit{turns: chats[:2], stay: true})
	w.around(26*time.Second, w.maxCall)
	w.open(30*time.Second, "gateway.discord.gg", visit{turns: chats, stay: true})
	w.open(31*time.Second, "rotterdam4271.discord.media", visit{turns: chats[:2], stay: true})
	w.around(33*time.Second, w.discordCall)
	w.resolve(38*time.Second, "stun.l.google.com", func(a netip.Addr) {
		t := w.client.Socket().With(w.path(a), 19302)
		t.Say(synth.WhatIsMyAddress(w.Sim, w.outside(t)), nil)
	})
	w.surf(1*time.Second, 40*time.Second, 14*time.Second)
	w.Run(46 * time.Second)
	return w
}

func mtprotoTo(dc int16, turns ...synth.Turn) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script { return synth.MTProtoTo(s, dc, turns...) }
}

// udp is a talk of a new socket with a server.
func (w *world) udp(addr string, port uint16) *synth.Talk {
	return w.client.Socket().With(w.path(netip.MustParseAddr(addr)), port)
}

// outside is a talk's client as its server sees it, behind the translation.
func (w *world) outside(t *synth.Talk) netip.AddrPort {
	return netip.AddrPortFrom(publicAddr, t.Client().Port())
}

func (w *world) voices() (up, down func() []byte) {
	return synth.Voice(w.Sim, opus), synth.Voice(w.Sim, opus)
}

// whatsappCall begins through a relay and goes on between the two homes, from
// the same socket.
func (w *world) whatsappCall() {
	socket := w.client.Socket()
	relay := socket.With(w.path(netip.MustParseAddr(site.WARelay)), 3478)
	home := socket.With(w.path(netip.MustParseAddr(site.CalleeHome)), 50342)
	up, down := w.voices()
	callee := netip.MustParseAddrPort(site.CalleeHome + ":50342")
	relay.Say(synth.WhatsAppRelay(w.Sim, w.outside(relay)), func() {
		relay.Both(talking, up, down)
		w.After(talking, func() {
			checks := append(synth.Check(w.Sim, synth.Up, w.outside(relay), false), synth.Check(w.Sim, synth.Down, callee, false)...)
			home.Say(append(checks, synth.Check(w.Sim, synth.Up, w.outside(relay), true)...), func() { home.Both(talking, up, down) })
		})
	})
}

func (w *world) telegramCall() {
	r := synth.NewReflector(w.Sim)
	t := w.udp(site.TGReflector, 599)
	up, down := w.voices()
	t.Say(r.Hello(w.Sim, w.outside(t)), func() { t.Both(talking, r.Wrap(w.Sim, up), r.Wrap(w.Sim, down)) })
}

// turn calls through a TURN server.
func (w *world) turn(t *synth.Talk, relay synth.Relay) {
	relay.Seen, relay.Channel = w.outside(t), 0x4001
	up, down := w.voices()
	t.Say(relay.TURN(w.Sim), func() { t.Both(talking, relay.Wrap(up), relay.Wrap(down)) })
}

func (w *world) signalCall(a netip.Addr) {
	w.turn(w.client.Socket().With(w.path(a), 3478), synth.Relay{Realm: "voip.signal.org",
		Relayed: netip.AddrPortFrom(a, 51824), Callee: netip.MustParseAddrPort(site.CalleeHome + ":50411")})
}

func (w *world) maxCall() {
	w.turn(w.udp(site.VKRelay, 19302), synth.Relay{Realm: "turn",
		Relayed: netip.MustParseAddrPort(site.VKRelay + ":31877"), Callee: netip.MustParseAddrPort(site.CalleeHome + ":50502")})
}

func (w *world) discordCall() {
	t := w.udp(site.DiscordVoice, 50012)
	up, down := w.voices()
	lines := append(synth.DiscordDiscovery(w.Sim, w.outside(t)), synth.DiscordKeepalive(1)...)
	t.Say(lines, func() { t.Both(talking, up, down) })
}
