package scenes

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/call"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// calls are calls that are cut or spoilt, and their harmless twins.
func calls() []*lab.Scenario {
	return slices.Concat(callsCut(), callsSpoilt(), callsInnocent())
}

// callsCut are calls that do not come about, or end.
func callsCut() []*lab.Scenario {
	return []*lab.Scenario{
		callRelays("call-relays-whatsapp", "whatsapp", call.WhatsApp, waRelays, 3478), callRelays("call-relays-telegram", "telegram", call.Reflector, tgReflectors, 599),
		callRelays("call-relays-signal", "signal", call.TURN, signalRelays, 3478), callRelays("call-relays-max", "max", call.TURN, maxRelays, 19302),
		callHelloDropped(), callCutWhatsApp(), callCutTelegram(), callOneWay(), callSignallingReset(),
	}
}

// Relays that a client is told of, in several prefixes; all but the first are
// neighbours of real ones.
var (
	waRelays     = []string{site.WARelay, "157.240.9.62", "31.13.84.54", "179.60.195.51"}
	tgReflectors = []string{site.TGReflector, "91.108.13.34", "91.108.17.8", "91.108.56.22"}
	signalRelays = []string{site.SignalRelay, "34.117.136.14", "35.219.252.146", "141.101.90.1"}
	maxRelays    = []string{site.VKRelay, "155.212.205.187", "155.212.199.40", "217.20.155.14"}
)

// broken is the truth of a service whose calls suffer while its chat works.
func broken(service, what string, atLeast finding.Verdict, kinds ...finding.Kind) truth.Truth {
	return truth.Truth{
		What: what, Where: onePath, Vantage: clientTap(), Services: allBut(service, "degraded", "blocked"),
		Finds: []truth.Must{{Kinds: kinds, Service: service, AtLeast: atLeast}},
	}
}

// everybody works, also who cannot call: chats, names, ordinary sites.
func everybody(w *lab.World) {
	w.OthersWork(200 * time.Millisecond)
	w.Resolver = netip.AddrPortFrom(netip.MustParseAddr(site.GoogleDNS), 53)
	w.Surf(100*time.Millisecond, 10*time.Second, 2100*time.Millisecond)
}

// probe plans STUN to servers, as before a call.
func probe(w *lab.World, at, lasts time.Duration, p call.Probe) {
	w.At(at, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, lasts)
		defer cancel()
		_, err := p.Run(ctx, w.Client())
		w.Note("STUN", err)
	})
}

// ports are the same port of several addresses.
func ports(addrs []string, port uint16) (out []netip.AddrPort) {
	for _, a := range addrs {
		out = append(out, netip.AddrPortFrom(netip.MustParseAddr(a), port))
	}
	return out
}

// callRelays drops all that goes to and comes from a service's relays over UDP: the
// caller asks each of four, in vain, while chats, names and other UDP work.
func callRelays(name, service string, kind call.Kind, relays []string, port uint16) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{"C1", "F18"}, Lasts: 11 * time.Second,
		Truth: broken(service, "UDP to all relays of the service is dropped both ways; its chat, DNS and everything else work", finding.Suspected, finding.DropCall),
		Play: func(w *lab.World) {
			w.Rule("drop call relays", policy.All(policy.UDP, policy.To(relays...)), policy.Drop{})
			everybody(w)
			for i, a := range relays {
				w.Call(1200*time.Millisecond+time.Duration(i)*70*time.Millisecond, a, port,
					call.Call{Kind: kind, For: 9 * time.Second, Up: call.Voice, Down: call.Voice})
			}
			if kind == call.TURN {
				probe(w, 1300*time.Millisecond, 9500*time.Millisecond, call.Probe{To: ports(relays, port)})
			}
			probe(w, time.Second, 5*time.Second, call.Probe{To: ports([]string{site.GoogleSTUN}, 19302)})
		},
	}
}

