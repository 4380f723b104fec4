package track

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/wire/quic"
)

// texts are what random segments carry, whole or in part.
func texts(t testing.TB) [][]byte {
	return [][]byte{
		nil, make([]byte, 1), make([]byte, 3000), tlsHello("chat.example", 1000), tlsHello("", 0),
		cat(record(22, serverHello()), record(22, certificate(t, "cn.example", "a.example"))), record(21, []byte{2, 40}),
		[]byte("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"), []byte("CONNECT a.example:443 HTTP/1.1\r\n\r\n"),
		[]byte("HTTP/1.1 302 Found\r\nLocation: http://b.example/\r\n\r\n"), []byte("HTTP/1.1 200 OK\r\n\r\n"), []byte("EHLO me\r\n"),
		query(t, 1, "a.example"), reply(t, 1, "a.example", good), vec16(query(t, 1, "a.example")), vec16(reply(t, 1, "a.example", good, other)),
	}
}

// datagrams are what random datagrams carry: whatever is understood, whole and
// in parts.
func datagrams() [][]byte {
	msg := clientHello("chat.example", 1200)
	body := dtlsBody("chat.example")
	v2 := mine
	v2.version = quicV2
	voice := audio()
	out := [][]byte{
		nil, {0}, make([]byte, 100), short(60), mine.hello("chat.example"), decoy.hello("decoy.example"), v2.hello("v2.example"),
		mine.answer(), decoy.answer(), mine.retryFor("retried!", "a token"), decoy.negotiation(quicV2, quicV1),
		initial{dcid: "retried!", scid: mine.scid, token: "a token"}.hello("chat.example"),
		initial{dcid: "no names"}.hello("chat.example"), initial{dcid: "no decoy"}.hello("decoy.example"),
		dtlsHello("dtls.example"), dtlsRecord(22, dtlsFragment(body, 0, 40)), dtlsRecord(22, dtlsFragment(body, 40, len(body)-40)),
		dtlsRecord(22, dtlsFragment(dtlsBody("another.example"), 40, 9)), channelData(dtlsHello("dtls.example")),
		stunMessage(stunBinding), stunMessage(stunAllocated, attr(attrRelayed, xorAddr(7, 5000))),
		stunMessage(stunPermission, attr(attrPeer, xorAddr(8, 4000)), attr(attrPeer, xorAddr(9, 4000))),
		stunMessage(stunSend, attr(attrPeer, xorAddr(9, 4000)), attr(attrData, voice.next())),
	}
	out = append(out, mine.parts(msg, 500, 900)...)
	out = append(out, decoy.parts(msg, 700)...)
	for range 12 {
		out = append(out, voice.next(), channelData(voice.next()))
	}
	return out
}

// oddRules hold of payloads by their length, with something to remember.
func oddRules(p *service.Payload, out []service.Sign) []service.Sign {
	if p.Len%3 == 0 {
		out = append(out, service.Sign{Rule: string(rune('a' + p.Len%7)), Value: string(p.Bytes[:min(len(p.Bytes), 200)])})
	}
	return out
}

// chaos draws packets of a few endpoints that overlap, leap, contradict each
// other and come in any order.
type chaos struct {
	*bench
	texts, datagrams [][]byte
	udp              bool // no streams
}

