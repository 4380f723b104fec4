package track

import (
	"net/netip"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/dtls"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
)

// maxSpeech is how many datagrams of a call are looked at, both ways. What is not
// a call is given up after early ones of each direction.
const maxSpeech = 4096

// datagram looks at what a UDP flow speaks, until that is known.
func (t *Tracker) datagram(id flow.ID, e *flow.Entry[Flow], d fact.Dir, p *capture.Packet) {
	f := &e.Rec
	if f.flags&named != 0 || len(p.Payload) == 0 {
		return
	}
	k := t.speechOf(id, f, p.Time)
	k.n[d]++
	msg := t.understand(e, k, d, p, p.Payload, int(p.PayloadLen))
	if k.n[d] <= early && t.appOf(f) != appQUIC {
		t.recognise(f, e, d, &k.heads, service.Payload{
			Nth: int(k.n[d]), Bytes: p.Payload, Len: int(p.PayloadLen), STUN: msg,
		})
	}
	if k.n[d] == 1 {
		k.heads[d].set(p.Payload, p.PayloadLen)
	}
	if msg != nil {
		t.tellSocket(e, k, p)
	}
	if k.over(t.appOf(f)) || t.buffered > t.conf.Memory/bufferShare {
		t.hush(f)
	}
}

// over reports whether nothing more is to be learnt.
func (k *speech) over(a app) bool {
	all := k.n[fact.Up] + k.n[fact.Down]
	switch {
	case a >= appDTLS:
		return all >= maxSpeech
	case a == appQUIC: // a decoy's hello comes before the answer to the true one
		return k.quic == nil && (k.n[fact.Down] > 0 || k.n[fact.Up] >= early)
	}
	return min(k.n[fact.Up], k.n[fact.Down]) >= early || all >= 4*early
}

// understand parses a datagram as what its first byte says (RFC 7983), and
// returns the STUN message if it is one.
func (t *Tracker) understand(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte, size int) *stun.Message {
	if e.Rec.app(t) == appQUIC {
		t.quic(e, k, d, p)
		return nil
	}
	if m := t.asSTUN(e, k, d, p, b, size); m != nil {
		return m
	}
	switch rtp.Demux(b[0]) {
	case rtp.DTLS:
		t.asDTLS(e, k, d, p, b)
	case rtp.TURNChannel:
		if _, data, ok := stun.ChannelData(b); ok && t.appOf(&e.Rec) >= appSTUN && len(data) > 0 {
			t.speaks(&e.Rec, appTURN)
			k.inner = true
			t.media(e, k, d, p.Time, data, size-4)
		}
	default:
		t.media(e, k, d, p.Time, b, size)
		if t.appOf(&e.Rec) == appUnknown {
			t.quic(e, k, d, p)
		}
	}
	return nil
}

func (f *Flow) app(t *Tracker) app { return t.appOf(f) }

// asSTUN reads a STUN message, also one that is wrapped.
func (t *Tracker) asSTUN(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte, size int) *stun.Message {
	if k.stuns >= maxSTUN {
		return nil
	}
	m := &t.stun
	if inner, ok := stun.Unwrap(b); ok {
		b, size = inner, size-(len(b)-len(inner))
	}
	if len(b) == 0 || b[0] >= 0x40 || m.Parse(b, size) != wire.Done || m.Classic {
		return nil
	}
	k.stuns++
	t.speaks(&e.Rec, appSTUN)
	if m.Relays() {
		t.speaks(&e.Rec, appTURN)
	}
	t.tellPeers(e, d, p, m)
	if len(m.Data) > 0 {
		k.inner = true
		t.understandInner(e, k, d, p, m.Data)
	}
	return m
}

// understandInner looks at what a relay carries in indications.
func (t *Tracker) understandInner(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte) {
	switch rtp.Demux(b[0]) {
	case rtp.DTLS:
		t.asDTLS(e, k, d, p, b)
	case rtp.RTP:
		t.media(e, k, d, p.Time, b, len(b))
	}
}

// asDTLS reads the hello of a DTLS client, which may be either end of a call.
func (t *Tracker) asDTLS(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte) {
	f := &e.Rec
	_, _, _, ok := dtls.Record(b)
	if !ok {
		return
	}
	t.speaks(f, appDTLS)
	if n := t.namesOf(f); n != nil && n.flags&hasHello != 0 || k.n[d] > maxDTLS {
		return
	}
	if k.dtls == nil {
		k.dtls = &dtls.Client{}
	}
	before := k.dtls.Cap()
	s := k.dtls.Add(b)
	t.buffered += k.dtls.Cap() - before
	if s != wire.Done {
		return
	}
	if t.hello.ParseDTLSMessage(k.dtls.Hello()) == wire.Done {
		t.keepHello(f, p.Num, 'd')
	}
	t.buffered -= k.dtls.Cap()
	k.dtls = nil
}

// maxDTLS is how many datagrams of a direction may pass before a DTLS hello is
// given up.
const maxDTLS = 64

// media follows what may be RTP.
func (t *Tracker) media(e *flow.Entry[Flow], k *speech, d fact.Dir, now int64, b []byte, size int) {
	if k.n[d] > maxRTP {
		return
	}
	s := &k.rtp[d]
	if !rtp.ParseCut(b, size, &t.rtp) {
		if rtp.Demux(b[0]) == rtp.Other {
			s.Miss()
		}
		return
	}
	s.Add(&t.rtp, size, now)
	if !s.Sure() {
		return
	}
	t.speaks(&e.Rec, appRTP)
	if m := s.Media(); m != 0 {
		t.needNames(&e.Rec).media |= uint8(m)
	}
}

// tellSocket tells the engine once that a client's socket takes part in
// something that has been recognised: what it sends elsewhere belongs to the
// same (precedence 8).
func (t *Tracker) tellSocket(e *flow.Entry[Flow], k *speech, p *capture.Packet) {
	if !k.socket && len(t.signsOf(&e.Rec)) > 0 {
		k.socket = t.tell(e, p, nil)
	}
}

// tellPeers tells the engine of the ends that a STUN message arranges.
func (t *Tracker) tellPeers(e *flow.Entry[Flow], _ fact.Dir, p *capture.Packet, m *stun.Message) {
	var peers []netip.AddrPort
	peers = append(peers, m.Peers...)
	if m.Relayed.IsValid() {
		peers = append(peers, m.Relayed)
	}
	if len(peers) > 0 {
		t.tell(e, p, peers)
	}
}

// tell queues what a flow says of others for the engine.
func (t *Tracker) tell(e *flow.Entry[Flow], p *capture.Packet, peers []netip.AddrPort) bool {
	if len(t.Out.Arranged) >= maxArranged {
		return false
	}
	t.Out.Arranged = append(t.Out.Arranged, Arranged{
		Num: p.Num, Time: p.Time, Flow: fact.FlowID(e.Rec.Num), Peers: peers, Proto: e.Key.Proto,
		Client: netip.AddrPortFrom(e.Key.SrcAddr(), e.Key.SrcPort), Server: netip.AddrPortFrom(e.Key.DstAddr(), e.Key.DstPort),
		Signs: t.signsOf(&e.Rec),
	})
	return true
}
