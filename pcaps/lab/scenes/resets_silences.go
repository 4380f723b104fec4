package scenes

import (
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/craft"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
	"chokepoint/pcaps/truth"
)

// resetsAfterSilence are told in simulated time: minutes of silence, and devices in
// front of servers that no kernel plays.
func resetsAfterSilence() []*lab.Scenario {
	return []*lab.Scenario{balancerIdle(), natExpires(), frontTTL(), anycastFlaps(), subflowReset(), probesAfterReset()}
}

// toldReset is a scenario in simulated time about Telegram, with everybody else beside it.
func toldReset(name, line string, lasts time.Duration, t truth.Truth, tell func(*script.World)) *lab.Scenario {
	return &lab.Scenario{Name: name, Cases: []string{line}, Lasts: lasts, Truth: t, Script: func(w *script.World) {
		tell(w) // what stands on a path has to be there before the first packet
		w.WhatsAppWorks(2 * time.Second)
		w.SignalWorks(3 * time.Second)
		w.MaxWorks(4 * time.Second)
		w.Surf(time.Second, lasts-10*time.Second, max(lasts/20, 4*time.Second))
	}}
}

// balancerIdle: a load balancer three hops before Telegram's servers ends what was
// silent for 350 s, at both sides and with its own TTL.
func balancerIdle() *lab.Scenario {
	t := unforged("telegram", finding.Benign, "a load balancer of Telegram's ends connections that were silent for 350 s", "a load balancer three hops before the servers",
		"nobody had spoken for minutes")
	return toldReset("idle-load-balancer", "B7", 8*time.Minute, t, func(w *script.World) {
		for _, a := range []string{site.TGChat, site.TGMedia} {
			w.Fronts[w.Addr(a)] = []synth.Stage{&synth.IdleTimeout{Sim: w.Sim, After: 350 * time.Second, Tells: true, Hops: 3, TTL: 255}}
			for i := range 3 {
				w.Direct(time.Duration(2+5*i)*time.Second, a, 443, 0, script.MTProto(append(script.Chats, script.Beats(2, 400*time.Second)...)...))
			}
			w.Direct(4*time.Second, a, 443, 0, script.MTProto(script.Beats(6, 70*time.Second)...))
		}
	})
}

// natExpires: the provider's NAT forgets after an hour; who speaks after two gets a
// reset in the server's name.
func natExpires() *lab.Scenario {
	t := unforged("telegram", finding.Benign, "a NAT of the provider forgets connections after an hour of silence and resets who resumes them after two", "the provider's NAT",
		"nobody had spoken for two hours")
	return toldReset("idle-nat", "B8", 2*time.Hour+3*time.Minute, t, func(w *script.World) {
		w.Boxes = []synth.Stage{&synth.IdleTimeout{Sim: w.Sim, After: time.Hour, Hops: 1}}
		for i, a := range []string{site.TGChat, site.TGMedia, site.ExampleOrg} {
			for k := range 2 {
				w.Direct(time.Duration(2+3*i+7*k)*time.Second, a, 443, 0, script.MTProto(append(script.Chats, script.Beats(1, 2*time.Hour)...)...))
			}
			w.Direct(2*time.Hour+time.Duration(20+i)*time.Second, a, 443, 0, script.MTProto(script.Chats...))
		}
	})
}

// passing is a connection as a device in front of a server has seen it.
type passing struct {
	next  [2]uint32 // sequence number, by direction
	bytes [2]int
	over  bool
	more  int // packets with payload that still come down after its end
}

// front is a device that ends connections: the packet of a client's that ends picks
// draws what reset makes. It is a peer or stands for one, and interferes with nobody.
type front struct {
	ends       func(*passing, *synth.Packet) bool
	reset      func(*passing, *synth.Packet) *synth.Packet
	tellServer bool
	more       int // packets of the server's that the client still gets then

	flows map[netip.AddrPort]*passing
}

