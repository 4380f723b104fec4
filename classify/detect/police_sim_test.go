package detect_test

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"

	"chokepoint/capture"
)

// A small deterministic TCP over a path with one bottleneck, as seen by a tap
// at either end. It is no model of any stack: SACK recovery, a fast sawtooth
// and a retransmission timer are all that a replay of losses depends on.

const (
	simPayload = 1448
	simPacket  = 1500 // IP bytes
	simMS      = 1_000_000
)

// bottleneck says what becomes of n IP bytes that reach it at time now, ns.
type bottleneck func(now int64, n float64) (lost bool, delay int64)

// policer is a token bucket that drops what exceeds it.
func policer(bps, burst float64) bottleneck {
	tokens, last := burst, int64(0)
	return func(now int64, n float64) (bool, int64) {
		tokens = min(burst, tokens+bps/8*float64(now-last)/1e9)
		last = now
		if tokens < n {
			return true, 0
		}
		tokens -= n
		return false, 0
	}
}

// dropTail is a queue of limit bytes in front of a link.
func dropTail(bps, limit float64) bottleneck {
	var free int64
	return func(now int64, n float64) (bool, int64) {
		free = max(free, now)
		if bps/8*float64(free-now)/1e9+n > limit {
			return true, 0
		}
		free += int64(n * 8 / bps * 1e9)
		return false, free - now
	}
}

// randomLoss drops a share of the packets of a link without a queue to speak of.
func randomLoss(share float64, bps float64, r *rand.Rand) bottleneck {
	link := dropTail(bps, 1e9)
	return func(now int64, n float64) (bool, int64) {
		if r.Float64() < share {
			return true, 0
		}
		return link(now, n)
	}
}

// overtaken delays a share of the packets by a few milliseconds.
func overtaken(share float64, r *rand.Rand) bottleneck {
	return func(now int64, n float64) (bool, int64) {
		if r.Float64() < share {
			return false, 4 * simMS
		}
		return false, 0
	}
}

// download is what is simulated.
type download struct {
	path      bottleneck
	rtt       int64   // ms
	responses int     // as many requests, pause apart
	bytes     int     // of each response
	pause     int64   // ms
	window    int     // of the receiver, segments; 0 unlimited
	appBps    float64 // rate at which the application writes; 0 at once
	steady    bool    // the sender does not slow down when it loses
	noTS      bool    // no timestamps option
}

type simEvent struct {
	at int64
	n  int // ties run in the order they were made
	do func()
}

type simQueue []simEvent

func (q simQueue) Len() int { return len(q) }
func (q simQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].n < q[j].n
}
func (q simQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simQueue) Push(x any)   { *q = append(*q, x.(simEvent)) }
func (q *simQueue) Pop() any {
	e := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return e
}

// segmentState is one segment at the sender.
type segmentState struct {
	order     int // of its latest transmission
	flying    bool
	lost      bool
	delivered bool
}

// simClock is what runs of one path share.
type simClock struct {
	now   int64
	queue simQueue
	made  int
}

// run lets everything happen.
func (c *simClock) run() {
	for c.queue.Len() > 0 {
		e := heap.Pop(&c.queue).(simEvent)
		c.now = e.at
		e.do()
	}
}

type sim struct {
	download
	*simClock
	port   uint16
	server []capture.Packet // tap at the sender
	client []capture.Packet // tap at the receiver

	segs            []segmentState
	end             int // segments of the responses so far
	first, next     int // lowest undelivered, next new
	order, topOrder int // transmissions made, latest delivered
	recover         int // no second reduction before this transmission
	flying          int
	cwnd, ssthresh  float64
	progress        int64
	started         int64
	tsecr           uint32

	got  []bool // at the receiver
	cum  int
	done int // segments of the responses that are complete
}

// simulate plays the download and returns what each tap saw.
func simulate(d download) (server, client []capture.Packet) {
	s := &sim{download: d, simClock: &simClock{}}
	s.handshake()
	s.now += s.rtt * simMS
	s.request()
	s.run()
	return s.server, s.client
}

// simulateTogether plays downloads beside each other, each begun so many ms after
// the one before.
func simulateTogether(all []download, apart int64) []*sim {
	clock := &simClock{}
	out := make([]*sim, len(all))
	for i, d := range all {
		s := &sim{download: d, simClock: clock, port: uint16(i)}
		out[i] = s
		s.after(int64(i)*apart*simMS, func() {
			s.handshake()
			s.after(s.rtt*simMS, s.request)
		})
	}
	clock.run()
	return out
}

func (s *sim) after(d int64, do func()) {
	s.made++
	heap.Push(&s.queue, simEvent{s.now + d, s.made, do})
}

func (s *sim) half() int64 { return s.rtt * simMS / 2 }

func (s *sim) handshake() {
	syn := s.packet(true, 0)
	syn.Flags, syn.Seq, syn.MSS = capture.SYN, 0, 1460
	syn.Has |= capture.HasMSS
	s.see(&s.server, syn)
	s.see(&s.client, syn)
}

