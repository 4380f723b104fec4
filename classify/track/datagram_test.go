package track

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/service"
)

// TestWhatDatagramsSpeak: of what shares a socket, that counts which says most.
func TestWhatDatagramsSpeak(t *testing.T) {
	allocated := stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000)))
	for _, tc := range []struct {
		name, app string
		media     []string
		send      func(c chat)
	}{
		{"nothing known", "", nil, func(c chat) { c.say(up, make([]byte, 50)); c.say(down, make([]byte, 50)) }},
		{"STUN", "stun", nil, func(c chat) { c.say(up, stunMessage(stunBinding)) }},
		{"STUN of the far end", "stun", nil, func(c chat) { c.say(down, stunMessage(stunBinding)) }},
		{"a relay", "turn", nil, func(c chat) { c.say(up, stunMessage(stunBinding)); c.say(down, allocated) }},
		{"a relay, then checks", "turn", nil, func(c chat) { c.say(down, allocated); c.say(up, stunMessage(stunBinding)) }},
		{"a channel where nobody asked for a relay", "", nil, func(c chat) { c.say(up, channelData(make([]byte, 50))) }},
		{"a channel of a relay", "turn", nil, func(c chat) { c.say(up, stunMessage(stunBinding)); c.say(up, channelData(make([]byte, 50))) }},
		{"DTLS", "dtls", nil, func(c chat) { c.say(up, dtlsHello("chat.example")) }},
		{"DTLS of which the hello was not seen", "dtls", nil, func(c chat) { c.say(down, dtlsRecord(23, make([]byte, 60))) }},
		{"what a masked record of DTLS looks like", "", nil, func(c chat) {
			for range 20 {
				c.say(up, cat([]byte{0x2c, 1, 2, 0, 40}, make([]byte, 40)))
			}
		}},
		{"a record that is longer than its datagram", "", nil, func(c chat) { c.say(up, dtlsRecord(23, make([]byte, 60))[:50]) }},
		{"a record that the capture cut", "dtls", nil, func(c chat) { c.say(up, dtlsRecord(23, make([]byte, 60)), cut(40)) }},
		{"STUN and DTLS", "stun", nil, func(c chat) { c.say(up, dtlsHello("")); c.say(up, stunMessage(stunBinding)) }},
		{"a voice", "rtp", []string{"audio"}, func(c chat) { c.play(up, audio(), 80, nil) }},
		{"the other one's", "rtp", []string{"audio"}, func(c chat) { c.play(down, audio(), 80, nil) }},
		{"pictures", "rtp", []string{"video"}, func(c chat) { c.play(up, video(), 400, nil) }},
		{"both, one each way", "rtp", []string{"audio", "video"}, func(c chat) { c.play(up, audio(), 80, nil); c.play(down, video(), 400, nil) }},
		{"both at once", "rtp", []string{"audio", "video"}, func(c chat) {
			a, v := audio(), video()
			a.gap = 0
			for i := range 500 {
				c.play(up, v, 1, nil)
				if i%2 == 0 && i%10 != 8 { // about every 20 ms
					c.play(up, a, 1, nil)
				}
			}
		}},
		{"too few to be sure", "", nil, func(c chat) { c.play(up, audio(), 5, nil) }},
		{"in STUN's company", "rtp", []string{"audio"}, func(c chat) { c.say(up, stunMessage(stunBinding)); c.play(up, audio(), 80, nil) }},
		{"in a channel", "rtp", []string{"audio"}, func(c chat) { c.say(down, allocated); c.play(up, audio(), 80, channelData) }},
		{"in a channel, padded", "rtp", []string{"audio"}, func(c chat) {
			c.say(down, allocated)
			s := audio()
			s.size = 121
			c.play(up, s, 80, func(b []byte) []byte { return append(channelData(b), 0, 0, 0) })
		}},
		{"in a channel, cut by the capture", "rtp", []string{"audio"}, func(c chat) {
			c.say(down, allocated)
			s := audio()
			for range 80 {
				c.wait(20 * time.Millisecond)
				c.say(up, channelData(s.next()), cut(40))
			}
		}},
		{"cut by the capture", "rtp", []string{"audio"}, func(c chat) {
			s := audio()
			for range 80 {
				c.wait(20 * time.Millisecond)
				c.say(up, s.next(), cut(24))
			}
		}},
		{"in indications", "rtp", []string{"audio"}, func(c chat) {
			c.play(up, audio(), 80, func(b []byte) []byte {
				return stunMessage(stunSend, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, b))
			})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			tc.send(c)
			f := c.facts()
			is(t, "app", f.App, tc.app)
			if !slices.Equal(f.Media, tc.media) {
				t.Errorf("media: %v, want %v", f.Media, tc.media)
			}
			c.finish()
		})
	}
}