func (c *chaos) packet(r *rapid.T) *capture.Packet {
	port := rapid.SampledFrom([]uint16{53, 80, 443, 50001}).Draw(r, "port")
	p := &capture.Packet{
		Has: capture.Decoded | capture.HasIP | capture.HasPorts | capture.HasIPID,
		Key: keyOf(40000+rapid.Uint16Range(0, 2).Draw(r, "client"), port, capture.ProtoTCP),
		If:  rapid.Uint16Range(0, 1).Draw(r, "interface"), TTL: rapid.Uint8Range(50, 53).Draw(r, "ttl"),
		IPID: rapid.Uint16Range(0, 9).Draw(r, "ipid"), Segs: rapid.Uint16Range(0, 3).Draw(r, "segs"),
	}
	c.segment(r, p)
	kind := 0
	if !c.udp {
		kind = rapid.IntRange(0, 9).Draw(r, "kind")
	}
	switch kind {
	case 0, 1:
		c.datagram(r, p)
	case 2:
		p.Quoted.Key, p.Has = p.Key, p.Has|capture.HasQuoted
		p.Key = capture.Key{Proto: capture.ProtoICMP}
	}
	if p.Has&capture.HasPorts == 0 && p.Has&capture.HasQuoted == 0 {
		p.Key.SrcPort, p.Key.DstPort = 0, 0
	}
	if rapid.Bool().Draw(r, "down") {
		p.Key, p.Quoted.Key = p.Key.Reverse(), p.Quoted.Key.Reverse()
	}
	return p
}

// datagram makes a packet one of UDP, or of a tunnel without ports.
func (c *chaos) datagram(r *rapid.T, p *capture.Packet) {
	p.Key.Proto, p.Has = capture.ProtoUDP, p.Has&^capture.HasTCP|capture.HasUDP
	if rapid.IntRange(0, 9).Draw(r, "sealed") == 0 {
		p.Key.Proto, p.Has = capture.ProtoESP, p.Has&^(capture.HasPorts|capture.HasUDP)
	}
	if rapid.IntRange(0, 4).Draw(r, "of streams") > 0 {
		p.Payload = rapid.SampledFrom(c.datagrams).Draw(r, "datagram")
		p.PayloadLen = uint32(len(p.Payload))
		if p.Has &^= capture.Clipped; rapid.IntRange(0, 9).Draw(r, "cut") == 0 {
			p.Payload, p.Has = p.Payload[:len(p.Payload)/2], p.Has|capture.Clipped
		}
	}
	p.IPLen = 28 + p.PayloadLen
}

// segment fills what TCP has.
func (c *chaos) segment(r *rapid.T, p *capture.Packet) {
	p.Has |= capture.HasTCP
	p.Flags = rapid.SampledFrom([]uint16{capture.SYN, synAck, capture.ACK, pushAck, pushAck, pushAck, finAck, capture.RST, rstAck, 0x3f}).Draw(r, "flags")
	near := rapid.SampledFrom([]uint32{0, 1, 2, 60, 101, 1400, 3000, 40_000, 1 << 30, 1<<31 + 7, 1<<32 - 50})
	p.Seq, p.Ack = 1<<32-200+near.Draw(r, "seq"), 1<<32-200+near.Draw(r, "ack")
	p.Window = rapid.SampledFrom([]uint16{0, 500, 65535}).Draw(r, "window")
	b := rapid.SampledFrom(c.texts).Draw(r, "text")
	from := rapid.IntRange(0, min(len(b), 7)).Draw(r, "from")
	p.Payload = b[from:max(from, len(b)-rapid.IntRange(0, 5).Draw(r, "less"))]
	p.PayloadLen = uint32(len(p.Payload))
	if rapid.IntRange(0, 9).Draw(r, "clipped") == 0 {
		p.Payload, p.Has = p.Payload[:len(p.Payload)/2], p.Has|capture.Clipped
	}
	p.IPLen = 40 + p.PayloadLen
	if rapid.Bool().Draw(r, "options") {
		p.Has |= capture.HasTS | capture.HasMSS | capture.HasWScale
		p.TSval, p.MSS, p.WScale = near.Draw(r, "tsval"), uint16(near.Draw(r, "mss")), rapid.Uint8().Draw(r, "scale")
	}
}

// totals are the counters of a side that only grow.
func totals(s *fact.Side) [9]uint64 {
	return [9]uint64{s.Packets, s.Payload, s.IPBytes, uint64(s.SYNCount), uint64(s.Retrans), uint64(s.OutOfOrder), uint64(s.DupAcks), uint64(s.ZeroWindow), uint64(s.RTT.Samples)}
}

