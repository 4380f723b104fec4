package track

import (
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/flow"
	"chokepoint/classify/wire"
)

// Snapshot writes a flow out as facts, as of now. Lists share the tracker's
// memory: they are valid until the flow's next packet. Label, Vantage and the
// names that only the world knows are left to the engine.
func (t *Tracker) Snapshot(id flow.ID, to *fact.Flow, now int64, why fact.End) {
	e := t.Table.At(id)
	f := &e.Rec
	x := t.extraOf(f)
	*to = fact.Flow{
		ID: fact.FlowID(f.Num), Key: e.Key, If: f.ifc, ClientInferred: f.flags&inferred != 0,
		Start: f.start, Last: f.last(), LastNum: f.Num + uint64(f.lastN), Now: now, End: why,
		Handshake: f.flags&handshake != 0, History: historyText(f.history),
	}
	if f.synack != 0 {
		to.SYNACK = fact.Mark{Num: f.Num + uint64(f.synackN), Time: f.at(f.synack), SeqEnd: f.sides[fact.Down].isn + 1}
	}
	for d := range f.sides {
		f.side(fact.Dir(d), &to.Sides[d])
	}
	to.Sides[fact.Down].SYN = to.SYNACK
	if up, down := &f.sides[fact.Up], &f.sides[fact.Down]; down.packets == 0 && up.flags&(hasISN|hasAck) == hasISN|hasAck {
		to.Unseen = fact.Some(up.ack - down.isn - 1)
	}
	if x != nil {
		t.more(f, x, to)
	}
	t.namesOf(f).write(&to.Names, f.Num)
	t.spoken(f, x, to)
	t.settleDecoy(f, to)
	to.Blind = f.blind(why)
	if madeUp(e) {
		to.Blind |= fact.BlindSynthetic
	}
	to.State = f.state()
}

// side writes one direction out.
func (f *Flow) side(d fact.Dir, to *fact.Side) {
	s, o := &f.sides[d], &f.sides[d.Other()]
	*to = fact.Side{
		Packets: uint64(s.packets), Payload: s.payload, IPBytes: s.payload + uint64(s.headers),
		SYNCount: uint32(s.syn), NextSeq: s.next, Contig: s.contig, MaxAck: s.ack, HasAck: s.flags&hasAck != 0,
		LastAny: s.last, Retrans: s.retrans, OutOfOrder: uint32(s.outOfOrder), Holes: s.holes,
		DupAcks: uint32(s.dup), ZeroWindow: uint32(s.zeroWin), SACKOK: s.flags&sackOK != 0,
		TSOK: s.flags&tsOK != 0, MPTCP: s.flags&mptcp != 0, PeakBps: float64(s.peak) * 8,
		IPID: s.ipidClass(),
	}
	if s.flags&hasISN != 0 {
		to.ISN = fact.Some(s.isn)
	}
	if s.syn > 0 && d == fact.Up {
		to.SYN = fact.Mark{Num: f.Num + uint64(f.synN), Time: f.start, SeqEnd: s.isn + 1}
	}
	if s.firstData != 0 {
		to.First = fact.Mark{Num: f.Num + uint64(s.firstN), Time: f.at(s.firstData)}
		to.Last = fact.Mark{Num: f.Num + uint64(s.freshN), Time: f.start + int64(s.fresh)*freshUnit, SeqEnd: s.next}
	}
	f.sideOptions(d, to)
	f.sideHeaders(s, to)
	if s.flags&hasSeq != 0 && o.flags&hasAck != 0 && after(s.next, o.ack) {
		to.Unacked = fact.Some(s.next - o.ack)
	} else if s.flags&hasSeq != 0 && o.flags&hasAck != 0 {
		to.Unacked = fact.Some(uint32(0))
	}
	to.RTT = s.roundTrip()
}

func (f *Flow) sideOptions(d fact.Dir, to *fact.Side) {
	s := &f.sides[d]
	if s.flags&hasWin != 0 {
		to.Window = fact.Some(f.windowOf(d))
	}
	if s.flags&hasScale != 0 {
		to.WScale = fact.Some(s.scale)
	}
	if s.mss != 0 {
		to.MSS = fact.Some(s.mss)
	}
}