// TestDTLSHello: either end may be the client, and a relay may be between.
func TestDTLSHello(t *testing.T) {
	const name = "chat.example"
	body := dtlsBody(name)
	first, rest := dtlsRecord(22, dtlsFragment(body, 0, 50)), dtlsRecord(22, dtlsFragment(body, 50, len(body)-50))
	relayed := func(typ int, b []byte) []byte {
		return stunMessage(typ, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, b))
	}
	for _, tc := range []struct {
		name  string
		send  func(c chat)
		whole uint64
		app   string
	}{
		{"of the client", func(c chat) { c.say(up, dtlsHello(name)) }, 1, "dtls"},
		{"of the server", func(c chat) { c.say(down, dtlsHello(name)) }, 1, "dtls"},
		{"in two parts", func(c chat) { c.say(up, first); c.say(up, rest) }, 2, "dtls"},
		{"in two parts, the second overtaking", func(c chat) { c.say(up, rest); c.say(up, first) }, 2, "dtls"},
		{"in two parts, STUN between", func(c chat) { c.say(up, first); c.say(down, stunMessage(stunBinding)); c.say(up, rest) }, 3, "stun"},
		{"sent again", func(c chat) { c.say(up, dtlsHello(name)); c.say(up, dtlsHello("other.example")) }, 1, "dtls"},
		{"in a channel", func(c chat) { c.say(up, stunMessage(stunBinding)); c.say(up, channelData(dtlsHello(name))) }, 2, "turn"},
		{"in an indication to the relay", func(c chat) { c.say(up, relayed(stunSend, dtlsHello(name))) }, 1, "turn"},
		{"in an indication from the relay, in two parts", func(c chat) { c.say(down, relayed(stunData, first)); c.say(down, relayed(stunData, rest)) }, 2, "turn"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newChat(t)
			tc.send(c)
			f := c.facts()
			is(t, "name", f.Names.SNI, name)
			is(t, "packet", f.Names.SNIPacket, tc.whole)
			is(t, "app", f.App, tc.app)
			is(t, "fingerprint", len(f.Names.JA4) > 0 && f.Names.JA4[0] == 'd', true)
			is(t, "memory of hellos", c.buffered, 0)
			c.finish()
		})
	}
	c := newChat(t)
	c.say(up, first)
	is(t, "memory of half a hello", c.buffered > 0, true)
	for range maxDTLS {
		c.say(up, dtlsRecord(23, make([]byte, 40)))
	}
	c.say(up, rest)
	is(t, "name whose rest came after much else", c.facts().Names.SNI, "")
	c.finish()
}

// signed is a bench with a rule for STUN messages of a type.
func signed(t testing.TB, typ uint16) (*bench, *int) {
	asked := 0
	return rulesBench(t, func(p *service.Payload, out []service.Sign) []service.Sign {
		asked++
		if p.STUN != nil && p.STUN.Type == typ {
			out = append(out, service.Sign{Rule: "stun_test", Value: "realm.example"})
		}
		return out
	}), &asked
}

func peersOf(b *bench) (out []string) {
	for i := range b.Out.Arranged {
		a := &b.Out.Arranged[i]
		for _, p := range a.Peers {
			if len(a.Signs) > 0 {
				out = append(out, p.String()+" "+a.Signs[0].Rule)
			} else {
				out = append(out, p.String())
			}
		}
	}
	return out
}

