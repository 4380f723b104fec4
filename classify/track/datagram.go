package track

import (
	"encoding/binary"
	"net/netip"
	"slices"

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
	if msg != nil { // after the rules, whose signs go with it
		t.tellPeers(e, k, p, msg)
		t.tellSocket(e, k, p)
	}
	if k.over(t.appOf(f)) {
		t.hush(f)
	} else if k.holds() {
		t.relieve()
	}
}

// over reports whether nothing more is to be learnt.
func (k *speech) over(a app) bool {
	all := k.n[fact.Up] + k.n[fact.Down]
	switch {
	case a >= appDTLS:
		return all >= maxSpeech
	case a == appQUIC: // a decoy's hello comes before the answer to the true one
		return k.quic == nil && k.n[fact.Down] > 0 || k.n[fact.Down] >= early || k.n[fact.Up] >= 2*early
	}
	return min(k.n[fact.Up], k.n[fact.Down]) >= early || all >= 4*early
}

// understand parses a datagram as what its first byte says (RFC 7983), and
// returns the STUN message if it is one.
func (t *Tracker) understand(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte, size int) *stun.Message {
	if t.appOf(&e.Rec) == appQUIC {
		t.quic(e, k, d, p)
		return nil
	}
	if m := t.asSTUN(e, k, d, p, b, size); m != nil {
		return m
	}
	switch rtp.Demux(b[0]) {
	case rtp.DTLS:
		t.asDTLS(e, k, d, p, b, size)
	case rtp.TURNChannel:
		if _, data, ok := stun.ChannelHead(b, size); ok && t.appOf(&e.Rec) >= appSTUN && len(data) > 0 {
			t.speaks(&e.Rec, appTURN)
			t.understandInner(e, k, d, p, data, int(binary.BigEndian.Uint16(b[2:])))
		}
	default:
		t.media(e, k, d, p.Time, b, size)
	}
	if t.appOf(&e.Rec) == appUnknown { // Google's began with any byte
		t.quic(e, k, d, p)
	}
	return nil
}

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
	t.speaksSTUN(&e.Rec, m)
	if len(m.Data) > 0 {
		t.understandInner(e, k, d, p, m.Data, len(m.Data))
	}
	return m
}

// speaksSTUN notes which use of STUN a message shows.
func (t *Tracker) speaksSTUN(f *Flow, m *stun.Message) {
	if m.Relays() {
		t.speaks(f, appTURN)
	} else {
		t.speaks(f, appSTUN)
	}
}

// understandInner looks at what a relay carries, size bytes of which b was
// captured.
func (t *Tracker) understandInner(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte, size int) {
	switch rtp.Demux(b[0]) {
	case rtp.DTLS:
		t.asDTLS(e, k, d, p, b, size)
	case rtp.RTP, rtp.Other:
		t.media(e, k, d, p.Time, b, size)
	}
}

// asDTLS reads the hello of a DTLS client, which may be either end of a call.
func (t *Tracker) asDTLS(e *flow.Entry[Flow], k *speech, d fact.Dir, p *capture.Packet, b []byte, size int) {
	f := &e.Rec
	typ, _, n, ok := dtls.Record(b)
	// What shows no version is DTLS only where that was spoken before.
	if !ok || n > size || typ == dtls.Encrypted && t.appOf(f) < appDTLS {
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

// tellSocket tells the engine that a client's socket takes part in something
// that has been recognised, and after a while again: what it sends elsewhere
// belongs to the same (precedence 8).
func (t *Tracker) tellSocket(e *flow.Entry[Flow], k *speech, p *capture.Packet) {
	if (k.socketAt == 0 || p.Time-k.socketAt > tellAgain) && len(t.signsOf(&e.Rec)) > 0 && t.tell(e, p, nil) {
		k.socketAt = p.Time
	}
}

// tellPeers tells the engine of the ends that a STUN message arranges: once, and
// again when more is known of who arranges them, or after a while.
func (t *Tracker) tellPeers(e *flow.Entry[Flow], k *speech, p *capture.Packet, m *stun.Message) {
	if len(m.Peers) == 0 && !m.Relayed.IsValid() {
		return
	}
	if n := uint8(len(t.signsOf(&e.Rec))); n > k.toldSigns || p.Time-k.toldAt > tellAgain {
		k.told, k.toldSigns, k.toldAt = [maxTold]uint32{}, n, p.Time
	}
	var peers []netip.AddrPort
	for _, a := range m.Peers {
		if k.newPeer(a) {
			peers = append(peers, a)
		}
	}
	if m.Relayed.IsValid() && k.newPeer(m.Relayed) {
		peers = append(peers, m.Relayed)
	}
	if len(peers) > 0 && !t.tell(e, p, peers) {
		k.told = [maxTold]uint32{}
	}
}

// tellAgain is after how long a peer that is still spoken of is told of again,
// ns: before what was said of it is forgotten.
const tellAgain = 60_000_000_000

// newPeer reports whether a peer was not told of, and remembers it.
func (k *speech) newPeer(a netip.AddrPort) bool {
	id := capture.Key{Dst: a.Addr().As16(), DstPort: a.Port()}
	h := uint32(id.Hash(0)) | 1 // 0 is none
	if slices.Contains(k.told[:], h) {
		return false
	}
	k.told[k.toldN%maxTold] = h
	k.toldN++
	return true
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
