package script

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

// UDP is a talk of a new socket with a server.
func (w *World) UDP(addr string, port uint16) *synth.Talk {
	return w.Client.Socket().With(w.Path(w.Addr(addr)), port)
}

func (w *World) at(addr string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(w.Addr(addr), port)
}

// Outside is a talk's client as its server sees it, behind the translation.
func (w *World) Outside(t *synth.Talk) netip.AddrPort {
	if w.NAT && !w.six {
		return netip.AddrPortFrom(PublicAddr, t.Client().Port())
	}
	return t.Client()
}

func (w *World) voices() (up, down func() []byte) {
	return synth.Voice(w.Sim, opus), synth.Voice(w.Sim, opus)
}

// WhatsAppCall begins through a relay and goes on between the two homes, from
// the same socket.
func (w *World) WhatsAppCall() {
	socket := w.Client.Socket()
	relay := socket.With(w.Path(w.Addr(site.WARelay)), 3478)
	home := socket.With(w.Path(w.Addr(site.CalleeHome)), 50342)
	up, down := w.voices()
	callee := w.at(site.CalleeHome, 50342)
	relay.Say(synth.WhatsAppRelay(w.Sim, w.Outside(relay)), func() {
		relay.Both(talking, up, down)
		w.After(talking, func() {
			checks := append(synth.Check(w.Sim, synth.Up, w.Outside(relay), false), synth.Check(w.Sim, synth.Down, callee, false)...)
			home.Say(append(checks, synth.Check(w.Sim, synth.Up, w.Outside(relay), true)...), func() { home.Both(talking, up, down) })
		})
	})
}

// TelegramCall goes through a reflector.
func (w *World) TelegramCall() {
	r := synth.NewReflector(w.Sim)
	t := w.UDP(site.TGReflector, 599)
	up, down := w.voices()
	t.Say(r.Hello(w.Sim, w.Outside(t)), func() { t.Both(talking, r.Wrap(w.Sim, up), r.Wrap(w.Sim, down)) })
}

// turn calls through a TURN server.
func (w *World) turn(t *synth.Talk, relay synth.Relay) {
	relay.Seen, relay.Channel = w.Outside(t), 0x4001
	up, down := w.voices()
	t.Say(relay.TURN(w.Sim), func() { t.Both(talking, relay.Wrap(up), relay.Wrap(down)) })
}

// SignalCall goes through the relay at an address.
func (w *World) SignalCall(a netip.Addr) {
	w.turn(w.Client.Socket().With(w.Path(a), 3478), synth.Relay{Realm: "voip.signal.org",
		Relayed: netip.AddrPortFrom(a, 51824), Callee: w.at(site.CalleeHome, 50411)})
}

// MaxCall goes through a relay of VK.
func (w *World) MaxCall() {
	w.turn(w.UDP(site.VKRelay, 19302), synth.Relay{Realm: "turn",
		Relayed: w.at(site.VKRelay, 31877), Callee: w.at(site.CalleeHome, 50502)})
}

// DiscordCall joins a voice channel.
func (w *World) DiscordCall() {
	t := w.UDP(site.DiscordVoice, 50012)
	up, down := w.voices()
	lines := append(synth.DiscordDiscovery(w.Sim, w.Outside(t)), synth.DiscordKeepalive(1)...)
	t.Say(lines, func() { t.Both(talking, up, down) })
}