// Handle implements [synth.Stage].
func (d *front) Handle(at synth.Spot, p *synth.Packet) {
	if p.Proto != capture.ProtoTCP {
		at.Forward(p)
		return
	}
	f := d.flow(p)
	switch {
	case f.over && p.Dir == synth.Down && len(p.Payload) > 0 && f.more > 0:
		f.more--
	case f.over:
		return
	case p.Dir == synth.Up && p.Flags&synth.RST == 0 && d.ends(f, p):
		f.over, f.more = true, d.more
		at.Forward(d.reset(f, p))
		if d.tellServer {
			at.Forward(&synth.Packet{Dir: synth.Up, Src: p.Src, Dst: p.Dst, Proto: p.Proto, TTL: 64, Flags: synth.RST, Seq: p.Seq})
		}
		return
	}
	at.Forward(p)
}

func (d *front) flow(p *synth.Packet) *passing {
	client := p.Src
	if p.Dir == synth.Down {
		client = p.Dst
	}
	f := d.flows[client]
	if f == nil || p.Dir == synth.Up && p.Flags&(synth.SYN|synth.ACK) == synth.SYN {
		if d.flows == nil {
			d.flows = map[netip.AddrPort]*passing{}
		}
		f = &passing{}
		d.flows[client] = f
	}
	end := p.Seq + uint32(len(p.Payload))
	if p.Flags&(synth.SYN|synth.FIN) != 0 {
		end++
	}
	if f.next[p.Dir] == 0 || int32(end-f.next[p.Dir]) > 0 {
		f.next[p.Dir] = end
	}
	f.bytes[p.Dir] += len(p.Payload)
	return f
}

// answered is a RST,ACK to a client's packet, with numbers that are all right.
func answered(f *passing, p *synth.Packet, ttl uint8) *synth.Packet {
	return &synth.Packet{Dir: synth.Down, Src: p.Dst, Dst: p.Src, Proto: p.Proto, TTL: ttl, Flags: synth.RST | synth.ACK,
		Seq: f.next[synth.Down], Ack: f.next[synth.Up]}
}

// afterBytes picks a question once so many bytes were said to the client.
func afterBytes(bytes int) func(*passing, *synth.Packet) bool {
	return func(f *passing, p *synth.Packet) bool { return f.bytes[synth.Down] >= bytes && len(p.Payload) > 0 }
}

// telegramTalks plans connections to Telegram's chat and media servers.
func telegramTalks(w *script.World, turns ...synth.Turn) {
	for i := range 4 {
		w.Direct(time.Duration(2+6*i)*time.Second, site.TGChat, 443, 0, script.MTProto(turns...))
		w.Direct(time.Duration(4+6*i)*time.Second, site.TGMedia, 443, 0, script.MTProto(turns...))
	}
}

// inFront puts a device before Telegram's servers.
func inFront(w *script.World, d func() *front) {
	for _, a := range []string{site.TGChat, site.TGMedia} {
		w.Fronts[w.Addr(a)] = []synth.Stage{d()}
	}
}

// frontTTL: a front end whose system begins with TTL 128 ends conversations that its
// back ends, which begin with 64, have spoken in.
func frontTTL() *lab.Scenario {
	t := unforged("telegram", finding.Unexplained, "front ends of Telegram's, with initial TTL 128, reset conversations with back ends that have 64", "front ends of the servers",
		"another initial TTL, the same distance")
	return toldReset("front-other-ttl", "B9", 40*time.Second, t, func(w *script.World) {
		inFront(w, func() *front {
			return &front{ends: afterBytes(700), tellServer: true, reset: func(f *passing, p *synth.Packet) *synth.Packet { return answered(f, p, 128) }}
		})
		telegramTalks(w, script.Chats...)
	})
}

// anycastFlaps: a route changes in the middle of an answer. Another site gets the
// client's acknowledgements and knows nothing of them: RST at what they acknowledge,
// from six hops nearer; two packets of the first site's are still on their way.
func anycastFlaps() *lab.Scenario {
	t := unforged("telegram", finding.Likely, "an anycast route changes during answers of Telegram's: another site resets what it does not know, two data packets of the first one come later", "the network between the servers",
		"a kernel without such a connection; what comes later was on its way")
	t.May = []truth.Limit{{Kinds: []finding.Kind{finding.ResetInjected}, Service: "telegram", AtMost: finding.Likely,
		Why: "two packets beyond a reset are what a race looks like too"}}
	t.Services["telegram"] = append(t.Services["telegram"], "blocked")
	return toldReset("anycast-flap", "B11", 40*time.Second, t, func(w *script.World) {
		telegram := map[netip.Addr]bool{w.Addr(site.TGChat): true, w.Addr(site.TGMedia): true}
		elsewhere := func(f *passing, p *synth.Packet) *synth.Packet {
			return &synth.Packet{Dir: synth.Down, Src: p.Dst, Dst: p.Src, Proto: p.Proto, TTL: 64 - 4, Flags: synth.RST, Seq: p.Ack}
		}
		w.Boxes = []synth.Stage{&front{more: 2, reset: elsewhere, ends: func(f *passing, p *synth.Packet) bool {
			return telegram[p.Dst.Addr()] && f.bytes[synth.Down] >= 30_000 && p.Ack == f.next[synth.Down]
		}}}
		telegramTalks(w, synth.Turn{Ask: 300, Answer: 200_000, Pace: synth.Pace{Piece: 1400, Every: 14 * time.Millisecond}})
	})
}

