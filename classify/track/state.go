package track

import (
	"chokepoint/capture"
	"chokepoint/classify/fact"
)

// flag is a property of a flow.
type flag uint32

const (
	isTCP flag = 1 << iota
	midstream
	inferred  // who is the client was inferred
	handshake // SYN, SYN/ACK, ACK seen
	gap       // a peer acknowledged what was never captured
	clipped   // payload was cut by the snaplen
	rstUp
	rstDown
	finUp
	finDown
	dirty     // on the list of flows to judge at the next tick
	dirtyBulk // the same, for its transmission logs
	suspect   // something to judge: worth a snapshot at its end
	found     // there are findings about it
	replied   // server payload was seen after client payload
	evicted   // forgotten for lack of memory
	clockStep // time ran backwards
	named     // the streams were parsed as far as they will be
	stolen    // its work was taken for another flow
	noBulk    // its transmission log was given up for another
)

// sideFlag is a property of one direction.
type sideFlag uint16

const (
	hasSeq sideFlag = 1 << iota
	hasISN
	hasAck
	hasWin
	hasScale
	sackOK
	tsOK
	dfSeen
	dfSet
	mptcp
	hasIPID
	ttlSeen
	holed    // bytes are missing between contig and island
	tosSeen  // tos is valid
	plainWin // win is that of a SYN, which is not scaled (RFC 7323 section 2.2)
)

// side is what one direction sent, compactly. Times are µs since the flow's
// start, saturating after 71 minutes where 32 bits are kept.
type side struct {
	last    int64 // time of the last packet, ns; 0 none
	payload uint64
	headers uint32 // IP bytes that were not payload
	packets uint32 // wire segments

	isn, next, contig, ack uint32
	island                 uint32 // where the bytes in a row begin that end at next, while holed

	fresh     uint32 // time of the last new payload, in units of freshUnit since start
	firstData uint32 // time of the first payload, µs since start, +1; 0 none
	holeAt    uint32 // when the latest hole opened, as wrapped; before payload see stamps
	firstN    uint32 // packet of firstData and of the latest new payload, less Flow.Num
	freshN    uint32

	retrans, holes  uint32
	outOfOrder, dup uint16
	mss             uint16
	win             uint16
	ipid            uint16
	flags           sideFlag

	scale, ttl, ttlMin, ttlMax, ttlAlt uint8
	ttlN, ttlAltN                      uint8
	ipidStep, ipidSame, ipidOther      uint8
	zeroWin, syn, tos                  uint8

	samples              uint16
	rttMin, rttHandshake uint32 // µs, +1 so that 0 is none

	second, inSecond, peak uint32 // s since start; IP bytes in it; most in any
}

// freshUnit is the resolution of side.fresh: fine enough for silences of
// seconds, and 32 bits of it last 12 days.
const freshUnit = 250_000 // ns

// Flow is the running record of a flow. The zero value is fresh.
type Flow struct {
	Num     uint64 // of its first packet
	start   int64
	history uint64
	noted   uint32 // letters in history, as a set
	synack  uint32 // µs since start, +1
	synackN uint32 // packet number less Num
	lastN   uint32 // the same of the last packet
	flags   flag
	x       uint32 // index of extra, 0 none
	names   uint32 // index of names, 0 none
	ifc     uint16
	synN    uint16 // packet of the client's SYN, less Num: 0 but where its answer overtook it
	sides   [2]side
}

// End says how the flow stands: closed by both FINs, reset, or open.
func (f *Flow) end() fact.End {
	switch {
	case f.flags&(rstUp|rstDown) != 0:
		return fact.EndReset
	case f.flags&(finUp|finDown) == finUp|finDown:
		return fact.EndClosed
	}
	return fact.StillOpen
}

// last returns the time of the last packet in either direction.
func (f *Flow) last() int64 { return max(f.sides[0].last, f.sides[1].last) }

// micros returns t as µs since the flow's start, saturating.
func (f *Flow) micros(t int64) uint32 {
	d := (t - f.start) / 1000
	if d < 0 {
		return 0
	}
	if d > 1<<32-2 {
		return 1<<32 - 2
	}
	return uint32(d)
}

// wrapped returns t in µs, modulo 71 minutes: differences of such times hold
// for as long, however old the flow is.
func wrapped(t int64) uint32 { return uint32(t / 1000) }

// at returns the time of a µs offset as kept with +1.
func (f *Flow) at(us uint32) int64 { return f.start + int64(us-1)*1000 }

func (f *Flow) offset(num uint64) uint32 {
	if d := num - f.Num; d < 1<<32 {
		return uint32(d)
	}
	return 1<<32 - 1
}

// unit is the payload of a full segment sent by a side: what the other side
// announced, less the timestamp option (RFC 7323 appendix A). 0: not seen.
func (f *Flow) unit(d fact.Dir) uint32 {
	m := f.mss(d)
	if m > 12 && f.sides[d].flags&tsOK != 0 && f.sides[d.Other()].flags&tsOK != 0 {
		m -= 12
	}
	return m
}

// mss is the MSS option that bounds what a side sends: the other side's, or else
// its own. 0: not seen.
func (f *Flow) mss(d fact.Dir) uint32 {
	if m := f.sides[d.Other()].mss; m != 0 {
		return uint32(m)
	}
	return uint32(f.sides[d].mss)
}

// coarse returns t in units of freshUnit since the flow's start.
func (f *Flow) coarse(t int64) uint32 {
	return uint32(max(0, min((t-f.start)/freshUnit, 1<<32-1)))
}

// inc8 counts up to the type's end.
func inc8(v *uint8) {
	if *v < 255 {
		*v++
	}
}

func inc16(v *uint16) {
	if *v < 1<<16-1 {
		*v++
	}
}

// account books what every packet of a flow has. A merged one has its headers
// once, each of its segments had them on the wire.
func (f *Flow) account(s *side, p *capture.Packet, segs uint32) {
	headers := (p.IPLen - min(p.IPLen, p.PayloadLen)) * segs
	s.packets += segs
	s.payload += uint64(p.PayloadLen)
	s.headers += headers
	if p.Time > s.last {
		s.last = p.Time
	}
	f.lastN = f.offset(p.Num)
	sec := uint32(max(0, p.Time-f.start) / 1_000_000_000)
	if sec != s.second {
		s.second, s.inSecond = sec, 0
	}
	if s.inSecond += p.PayloadLen + headers; s.inSecond > s.peak {
		s.peak = s.inSecond
	}
	if p.Has&capture.Clipped != 0 && s.short(p) {
		f.flags |= clipped
	}
}

// short reports whether a cut packet has less than live capture would deliver of
// it: what is beyond that, nobody looks at.
func (s *side) short(p *capture.Packet) bool {
	if s.packets <= capture.Live.Payloads {
		return p.PayloadLen > uint32(len(p.Payload))
	}
	return uint32(len(p.Payload)) < min(p.PayloadLen, capture.Live.Head)
}