func (f *Flow) sideHeaders(s *side, to *fact.Side) {
	if s.flags&ttlSeen != 0 {
		to.TTL, to.TTLMin, to.TTLMax = fact.Some(s.ttl), s.ttlMin, s.ttlMax
		if s.ttlN >= 2 {
			to.TTLs[0] = s.ttl
		}
		if s.ttlAltN >= 2 {
			to.TTLs[1] = s.ttlAlt
		}
	}
	if s.flags&hasIPID != 0 {
		to.LastIPID = fact.Some(s.ipid)
	}
	if s.flags&dfSeen != 0 {
		to.DF = fact.Some(s.flags&dfSet != 0)
	}
	if s.flags&tosSeen != 0 {
		to.TOS = fact.Some(s.tos)
	}
}

// ipidClass says how a side chooses its IPIDs: four in five steps must agree.
func (s *side) ipidClass() fact.IPIDClass {
	n := int(s.ipidSame) + int(s.ipidStep) + int(s.ipidOther)
	switch {
	case n < 2:
		return fact.IPIDUnknown
	case 5*int(s.ipidSame) >= 4*n && s.ipid == 0:
		return fact.IPIDZero
	case 5*int(s.ipidSame) >= 4*n:
		return fact.IPIDConst
	case 5*int(s.ipidStep) >= 4*n:
		return fact.IPIDCounter
	case 2*int(s.ipidOther) >= n:
		return fact.IPIDRandom
	}
	return fact.IPIDUnknown
}

func (s *side) roundTrip() fact.RTT {
	r := fact.RTT{Samples: uint32(s.samples)}
	if s.rttHandshake != 0 {
		r.Handshake = fact.Some(time.Duration(s.rttHandshake-1) * time.Microsecond)
	}
	if s.rttMin != 0 {
		r.Min = fact.Some(time.Duration(s.rttMin-1) * time.Microsecond)
	}
	return r
}

// more writes out what hangs off the flow.
func (t *Tracker) more(f *Flow, x *extra, to *fact.Flow) {
	if w := x.work; w != nil {
		t.partial(f, w)
		to.Hello = w.hello
		for d := range w.rtt {
			if us := w.rtt[d].median(); us != 0 {
				to.Sides[d].RTT.P50 = fact.Some(time.Duration(us) * time.Microsecond)
			}
			if r := &w.records[d]; r.on && r.cursor.InSync() {
				to.Sides[d].TLSRemain = fact.Some(r.cursor.Remain())
			}
		}
		for d, m := range w.fins {
			if m != nil {
				to.Sides[d].FIN = fact.Mark{Num: m.fin.Num, Time: m.fin.Time, SeqEnd: m.fin.Seq + m.fin.PayloadLen + 1}
			}
		}
		for d := range w.stalls {
			w.stalls[d].write(f, &to.Stall[d])
		}
		if w.greeted.Ok {
			to.Sides[fact.Down].LastTSval, to.Sides[fact.Down].LastTSvalAt = w.greeted, f.at(f.synack)
		}
		for d, c := range w.clocks {
			if c.seen {
				to.Sides[d].LastTSval, to.Sides[d].LastTSvalAt = fact.Some(c.val), c.at
			}
		}
	}
	if tr := x.trouble; tr != nil {
		to.Resets, to.ResetCount = tr.resets, tr.resetCount
		to.FINs = tr.finsOf(x.work)
		to.AfterReset, to.AfterFIN = tr.afterReset, tr.afterFIN
		to.Conflicts, to.ICMPs, to.Page = tr.conflicts, tr.icmps, tr.page
	}
	if x.dns != nil {
		to.DNS, to.DNSMore = x.dns.ex, x.dns.more
	}
	to.Local = x.local
	if k := x.vigil; k != nil {
		d := k.Datagrams
		to.Datagrams = &d
	}
	if c := x.call; c != nil {
		to.Call = c.Fact(to.Now)
	}
	f.ratesOf(x, to)
	for d, l := range x.bulk {
		if l != nil {
			to.Bulk[d] = l.Snapshot()
		}
	}
}

// finsOf lists the first FIN of each side, in order of arrival: of a flow that
// has trouble they may matter. w may be nil.
func (tr *trouble) finsOf(w *work) []fact.FIN {
	if w == nil {
		return tr.fins
	}
	var fins []fact.FIN
	for _, m := range w.fins {
		if m != nil {
			fins = append(fins, m.fin)
		}
	}
	if len(fins) == 2 && fins[1].Num < fins[0].Num {
		fins[0], fins[1] = fins[1], fins[0]
	}
	return fins
}

// partial reads the name out of a hello whose rest never came.
func (t *Tracker) partial(f *Flow, w *work) {
	h := &w.streams[fact.Up]
	if h.buf == nil || h.done || h.parser != asTLS {
		return
	}
	b := h.buf.Bytes()
	if status, _ := t.hello.Parse(b); status != wire.NeedMore || !t.hello.ParsePartial(b) {
		return
	}
	w.hello.Kind = "tls"
	t.keepHello(f, w.hello.First.Num, 't')
}

