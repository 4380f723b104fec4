package synth

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/im"
	"chokepoint/classify/wire/mtproto"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
)

var (
	seenAs  = netip.MustParseAddrPort("203.0.113.77:50123")
	relayed = netip.MustParseAddrPort("198.51.100.7:51824")
	callee  = netip.MustParseAddrPort("198.51.100.61:50411")
)

// readSTUN parses every line, which must be whole and have the right sum.
func readSTUN(t *testing.T, lines []Datagram) (out []stun.Message) {
	t.Helper()
	for i, l := range lines {
		var m stun.Message
		if st := m.Parse(l.Data, len(l.Data)); st != wire.Done || m.Fingerprint != stun.Good {
			t.Fatalf("line %d: %v, fingerprint %v", i, st, m.Fingerprint)
		}
		out = append(out, m)
	}
	return out
}

func TestTURNIsReadByTheParser(t *testing.T) {
	ms := readSTUN(t, Relay{Realm: "voip.signal.org", Seen: seenAs, Relayed: relayed, Callee: callee, Channel: 0x4001}.TURN(NewSim(start, 1)))
	if len(ms) != 8 {
		t.Fatalf("%d messages", len(ms))
	}
	for i := 0; i < len(ms); i += 2 {
		if ms[i].Class != stun.Request || ms[i+1].Txn != ms[i].Txn || ms[i+1].Method != ms[i].Method {
			t.Errorf("messages %d and %d are no pair", i, i+1)
		}
	}
	refused, granted, permitted, bound := ms[1], ms[3], ms[4], ms[6]
	if refused.ErrorCode != 401 || refused.Realm != "voip.signal.org" || refused.Integrity {
		t.Errorf("refused: %+v", refused)
	}
	if granted.Relayed != relayed || granted.XorMapped != seenAs || granted.Lifetime != 600 || !granted.Integrity {
		t.Errorf("granted: %+v", granted)
	}
	if len(permitted.Peers) != 1 || permitted.Peers[0] != callee || bound.Channel != 0x4001 || bound.Peers[0] != callee {
		t.Errorf("peers %v, channel %x to %v", permitted.Peers, bound.Channel, bound.Peers)
	}
}

func TestOtherSTUNIsReadByTheParser(t *testing.T) {
	s := NewSim(start, 2)
	if ms := readSTUN(t, WhatIsMyAddress(s, seenAs)); ms[1].XorMapped != seenAs || ms[0].Method != stun.Binding {
		t.Errorf("%+v", ms)
	}
	if ms := readSTUN(t, Check(s, Up, seenAs, true)); !ms[0].Controlling || !ms[0].UseCandidate || ms[1].XorMapped != seenAs {
		t.Errorf("%+v", ms)
	}
	if ms := readSTUN(t, Check(s, Down, callee, false)); !ms[0].Controlled || ms[0].UseCandidate || ms[1].XorMapped != callee {
		t.Errorf("%+v", ms)
	}
	if ms := readSTUN(t, WhatsAppRelay(s, seenAs)); !ms[0].Has(0x4000) || !ms[1].Has(0x4002) || ms[2].Type != 0x0801 || ms[3].Type != 0x0802 {
		t.Errorf("%+v", ms)
	}
}

// speaks reports whether a row of packets, one per frame, is RTP beyond doubt.
func speaks(t *testing.T, part func() []byte) bool {
	t.Helper()
	var s rtp.Stream
	var h rtp.Header
	for i := range 20 {
		b := part()
		if !rtp.Parse(b, &h) || h.Type != 111 {
			t.Fatalf("%x", b[:12])
		}
		s.Add(&h, len(b), int64(i)*int64(Frame))
	}
	return s.Sure()
}

func TestVoicesAreRTP(t *testing.T) {
	s := NewSim(start, 3)
	if !speaks(t, Voice(s, 111)) {
		t.Error("not taken for RTP")
	}
	inside := Relay{Channel: 0x4001}.Wrap(Voice(s, 111))
	if !speaks(t, func() []byte {
		channel, b, ok := stun.ChannelData(inside())
		if !ok || channel != 0x4001 {
			t.Fatalf("channel %x, %v", channel, ok)
		}
		return b
	}) {
		t.Error("not taken for RTP inside a channel")
	}
}

func TestReflectorsAreReadByTheParser(t *testing.T) {
	s := NewSim(start, 4)
	r := NewReflector(s)
	hello := r.Hello(s, seenAs)
	for i, want := range []mtproto.ReflectorKind{mtproto.ReflectorPing, mtproto.ReflectorPing, mtproto.ReflectorReply} {
		if b := hello[i].Data; mtproto.Reflector(b, len(b)) != want {
			t.Errorf("line %d is %v, want %v", i, mtproto.Reflector(b, len(b)), want)
		}
	}
	data := r.Wrap(s, Voice(s, 111))
	for range 8 {
		if b := data(); !mtproto.ReflectorData(b, len(b), hello[0].Data) {
			t.Errorf("%x", b[:24])
		}
	}
}

func TestDiscordIsReadByTheParser(t *testing.T) {
	lines := append(DiscordDiscovery(NewSim(start, 5), seenAs), DiscordKeepalive(1)...)
	b := func(i int) ([]byte, int) { return lines[i].Data, len(lines[i].Data) }
	if !im.DiscordDiscovery(b(0)) || !im.DiscordDiscovered(b(1)) || !im.DiscordKeepalive(b(2)) || !im.DiscordKeepalive(b(3)) {
		t.Errorf("%x", lines)
	}
}

// below reports whether the server sent it.
func below(p *capture.Packet) bool { return p.Key.SrcPort == 3478 }

func TestTalksGoThereAndBackAndBothSpeakAtOnce(t *testing.T) {
	b := newBench("203.0.113.1")
	talk := b.path.Client.Socket().With(b.path, 3478)
	done := false
	talk.Say(WhatIsMyAddress(b.Sim, seenAs), func() {
		done = true
		talk.Both(10*Frame, Voice(b.Sim, 111), Voice(b.Sim, 111))
	})
	b.Run(2e9)
	var up, downs int
	for i, p := range b.recorded(t) {
		if p.Key.Proto != capture.ProtoUDP || below(&p) && p.TTL != 64-5 || !below(&p) && p.TTL != 64 {
			t.Errorf("packet %d: %+v", i, p.Key)
		}
		if below(&p) {
			downs++
		} else {
			up++
		}
		if i == 1 && p.Time-b.tap.records[0].Time < 40e6 {
			t.Error("the answer comes before the path allows")
		}
	}
	if !done || up != 11 || downs != 11 {
		t.Errorf("%v, %d and %d datagrams", done, up, downs)
	}
}