// Options of multipath TCP (RFC 8684 sections 3.1 and 3.6): kind 30.
var (
	mpCapable = []byte{30, 4, 0x01, 0x01} // subtype 0, version 1; H: HMAC-SHA256
	mpTCPRST  = []byte{30, 4, 0x80, 0x05} // subtype 8; reason 5: unacceptable performance
)

// withOption is a packet with one more TCP option, of whole words.
func withOption(w *script.World, p *synth.Packet, option []byte) *synth.Packet {
	frame, err := p.Frame(true)
	if err != nil {
		w.Err = err
		return p
	}
	at, end := craft.TCPHeader(frame[14:])
	frame = slices.Insert(frame, 14+end, option...)
	frame[14+at+12] += uint8(len(option)/4) << 4 // words of the header
	craft.Seal(frame[14:], at)
	out, err := synth.Parse(p.Dir, frame)
	if err != nil {
		w.Err = err
		return p
	}
	return out
}

// multipath has the connections of a path begin as multipath TCP does: both sides
// offer it. What data carry then (DSS) is left out.
type multipath struct{ w *script.World }

// Handle implements [synth.Stage].
func (s multipath) Handle(at synth.Spot, p *synth.Packet) {
	switch {
	case p.Proto != capture.ProtoTCP || p.Flags&synth.SYN == 0:
	case p.Dir == synth.Up:
		p = withOption(s.w, p, mpCapable)
	default:
		p = withOption(s.w, p, append(mpCapable[:len(mpCapable):len(mpCapable)], s.w.Bytes(8)...)) // and its key
	}
	at.Forward(p)
}

// subflowReset: a peer closes a subflow and says why: MP_TCPRST. Only a host that
// was asked for multipath TCP sends that.
func subflowReset() *lab.Scenario {
	t := unforged("telegram", finding.Benign, "Telegram's servers end subflows of multipath TCP with a RST that carries MP_TCPRST, reason 5", theServers,
		"the option says that a peer made it, and why")
	return toldReset("mptcp-subflow-reset", "B34", 40*time.Second, t, func(w *script.World) {
		w.Tools = []synth.Stage{multipath{w}}
		inFront(w, func() *front {
			return &front{ends: afterBytes(700), tellServer: true, reset: func(f *passing, p *synth.Packet) *synth.Packet {
				return withOption(w, answered(f, p, 64), mpTCPRST)
			}}
		})
		telegramTalks(w, script.Chats...)
	})
}

// probesAfterReset: a load balancer ends connections at the client's side only; its
// servers, who know nothing of it, ask whether the client is there: keep-alives with
// one old byte.
func probesAfterReset() *lab.Scenario {
	t := unforged("telegram", finding.Unexplained, "a load balancer of Telegram's resets clients and leaves its servers in the dark, who send keep-alives with one old byte", "a load balancer before the servers",
		"a keep-alive is not new data")
	return toldReset("keepalive-after-reset", "B35", 70*time.Second, t, func(w *script.World) {
		inFront(w, func() *front {
			return &front{ends: afterBytes(700), more: 100, reset: func(f *passing, p *synth.Packet) *synth.Packet { return answered(f, p, 64) }}
		})
		for _, a := range []string{site.TGChat, site.TGMedia} {
			w.Host(a).KeepAlive = synth.KeepAlive{Idle: 6 * time.Second, Every: 3 * time.Second, Probes: 4, OldByte: true}
		}
		telegramTalks(w, script.Chats...)
	})
}