// TestPeersAreTold once, with what is known of who arranges them.
func TestPeersAreTold(t *testing.T) {
	b, _ := signed(t, stunAllocated)
	c := b.chat(40000, 3478)
	permit := stunMessage(stunPermission, attr(attrPeer, xorAddr(8, 4000)), attr(attrPeer, xorAddr(9, 4000)))
	same := func(what string, want ...string) {
		t.Helper()
		if got := peersOf(b); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
		b.Out.Reset()
	}
	c.say(up, permit)
	same("before anything is known", "192.0.2.8:4000", "192.0.2.9:4000")
	c.say(up, permit)
	same("again")
	num := c.say(down, stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000)))).Num
	is(t, "packet", b.Out.Arranged[0].Num, num)
	same("a relay with a sign", "192.0.2.7:5000 stun_test")
	c.say(up, permit)
	same("again, with it", "192.0.2.8:4000 stun_test", "192.0.2.9:4000 stun_test")
	for range 40 {
		c.say(up, stunMessage(stunSend, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, make([]byte, 40))))
	}
	same("with every packet for one")
	c.wait(2 * time.Minute)
	c.say(up, permit)
	same("long after", "192.0.2.8:4000 stun_test", "192.0.2.9:4000 stun_test")
	b.finish()
}

// TestSocketIsTold once, when something is known of the flow.
func TestSocketIsTold(t *testing.T) {
	b, _ := signed(t, 0x0101)
	c := b.chat(40000, 3478)
	c.say(up, stunMessage(stunBinding))
	is(t, "told before anything is known", len(b.Out.Arranged), 0)
	c.say(down, stunMessage(0x0101))
	for range 5 {
		c.say(up, stunMessage(stunBinding))
		c.say(down, stunMessage(0x0101))
	}
	is(t, "told", len(b.Out.Arranged), 1)
	a := b.Out.Arranged[0]
	is(t, "client", a.Client, netip.MustParseAddrPort("10.0.0.1:40000"))
	is(t, "server", a.Server, netip.MustParseAddrPort("192.0.2.9:3478"))
	is(t, "flow", a.Flow, fact.FlowID(1))
	is(t, "packet", a.Num, 2)
	is(t, "protocol", a.Proto, capture.ProtoUDP)
	is(t, "sign", a.Signs[0], service.Sign{Rule: "stun_test", Value: "realm.example"})
	b.finish()
}

// TestTooMuchToTell: what finds no room at a tick is told at the next.
func TestTooMuchToTell(t *testing.T) {
	b, _ := signed(t, stunAllocated)
	c := b.chat(40000, 3478)
	b.Out.Arranged = make([]Arranged, maxArranged)
	message := stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000)))
	c.say(down, message)
	is(t, "told", len(b.Out.Arranged), maxArranged)
	b.Out.Reset()
	c.say(down, message)
	is(t, "told at the next", len(b.Out.Arranged), 2)
	is(t, "peers", len(peersOf(b)), 1)
	b.finish()
}

// TestRulesAreAsked about the first datagrams of each direction, in order, and
// are shown the first ones with those that follow.
func TestRulesAreAsked(t *testing.T) {
	type asking struct {
		up         bool
		nth, len   int
		first, ret int
	}
	var got []asking
	b := rulesBench(t, func(p *service.Payload, out []service.Sign) []service.Sign {
		got = append(got, asking{p.Up, p.Nth, p.Len, p.First[0].Len, p.First[1].Len})
		return append(out, service.Sign{Rule: "same"})
	})
	c := b.chat(40000, 9000)
	c.say(up, make([]byte, 100), cut(10))
	c.say(up, make([]byte, 101))
	c.say(down, make([]byte, 200))
	c.say(down, make([]byte, 201))
	want := []asking{{true, 1, 100, 0, 0}, {true, 2, 101, 100, 0}, {false, 1, 200, 100, 0}, {false, 2, 201, 100, 200}}
	if !slices.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
	for range 100 {
		c.say(up, make([]byte, 100))
	}
	is(t, "asked in all", len(got), early+2)
	is(t, "signs", len(c.facts().Signs), 1)
	b.finish()

	got = nil
	c = b.chat(40001, 443)
	c.say(up, mine.hello("chat.example"))
	c.say(up, mine.hello("chat.example"))
	is(t, "asked about QUIC", len(got), 0)
	b.finish()
}

