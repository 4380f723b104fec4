package track

import (
	"hash/crc32"
	"net/netip"
	"strings"
	"time"
	"unsafe"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
)

const (
	// maxExchanges is how many questions of a flow are kept (contract: at most
	// 32 entries, the rest counted).
	maxExchanges = 32
	maxAnswers   = 4
	maxAddrs     = 16
	exchangeSize = int(unsafe.Sizeof(fact.DNS{})) + 8 + 4*maxAnswers
	answerSize   = int(unsafe.Sizeof(fact.DNSAnswer{}))
	addrSize     = int(unsafe.Sizeof(netip.Addr{}))
	stringSize   = int(unsafe.Sizeof(""))
)

// dnsLog is the DNS conversation of a flow.
type dnsLog struct {
	ex   []fact.DNS
	last []int64 // when each was last asked, ns
	sums [][maxAnswers]uint32
	more int
	held int // bytes
}

func exchangeBytes(x *fact.DNS) int {
	n := exchangeSize + len(x.QName) + len(x.QNameRaw)
	for i := range x.Answers {
		n += answerBytes(&x.Answers[i])
	}
	return n
}

func answerBytes(a *fact.DNSAnswer) int {
	n := answerSize + addrSize*len(a.Addrs) + len(a.SOAOwner) + len(a.ECHName) + len(a.Text)
	for _, s := range a.Targets {
		n += stringSize + len(s)
	}
	return n
}

// datagramDNS reads a message from a UDP datagram.
func (t *Tracker) datagramDNS(id flow.ID, e *flow.Entry[Flow], p *capture.Packet) {
	if s := t.message.ParseUDP(p.Payload, int(p.PayloadLen)); s == wire.Done || s == wire.Malformed && t.message.QName != "" {
		t.dnsMessage(id, e, p, p.Payload, false)
	}
}

// dnsStream reads the messages of a TCP stream, as many as are complete.
func (t *Tracker) dnsStream(id flow.ID, e *flow.Entry[Flow], _ fact.Dir, p *capture.Packet, h *half, b []byte) bool {
	base := dataSeq(p)
	if h.buf != nil {
		base = h.buf.Base()
	}
	done := 0
	for {
		status, n := t.message.ParseTCP(b[done:])
		if status == wire.NeedMore {
			break
		}
		if status == wire.Alien || n == 0 {
			return true
		}
		if status == wire.Done {
			t.dnsMessage(id, e, p, b[done:done+n], true)
		}
		done += n
	}
	if done == 0 {
		h.want = len(b) + t.message.Want()
		return false
	}
	rest := append([]byte(nil), b[done:]...)
	t.freeBuffer(h)
	h.tries, h.parser = 1, unsure
	if len(rest) > 0 {
		h.parser = asDNS
		t.startBuffer(h, base+uint32(done))
		before := h.buf.Cap()
		h.buf.Add(base+uint32(done), rest)
		t.buffered += h.buf.Cap() - before
		h.want = len(rest) + 1
	}
	return false
}

// dnsMessage books the message in t.message.
func (t *Tracker) dnsMessage(id flow.ID, e *flow.Entry[Flow], p *capture.Packet, raw []byte, tcp bool) {
	m := &t.message
	f := &e.Rec
	if m.QName == "" || m.Opcode != 0 {
		return
	}
	x := t.needExtra(f)
	if x.dns == nil {
		x.dns = &dnsLog{}
	}
	l := x.dns
	before := l.held
	i := l.find(m.ID, m.QName, m.QType)
	if i < 0 || !m.Response && l.settled(i, p.Time) {
		i = l.add(fact.DNS{
			ID: m.ID, QName: strings.Clone(m.QName), QNameRaw: strings.Clone(m.QNameRaw), QType: m.QType, QClass: m.QClass,
			Client: e.Key.SrcAddr(), Resolver: e.Key.DstAddr(), TCP: tcp,
		})
	}
	switch {
	case i < 0:
	case m.Response:
		t.dnsAnswer(id, f, l, i, p, raw)
	default:
		t.dnsQuery(id, f, l, i, p)
	}
	t.side += l.held - before
}

