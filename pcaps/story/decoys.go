package story

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// lureTTL is low enough for a packet to die behind the provider's boxes.
const lureTTL = 6

// lures are what the client's tool sends before the true payload, by the kind of
// flow.
func (w *world) lures() []synth.Stage {
	over := func(proto uint8, addr string) synth.Match {
		return func(p *synth.Packet) bool { return p.Proto == proto && p.Dst.Addr() == netip.MustParseAddr(addr) }
	}
	return []synth.Stage{
		&synth.Decoy{Sim: w.Sim, TTL: lureTTL, Match: over(capture.ProtoTCP, site.ExampleOrg), Make: func() []byte {
			return synth.ClientHello{Name: "max.ru", ALPN: []string{"h2", "http/1.1"}}.Bytes(w.Sim)
		}},
		&synth.Decoy{Sim: w.Sim, TTL: lureTTL, Match: over(capture.ProtoUDP, site.ExampleCom), Make: func() []byte {
			lines, err := synth.QUIC{Name: "max.ru", Version: synth.QUICv1}.Opening(w.Sim)
			if err != nil {
				w.Err = err
				return nil
			}
			return lines[0].Data
		}},
		&synth.Decoy{Sim: w.Sim, TTL: lureTTL, Match: over(capture.ProtoUDP, site.DiscordVoice), Make: func() []byte {
			return synth.WireGuardInitiation(w.Sim, w.Bytes(4))
		}},
	}
}

// decoysAndProbes: names that say what is not so: a tool on the client sends
// hellos and handshakes of others before its own, names are borrowed or look
// alike, an app tries what it can reach. Nothing interferes.
func decoysAndProbes() *world {
	w := newWorld("2026-11-24T13:40:00Z", 17)
	w.Taps["client.pcapng"].Datagrams = 12
	w.Tools = w.lures()
	w.Open(2*time.Second, "www.example.org", script.Visit{Turns: script.Page})
	w.quic(4*time.Second, synth.QUIC{Name: "www.example.com", Version: synth.QUICv1, Page: 16})
	w.OpenAt(6*time.Second, site.ExampleTwo, "max.ru", script.Visit{Turns: script.Page})
	w.OpenAt(8*time.Second, site.TGWeb, "web.whatsapp.com", script.Visit{Turns: script.Page})
	w.Open(10*time.Second, "notwhatsapp.com", script.Visit{Turns: script.Page})
	w.Open(12*time.Second, "whatsapp.com.evil.example", script.Visit{Turns: script.Page})
	w.Around(14*time.Second, w.DiscordCall)
	for i, name := range []string{"mmg.whatsapp.net", "web.telegram.org", "www.gosuslugi.ru", "gateway.discord.gg"} {
		w.Resolve(time.Duration(22+2*i)*time.Second, name, func(a netip.Addr) { w.touch(a, name) })
	}
	w.Surf(1*time.Second, 30*time.Second, 9*time.Second)
	w.Run(40 * time.Second)
	return w
}

// touch asks a web server for nothing but an answer.
func (w *world) touch(a netip.Addr, name string) {
	ask := "GET / HTTP/1.1\r\nHost: " + name + "\r\nConnection: close\r\n\r\n"
	moved := "HTTP/1.1 301 Moved Permanently\r\nLocation: https://" + name + "/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	synth.Dial(w.Path(a), 80, synth.Script{{From: synth.Up, Data: []byte(ask)},
		{From: synth.Down, Data: []byte(moved), Wait: 3 * time.Millisecond}, {From: synth.Down, Act: synth.Close}, {From: synth.Up, Act: synth.Close}}, 0)
}