// look snapshots every flow, twice: once written, facts stay as they are. The
// counters of a flow only grow.
func (c *chaos) look(r *rapid.T, before map[fact.FlowID][2][9]uint64) {
	c.audit(r)
	for port := range uint16(3) {
		for _, server := range []uint16{53, 80, 443, 50001} {
			for _, proto := range []uint8{capture.ProtoTCP, capture.ProtoUDP, capture.ProtoESP} {
				k := keyOf(40000+port, server, proto)
				if proto == capture.ProtoESP {
					k = keyOf(0, 0, proto)
				}
				id, _, _ := c.Table.Find(&k, k.Hash(testSeed))
				if id == 0 {
					continue
				}
				var a, b fact.Flow
				c.Snapshot(id, &a, c.now, fact.StillOpen)
				c.Snapshot(id, &b, c.now, fact.StillOpen)
				if !reflect.DeepEqual(a, b) {
					r.Fatalf("two snapshots of flow %v differ:\n%+v\n%+v", a.ID, a, b)
				}
				sane(r, &a)
				was := before[a.ID]
				for d := range a.Sides {
					now := totals(&a.Sides[d])
					for i := range now {
						if now[i] < was[d][i] {
							r.Fatalf("counter %d of flow %v fell from %d to %d", i, a.ID, was[d][i], now[i])
						}
					}
					was[d] = now
				}
				before[a.ID] = was
			}
		}
	}
}

// audit counts what flows hold and compares it with what is booked.
func (c *chaos) audit(r *rapid.T) {
	side, buffered := 0, 0
	c.Table.Each(func(_ flow.ID, e *flow.Entry[Flow]) {
		if n := c.namesOf(&e.Rec); n != nil {
			side += namesSize + n.more.size()
		}
		x := c.extraOf(&e.Rec)
		if x == nil {
			return
		}
		side += x.size()
		if x.dns != nil {
			held := 0
			for i := range x.dns.ex {
				held += exchangeBytes(&x.dns.ex[i])
			}
			if held != x.dns.held {
				r.Fatalf("DNS holds %d bytes, %d are booked", held, x.dns.held)
			}
		}
		if k := x.speech; k != nil {
			for _, q := range [...]*quic.Client{k.quic, k.decoy} {
				if q != nil {
					buffered += q.Cap()
				}
			}
			if k.dtls != nil {
				buffered += k.dtls.Cap()
			}
		}
		if x.work != nil {
			for d := range x.work.streams {
				if b := x.work.streams[d].buf; b != nil {
					buffered += b.Cap()
				}
			}
		}
	})
	if side != c.side || buffered != c.buffered {
		r.Fatalf("flows hold %d bytes and %d in streams, booked are %d and %d", side, buffered, c.side, c.buffered)
	}
}

// sane checks what must hold of every flow.
func sane(r *rapid.T, f *fact.Flow) {
	for d := range f.Sides {
		s := &f.Sides[d]
		if int32(s.NextSeq-s.Contig) < 0 {
			r.Fatalf("flow %v: in order up to %d, seen up to %d", f.ID, s.Contig, s.NextSeq)
		}
		if s.TTL.Ok && (s.TTL.V < s.TTLMin || s.TTL.V > s.TTLMax) {
			r.Fatalf("flow %v: hop limit %d of %d to %d", f.ID, s.TTL.V, s.TTLMin, s.TTLMax)
		}
		if s.IPBytes < s.Payload {
			r.Fatalf("flow %v: %d bytes of payload in %d", f.ID, s.Payload, s.IPBytes)
		}
		if s.First.Num > f.LastNum || s.Last.Num < s.First.Num {
			r.Fatalf("flow %v: first payload %d, last %d, last packet %d", f.ID, s.First.Num, s.Last.Num, f.LastNum)
		}
	}
	if f.Names.SNIPacket > f.LastNum || len(f.Resets) > maxResets || len(f.FINs) > 2 || int(f.Hello.Count) < len(f.Hello.Retrans) {
		r.Fatalf("flow %v: %+v", f.ID, f)
	}
	if h := &f.Hello; h.Acked.Ok && h.HeadAck {
		r.Fatalf("flow %v: the hello is acknowledged in full and in part only", f.ID)
	}
}