// callHelloDropped drops the hello of Telegram's reflectors and lets STUN pass: it is
// not the address that is blocked.
func callHelloDropped() *lab.Scenario {
	return &lab.Scenario{
		Name: "call-hello-dropped", Cases: []string{"C2"}, Lasts: 11 * time.Second,
		Truth: broken("telegram", "the hello to Telegram's reflectors is dropped, STUN to the same addresses is answered", finding.Suspected, finding.DropCall),
		Play: func(w *lab.World) {
			w.Rule("drop reflector hellos", policy.All(policy.UDP, policy.To(tgReflectors...), policy.Port(599)), policy.Drop{})
			everybody(w)
			probe(w, time.Second, 5*time.Second, call.Probe{To: ports(tgReflectors, 1400)})
			for i, a := range tgReflectors {
				w.Call(1200*time.Millisecond+time.Duration(i)*40*time.Millisecond, a, 599,
					call.Call{Kind: call.Reflector, For: 9 * time.Second, Up: call.Voice, Down: call.Voice})
			}
		},
	}
}

// callCutWhatsApp ends what comes from the relay after 110 packets, two seconds of
// voice, twice: the caller hangs up and tries again.
func callCutWhatsApp() *lab.Scenario {
	return cutCall("call-cut-whatsapp", "whatsapp", call.WhatsApp, site.WARelay, 3478, policy.Dir(box.Down), 110)
}

// callCutTelegram is the same both ways, of media that cannot be read.
func callCutTelegram() *lab.Scenario {
	return cutCall("call-cut-telegram", "telegram", call.Reflector, site.TGReflector, 599, policy.Every, 220)
}

func cutCall(name, service string, kind call.Kind, relay string, port uint16, way box.Match, passes int) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{"C3"}, Lasts: 12 * time.Second,
		Truth: broken(service, "a call is cut after some seconds: the packets of its flow are dropped while the caller goes on sending, twice", finding.Suspected, finding.DropCall, finding.CallDegraded),
		Play: func(w *lab.World) {
			w.Rule("cut calls", policy.All(policy.UDP, policy.To(relay), way), &policy.DropAfter{Packets: passes})
			everybody(w)
			for _, at := range []time.Duration{300 * time.Millisecond, 6200 * time.Millisecond} {
				w.Call(at, relay, port, call.Call{Kind: kind, For: 5500 * time.Millisecond, Up: call.Voice, Down: call.Voice})
			}
		},
	}
}

// callOneWay lets a Signal call be set up and drops what the callee says: only RTP
// inside the relay's channels, toward the client.
func callOneWay() *lab.Scenario {
	return &lab.Scenario{
		Name: "call-one-way", Cases: []string{"C3"}, Lasts: 11 * time.Second,
		Truth: broken("signal", "media toward the client are dropped in the relay's channel, STUN in it and media of the client pass", finding.Suspected, finding.DropCall, finding.CallDegraded),
		Play: func(w *lab.World) {
			w.Rule("drop media", policy.All(policy.RTP, policy.To(site.SignalRelay), policy.Dir(box.Down)), policy.Drop{})
			everybody(w)
			for _, at := range []time.Duration{400 * time.Millisecond, 5800 * time.Millisecond} {
				w.Call(at, site.SignalRelay, 3478, call.Call{Kind: call.TURN, For: 4800 * time.Millisecond, Up: call.Voice, Down: call.Voice})
			}
		},
	}
}

// callSignallingReset lets Discord's chat work and resets the connection that a call
// is arranged over.
func callSignallingReset() *lab.Scenario {
	t := broken("discord", "hellos for Discord's voice signalling draw one RST,ACK toward the client; its gateway and files work", finding.Confirmed, finding.ResetInjected)
	t.Services = allBut("")
	t.Services["discord"] = []string{"degraded", "blocked"}
	return &lab.Scenario{
		Name: "call-signalling-reset", Cases: []string{"F2"}, Lasts: 8 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("reset voice signalling", policy.All(policy.SNI(".discord.media"), policy.Hello), policy.Race(300*time.Microsecond))
			everybody(w)
			w.Open(300*time.Millisecond, "gateway.discord.gg", lab.Web, idleChat()...)
			for i := range 4 {
				w.Open(time.Duration(900+1300*i)*time.Millisecond, "rotterdam4271.discord.media", lab.Web)
			}
			w.Open(2*time.Second, "cdn.discordapp.com", lab.Web, bigPage()...)
		},
	}
}