// blind says what could not be seen of the flow.
func (f *Flow) blind(why fact.End) fact.Blindness {
	var b fact.Blindness
	for _, c := range [...]struct {
		when bool
		bit  fact.Blindness
	}{
		{f.flags&midstream != 0, fact.BlindMidstream},
		{f.flags&clipped != 0, fact.BlindSnaplen},
		{f.flags&gap != 0, fact.BlindGap},
		{f.flags&(evicted|stolen) != 0, fact.BlindEvicted},
		{f.flags&clockStep != 0, fact.BlindClockStep},
		{f.oneWay(), fact.BlindOneWay},
		{why == fact.EndOfCapture, fact.BlindCaptureEnded},
		{f.flags&isTCP != 0 && f.rtt(fact.Up)+f.rtt(fact.Down) == 0, fact.BlindNoRTT},
	} {
		if c.when {
			b |= c.bit
		}
	}
	return b
}

// oneWay reports that one side spoke and was answered, but the answers are not
// in the capture: it acknowledged what was never seen.
func (f *Flow) oneWay() bool {
	for d := range f.sides {
		s, o := &f.sides[d], &f.sides[d^1]
		if s.packets == 0 && o.packets > 0 && f.flags&isTCP != 0 && o.flags&hasAck != 0 && o.ack != 0 {
			return true
		}
	}
	return false
}

// state names the flow's state for people.
func (f *Flow) state() string {
	switch {
	case f.flags&(rstUp|rstDown) != 0:
		return "reset"
	case f.flags&(finUp|finDown) == finUp|finDown:
		return "closed"
	case f.flags&(finUp|finDown) != 0:
		return "half_closed"
	case f.flags&isTCP == 0:
		return "open"
	case f.flags&(handshake|midstream) == 0:
		return "half_open"
	}
	return "established"
}

// Name returns the name a flow says in the clear, "" if none or two.
func (t *Tracker) Name(f *Flow) string {
	if t.namesOf(f).doubtful() {
		return ""
	}
	return t.nameOf(f)
}

// HasMore reports whether a flow has more to be labelled by than its name: DNS
// questions, a certificate.
func (t *Tracker) HasMore(f *Flow) bool {
	if n := t.namesOf(f); n != nil && (n.more != nil || n.flags&proxied != 0) {
		return true
	}
	x := t.extraOf(f)
	return x != nil && (x.dns != nil || x.work != nil && x.work.streams[fact.Up].buf != nil || x.speech != nil && x.speech.quic != nil)
}

// Offered returns what the client's hello offers beside its name: the protocols,
// joined by a zero byte, and its fingerprint.
func (t *Tracker) Offered(f *Flow) (protocols, ja4 string) {
	n := t.namesOf(f)
	if n == nil {
		return "", ""
	}
	h := value(n.hello)
	return h.alpn, h.ja4
}

// Brief sums up a flow that nothing was wrong with.
func (t *Tracker) Brief(id flow.ID) answer.Brief {
	e := t.Table.At(id)
	f := &e.Rec
	b := answer.Brief{
		Server: e.Key.DstAddr(), Name: t.Name(f), Worked: f.sides[fact.Down].payload > 0,
		PeakBps: 8 * float64(max(f.sides[0].peak, f.sides[1].peak)),
	}
	if h := f.sides[fact.Up].rttHandshake; h != 0 {
		b.OpensNs = int64(h-1) * 1000
	}
	return b
}

// Suspect reports whether there is something to judge.
func (f *Flow) Suspect() bool { return f.flags&suspect != 0 }

// Due returns what a flow waits to be judged for, events or its transmission
// logs, and takes it off the list.
func (f *Flow) Due() (events, bulk bool) {
	events, bulk = f.flags&dirty != 0, f.flags&dirtyBulk != 0
	f.flags &^= dirty | dirtyBulk
	return events, bulk
}

// Stolen reports whether facts about the flow were given up for others.
func (f *Flow) Stolen() bool { return f.flags&stolen != 0 }

// Found notes that there are findings about a flow.
func (f *Flow) Found() { f.flags |= found }

// WasFound reports whether there were findings about a flow before.
func (f *Flow) WasFound() bool { return f.flags&found != 0 }

// Start is when the first packet of a flow was seen, ns.
func (f *Flow) Start() int64 { return f.start }