// request asks for the next response.
func (s *sim) request() {
	if s.responses == 0 {
		return
	}
	s.responses--
	p := s.packet(true, 8)
	p.Ack = s.seq(s.cum)
	s.see(&s.client, p)
	s.after(s.half(), func() {
		s.see(&s.server, p)
		s.end += s.bytes / simPayload
		for len(s.segs) < s.end {
			s.segs, s.got = append(s.segs, segmentState{}), append(s.got, false)
		}
		s.cwnd, s.ssthresh, s.recover = 10, 1e9, s.order
		s.progress, s.started = s.now, s.now
		s.send(simPayload)
		s.tick()
	})
}

func (s *sim) seq(i int) uint32 { return 0xfff00000 + uint32(i)*simPayload } // wraps early

func (s *sim) packet(up bool, n int) capture.Packet {
	k := capture.Key{Src: netip.MustParseAddr("10.0.0.2").As16(), Dst: netip.MustParseAddr("192.0.2.7").As16(), SrcPort: 5000 + s.port, DstPort: 443, Proto: capture.ProtoTCP}
	if !up {
		k = k.Reverse()
	}
	p := capture.Packet{Key: k, Flags: capture.ACK, Has: capture.HasIP | capture.HasPorts | capture.HasTCP,
		Seq: 1, PayloadLen: uint32(n), IPLen: uint32(n + 52), Segs: 1}
	if !s.noTS {
		p.Has |= capture.HasTS
		p.TSval, p.TSecr = uint32(s.now/simMS), s.tsecr
	}
	return p
}

func (s *sim) see(tap *[]capture.Packet, p capture.Packet) {
	p.Time, p.Num = s.now, uint64(len(*tap)+1)
	*tap = append(*tap, p)
}

// send transmits up to budget segments the windows allow, the lost first.
func (s *sim) send(budget int) {
	limit := min(int(s.cwnd), s.flying+budget)
	if s.window > 0 {
		limit = min(limit, s.window)
	}
	for i := s.first; i < s.next && s.flying < limit; i++ {
		if s.segs[i].lost {
			s.transmit(i)
		}
	}
	for s.flying < limit && s.next < s.end && s.written(s.next) {
		s.next++
		s.transmit(s.next - 1)
	}
}

func (s *sim) written(i int) bool {
	return s.appBps == 0 || float64(i*simPayload*8) <= s.appBps*float64(s.now-s.started)/1e9
}

func (s *sim) transmit(i int) {
	s.order++
	st := &s.segs[i]
	st.order, st.lost, st.flying = s.order, false, true
	s.flying++
	p := s.packet(false, simPayload)
	p.Seq = s.seq(i)
	s.see(&s.server, p)
	lost, delay := s.path(s.now, simPacket)
	if lost {
		return
	}
	order := s.order
	s.after(s.half()+delay, func() { s.arrive(i, order, p) })
}

func (s *sim) arrive(i, order int, p capture.Packet) {
	s.see(&s.client, p)
	s.got[i] = true
	for s.cum < len(s.got) && s.got[s.cum] {
		s.cum++
	}
	a := s.packet(true, 0)
	a.Seq, a.Ack, a.TSecr = 9, s.seq(s.cum), p.TSval
	if i >= s.cum {
		a.Has |= capture.HasSACK
		a.NSACK, a.SACK[0] = 1, [2]uint32{s.seq(i), s.seq(i + 1)}
	}
	s.see(&s.client, a)
	s.after(s.half(), func() { s.acked(i, order, a) })
	if s.cum == s.end && s.done < s.end {
		s.done = s.end
		s.after(s.pause*simMS, s.request)
	}
}

func (s *sim) acked(i, order int, a capture.Packet) {
	s.see(&s.server, a)
	s.tsecr, s.progress = a.TSval, s.now
	s.topOrder = max(s.topOrder, order)
	if st := &s.segs[i]; !st.delivered {
		st.delivered = true
		if st.flying {
			s.flying--
		}
		st.flying, st.lost = false, false
		if s.cwnd < s.ssthresh {
			s.cwnd++
		} else {
			s.cwnd += max(1, s.cwnd/8) / s.cwnd
		}
	}
	for s.first < s.next && s.segs[s.first].delivered {
		s.first++
	}
	for k := s.first; k < s.next; k++ {
		if st := &s.segs[k]; st.flying && st.order+3 <= s.topOrder {
			s.lose(st, 0.7)
		}
	}
	budget := simPayload
	if s.topOrder <= s.recover {
		budget = 1 // packet conservation while repairing
	}
	s.send(budget)
}

func (s *sim) lose(st *segmentState, factor float64) {
	st.flying, st.lost = false, true
	s.flying--
	if st.order > s.recover && !s.steady {
		s.recover = s.order
		s.cwnd = max(2, s.cwnd*factor)
		s.ssthresh = s.cwnd
	}
}

// tick runs the retransmission timer and the application.
func (s *sim) tick() {
	if s.first == s.end || s.cum >= s.end {
		return
	}
	budget := 0
	if s.appBps > 0 {
		budget = simPayload
	}
	if s.now-s.progress > (s.rtt+200)*simMS {
		s.progress, budget = s.now, 2
		for k := s.first; k < s.next; k++ {
			if s.segs[k].flying {
				s.lose(&s.segs[k], 0.5)
			}
		}
	}
	s.send(budget)
	s.after(10*simMS, s.tick)
}