// find returns the latest exchange of a question, -1 without.
func (l *dnsLog) find(id uint16, name string, qtype uint16) int {
	for i := len(l.ex) - 1; i >= 0; i-- {
		if x := &l.ex[i]; x.ID == id && x.QType == qtype && x.QName == name {
			return i
		}
	}
	return -1
}

// settled reports an exchange whose first answer is so long ago that none will
// come any more: the same question is a new one.
func (l *dnsLog) settled(i int, now int64) bool {
	a := l.ex[i].Answers
	return len(a) > 0 && now-a[0].Time > fact.DNSOpen
}

// add makes room for an exchange: an old one that was answered plainly goes.
func (l *dnsLog) add(x fact.DNS) int {
	if len(l.ex) < maxExchanges {
		l.held += exchangeBytes(&x)
		l.ex = append(l.ex, x)
		l.last = append(l.last, 0)
		l.sums = append(l.sums, [maxAnswers]uint32{})
		return len(l.ex) - 1
	}
	l.more++
	for i := range l.ex {
		if a := l.ex[i].Answers; len(a) == 1 && a[0].Rcode == 0 && len(a[0].Addrs) > 0 {
			l.held += exchangeBytes(&x) - exchangeBytes(&l.ex[i])
			copy(l.ex[i:], l.ex[i+1:])
			copy(l.last[i:], l.last[i+1:])
			copy(l.sums[i:], l.sums[i+1:])
			n := len(l.ex) - 1
			l.ex[n], l.last[n], l.sums[n] = x, 0, [maxAnswers]uint32{}
			return n
		}
	}
	return -1
}

func (t *Tracker) dnsQuery(id flow.ID, f *Flow, l *dnsLog, i int, p *capture.Packet) {
	x := &l.ex[i]
	if x.Query.Num == 0 {
		x.Query = fact.Mark{Num: p.Num, Time: p.Time}
	}
	x.Copies++
	x.EDNS, x.Cookie = t.message.HasOPT, t.message.HasCookie
	l.last[i] = p.Time
	if len(t.Out.Asked) < maxDNSSeen {
		t.Out.Asked = append(t.Out.Asked, DNSAsked{Ref: Ref{ID: id, Num: f.Num}, QName: x.QName, Query: fact.NameQuery{
			Num: p.Num, Time: p.Time, Flow: fact.FlowID(f.Num), ID: x.ID, QType: x.QType, TCP: x.TCP, Client: x.Client, Resolver: x.Resolver,
		}})
	}
	if x.Copies >= silenceCopies && len(x.Answers) == 0 {
		t.mark(id, f)
	}
}

func (t *Tracker) dnsAnswer(id flow.ID, f *Flow, l *dnsLog, i int, p *capture.Packet, raw []byte) {
	x := &l.ex[i]
	if len(x.Answers) >= maxAnswers {
		x.More++
		return
	}
	a := answerFacts(&t.message, p)
	a.Copies, a.Recased = x.Copies, t.message.QNameRaw != x.QNameRaw
	if l.last[i] != 0 {
		a.RTT = fact.Some(time.Duration(p.Time - l.last[i]))
	}
	sum := crc32.ChecksumIEEE(raw)
	for k := range x.Answers {
		a.Identical = a.Identical || l.sums[i][k] == sum
	}
	l.sums[i][len(x.Answers)] = sum
	x.Answers = append(x.Answers, a)
	l.held += answerBytes(&a)
	if len(x.Answers) > 1 || a.Rcode != 0 || len(a.Addrs) == 0 {
		t.mark(id, f)
	}
	f.flags |= replied
	if len(t.Out.DNS) >= maxDNSSeen {
		return
	}
	q := *x
	q.Answers = nil
	t.Out.DNS = append(t.Out.DNS, DNSSeen{Ref: Ref{ID: id, Num: f.Num}, Num: p.Num, Flow: fact.FlowID(f.Num), Query: q, Answer: a})
}