// TestTrackerHoldsUnderChaos is the law of the package: no packet panics,
// counters only grow, snapshots change nothing, and once all flows have ended
// nothing is held for them.
func TestTrackerHoldsUnderChaos(t *testing.T) {
	all, some := texts(t), datagrams()
	for _, udp := range []bool{false, true} {
		rapid.Check(t, chaotic(t, all, some, udp))
	}
}

func chaotic(t *testing.T, all, some [][]byte, udp bool) func(r *rapid.T) {
	return func(r *rapid.T) {
		memory := rapid.SampledFrom([]int{0, 8 << 10, 64 << 10, 8 << 20}).Draw(r, "memory")
		c := &chaos{bench: rulesBenchOf(t, memory, oddRules), texts: all, datagrams: some, udp: udp}
		before := map[fact.FlowID][2][9]uint64{}
		for range rapid.IntRange(1, 60).Draw(r, "packets") {
			c.feed(c.packet(r))
			c.look(r, before)
			if rapid.IntRange(0, 7).Draw(r, "tick") == 0 {
				c.now += rapid.SampledFrom([]int64{-2 * sec, 0, ms, 700 * ms, 11 * sec, int64(70 * time.Second), int64(3 * time.Hour)}).Draw(r, "wait")
				c.Tick(c.now, 100)
				c.Dirty = c.Dirty[:0]
				c.Out.Reset()
			}
		}
		for c.EndSome(1) {
		}
		holdsNothing(r, c.bench)
		if n := uint64(len(c.ended)); n != c.Flows {
			r.Fatalf("%d flows began, %d ended", c.Flows, n)
		}
	}
}

// TestFlowsDoNotMix: whatever comes between the packets of a flow, its facts are
// the same.
func TestFlowsDoNotMix(t *testing.T) {
	all := datagrams()
	rapid.Check(t, func(r *rapid.T) {
		var flows [3][]*capture.Packet
		for i := range flows {
			c := newBench(t, 0).chat(uint16(40000+i), 443)
			for k := range rapid.IntRange(1, 12).Draw(r, "packets") {
				d := fact.Dir(rapid.IntRange(0, 1).Draw(r, "direction"))
				p := c.datagram(d, rapid.SampledFrom(all).Draw(r, "datagram"), ipid(uint16(k)))
				p.Num, p.Time = uint64(1000*i+k+1), 1_700_000_000*sec+int64(k)*20*ms+int64(i)
				p.Shard, p.Hash = p.Key.Hash(0), p.Key.Hash(testSeed)
				flows[i] = append(flows[i], p)
			}
		}
		run := func(next func(left []int) int) []fact.Flow {
			b := rulesBenchOf(t, 8<<20, oddRules)
			at := make([]int, len(flows))
			for {
				var left []int
				for i := range flows {
					if at[i] < len(flows[i]) {
						left = append(left, i)
					}
				}
				if len(left) == 0 {
					break
				}
				i := next(left)
				b.Packet(flows[i][at[i]])
				at[i]++
			}
			for b.EndSome(100) {
			}
			holdsNothing(r, b)
			slices.SortFunc(b.ended, func(a, b fact.Flow) int { return cmp.Compare(a.ID, b.ID) })
			return b.ended
		}
		one := run(func(left []int) int { return left[0] })
		other := run(func(left []int) int { return rapid.SampledFrom(left).Draw(r, "next") })
		if !reflect.DeepEqual(one, other) {
			r.Fatalf("facts differ:\n%+v\n%+v", one, other)
		}
	})
}
