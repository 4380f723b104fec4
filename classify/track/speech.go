package track

import (
	"unsafe"

	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/service"
	"chokepoint/classify/wire/dtls"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/rtp"
)

const (
	// early is how many payloads of a direction are looked at for what is
	// spoken: signs that may come later are searched for in the first 16
	// (fingerprints, section 6).
	early = 16
	// maxSTUN is how many STUN messages of a flow are read: those that name
	// peers come while a call is set up, refreshes go on for as long as it lasts.
	maxSTUN = 256
	// maxRTP is how many packets of a direction are read as RTP: enough to tell
	// audio from video by their clock.
	maxRTP = 512
	// maxTold is how many peers are remembered so as not to be told of again.
	maxTold    = 8
	speechSize = unsafe.Sizeof(speech{})
)

// head is the beginning of the first payload of a direction.
type head struct {
	wire  uint16 // its length, bytes, saturating; 0 none
	n     uint8  // bytes kept
	bytes [service.HeadBytes]byte
}

func (h *head) set(b []byte, wire uint32) {
	h.wire, h.n = uint16(min(wire, 1<<16-1)), uint8(copy(h.bytes[:], b))
}

func (h *head) view() service.Head {
	return service.Head{Len: int(h.wire), Bytes: h.bytes[:h.n]}
}

// speech is the state of a conversation of datagrams until it is known what is
// spoken, and while it is a call.
type speech struct {
	place

	heads    [2]head
	n        [2]uint32 // payloads
	stuns    uint32
	socketAt int64 // when the client's socket was told of, ns
	helloTTL uint8 // of the packet that completed the hello
	quic     *quic.Client
	decoy    *quic.Client // a second hello on the same ports
	decoyAt  uint32       // packet that completed it, less Flow.Num

	told      [maxTold]uint32 // the peers that were told of, hashed
	toldAt    int64           // since when, ns
	toldSigns uint8           // how much was known then
	toldN     uint8

	dtls *dtls.Client
	rtp  [2]rtp.Stream
}

// speechOf returns the speech of a flow, making one.
func (t *Tracker) speechOf(id flow.ID, f *Flow, now int64) *speech {
	x := t.needExtra(f)
	if x.speech != nil {
		if k := x.speech; k.stale(now) {
			k.used = now
			t.speeches.touch(k.slot)
		}
		return x.speech
	}
	k, at := t.speeches.get(id, now)
	if k == nil {
		t.stealSpeech(t.speeches.victim())
		k, at = t.speeches.get(id, now)
	}
	*k = speech{place: at}
	x.speech = k
	return k
}

// stealSpeech takes the speech of the flow that was silent for longest: what it
// speaks stays as far as it is known.
func (t *Tracker) stealSpeech(id flow.ID) {
	f := &t.Table.At(id).Rec
	t.hush(f)
	t.Stolen++
}

// relieveReach is how many conversations are looked at for hellos to give up.
const relieveReach = 64

// relieve keeps hellos that are being read to their share of the budget: those
// of datagrams that were silent for longest go, as where a server answers none of
// them they would wait for ever. It reports whether there is room then.
func (t *Tracker) relieve() bool {
	room := t.conf.Memory / bufferShare
	slot := t.speeches.oldest
	for n := 0; t.buffered > room && slot != 0 && n < relieveReach; n++ {
		next, owner := t.speeches.links[slot].newer, t.speeches.links[slot].owner
		if t.speeches.at(slot).holds() {
			t.stealSpeech(owner)
		}
		slot = next
	}
	return t.buffered <= room
}

// hush ends the search for what a flow speaks.
func (t *Tracker) hush(f *Flow) {
	f.flags |= named
	if x := t.extraOf(f); x != nil {
		if x.speech != nil {
			t.partialQUIC(f, x.speech)
		}
		t.freeSpeech(x)
		t.dropExtra(f)
	}
}

// holds reports whether a speech holds bytes of hellos.
func (k *speech) holds() bool { return k.quic != nil || k.decoy != nil || k.dtls != nil }

// freeSpeech gives a flow's speech back.
func (t *Tracker) freeSpeech(x *extra) {
	k := x.speech
	if k == nil {
		return
	}
	t.freeQUIC(&k.quic)
	t.freeQUIC(&k.decoy)
	if k.dtls != nil {
		t.buffered -= k.dtls.Cap()
		k.dtls = nil
	}
	t.speeches.put(k.slot)
	x.speech = nil
}

// freeQUIC gives the memory of a half-read hello back.
func (t *Tracker) freeQUIC(c **quic.Client) {
	q := *c
	if q == nil {
		return
	}
	t.buffered -= q.Cap()
	q.Reset()
	if q.Cap() <= 8<<10 && len(t.spareQUIC) < 16 {
		t.spareQUIC = append(t.spareQUIC, q)
	}
	*c = nil
}

// newQUIC returns a reader of hellos.
func (t *Tracker) newQUIC() *quic.Client {
	if n := len(t.spareQUIC); n > 0 {
		q := t.spareQUIC[n-1]
		t.spareQUIC = t.spareQUIC[:n-1]
		t.buffered += q.Cap()
		return q
	}
	return &quic.Client{}
}

// recognise asks the rules what a payload shows.
func (t *Tracker) recognise(f *Flow, e *flow.Entry[Flow], d fact.Dir, heads *[2]head, p service.Payload) {
	p.Proto, p.Up = e.Key.Proto, d == fact.Up
	p.Server, p.Port = e.Key.DstAddr(), e.Key.DstPort
	for i := range heads {
		if heads[i].n > 0 && (i != int(d) || p.Nth > 1) {
			p.First[i] = heads[i].view()
		}
	}
	t.payload = p // a copy that lives here, so that none is allocated for the call
	t.signs = t.conf.Recognise(&t.payload, t.signs[:0])
	for i := range t.signs {
		t.sign(f, &t.signs[i])
	}
}

// maxSigns is how many rules for payload are remembered of a flow.
const maxSigns = 4

// sign notes a rule that held, once.
func (t *Tracker) sign(f *Flow, s *service.Sign) {
	m := t.needMore(f)
	for i := range m.signs {
		if m.signs[i].Rule == s.Rule {
			return
		}
	}
	if len(m.signs) < maxSigns {
		before := m.size()
		m.signs = append(m.signs, service.Sign{Rule: s.Rule, Value: clip(s.Value)})
		t.side += m.size() - before
	}
}

// signsOf returns the rules for payload that held.
func (t *Tracker) signsOf(f *Flow) []service.Sign {
	if n := t.namesOf(f); n != nil && n.more != nil {
		return n.more.signs
	}
	return nil
}

// clip keeps foreign text short, in memory of its own.
func clip(s string) string {
	const longest = 128
	return string(append([]byte(nil), s[:min(len(s), longest)]...))
}