// TestSearchEnds: what is not recognised early is not listened to, a call longer.
func TestSearchEnds(t *testing.T) {
	listening := func(c chat) bool { return c.Table.At(c.id()).Rec.flags&named == 0 }
	c := newChat(t)
	for range early - 1 {
		c.say(up, make([]byte, 50))
		c.say(down, make([]byte, 50))
	}
	is(t, "after few", listening(c), true)
	c.say(up, make([]byte, 50))
	c.say(down, make([]byte, 50))
	is(t, "after some each way", listening(c), false)
	is(t, "speeches", c.inUse(), 0)

	c = newChat(t)
	for range 4*early - 1 {
		c.say(up, make([]byte, 50))
	}
	is(t, "one way, after few", listening(c), true)
	c.say(up, make([]byte, 50))
	is(t, "one way, after some", listening(c), false)

	c = newChat(t)
	c.say(up, stunMessage(stunBinding))
	c.play(up, audio(), maxSpeech-2, nil)
	is(t, "to a call", listening(c), true)
	c.say(up, stunMessage(stunBinding))
	is(t, "to a long call", listening(c), false)
	is(t, "what it spoke", c.facts().App, "rtp")
	c.finish()

	c = newChat(t)
	for range maxSTUN {
		c.say(up, stunMessage(stunBinding))
	}
	c.say(up, stunMessage(stunAllocated))
	is(t, "after so many messages of STUN", c.facts().App, "stun")
	c.finish()

	c = newChat(t)
	c.say(up, stunMessage(stunBinding))
	for range maxRTP {
		c.say(up, make([]byte, 40))
	}
	c.play(up, audio(), 80, nil)
	is(t, "RTP after so much else", c.facts().App, "stun")
	c.finish()
}

// inUse counts the conversations that are listened to.
func (b *bench) inUse() int {
	n := b.speeches.made
	for slot := b.speeches.free; slot != 0; slot = b.speeches.links[slot].older {
		n--
	}
	return n
}

// TestSealedFlows: tunnels without ports are flows of their own, and their rules
// are asked once.
func TestSealedFlows(t *testing.T) {
	for _, proto := range []uint8{capture.ProtoESP, capture.ProtoGRE} {
		asked := 0
		b := rulesBench(t, func(p *service.Payload, out []service.Sign) []service.Sign {
			asked++
			is(t, "protocol asked for", p.Proto, proto)
			is(t, "direction", p.Up, true)
			return append(out, service.Sign{Rule: "tunnel"})
		})
		c := b.chat(0, 0)
		c.key.Proto = proto
		sealed := with(func(p *capture.Packet) { p.Has = p.Has &^ (capture.HasPorts | capture.HasUDP) })
		c.say(up, make([]byte, 100), sealed)
		c.say(down, make([]byte, 200), sealed)
		c.say(up, make([]byte, 100), sealed)
		is(t, "asked", asked, 1)
		is(t, "flows", b.Table.Len(), 1)
		f := c.facts()
		is(t, "sign", f.Signs[0].Rule, "tunnel")
		is(t, "signs", len(f.Signs), 1)
		is(t, "app", f.App, "")
		is(t, "payload up", f.Sides[up].Payload, 200)
		is(t, "payload down", f.Sides[down].Payload, 200)
		is(t, "packets up", f.Sides[up].Packets, 2)
		is(t, "progress", len(b.Out.Controls), 1)
		is(t, "progress with its sign", b.Out.Controls[0].Signs[0].Rule, "tunnel")
		b.Tick(b.now+UDPLife-sec, 100)
		is(t, "ended early", len(b.ended), 0)
		b.Tick(b.now+UDPLife+sec, 100)
		is(t, "ended", len(b.ended), 1)
		is(t, "why", b.ended[0].End, fact.EndIdle)
		holdsNothing(t, b)
	}
}

// TestDatagramsSayAgainThatTheyGetSomewhere: a long conversation is a control
// for as long as it is answered.
func TestDatagramsSayAgainThatTheyGetSomewhere(t *testing.T) {
	c := newChat(t)
	for range 40 { // 20 s
		c.say(up, short(100))
		c.wait(250 * time.Millisecond)
		c.say(down, short(100))
		c.wait(250 * time.Millisecond)
	}
	is(t, "times", len(c.Out.Controls), 4)
}
