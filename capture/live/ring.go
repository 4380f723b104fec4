//go:build linux

package live

import (
	"sync"
	"sync/atomic"
	"time"

	"chokepoint/bpf/packets"
	"chokepoint/capture"
	"chokepoint/capture/decode"
)

const (
	// patience is how long a Read waits for a packet.
	patience = 250 * time.Millisecond
	// glance is how long to wait for the kernel's wake-up: it gives one when 64 KiB
	// have come together, and what is less lies in the ring until somebody looks.
	glance = 50 * time.Millisecond
	// nap is for how long the ring is left alone after records came thick: the Go
	// scheduler's work for a wake-up, and the cold caches after it, are shared by
	// more of them. In that time 10 Gbit/s of whole frames fill less than half of
	// the ring, and whoever looks at packets looks at seconds.
	nap = 5 * time.Millisecond
	// thick is how many records a look must find for a nap to pay.
	thick = 64
)

// ebpf is the feed from the eBPF program.
type ebpf struct {
	program program
	boot    func() uint64
	wait    time.Duration // for a packet
	clock   *clock
	table   *table
	owners  *owners // nil: nobody asks
	woken   atomic.Bool

	hold  hold
	busy  bool // the last look found many records, and an end of them
	num   uint64
	dec   decode.Decoder
	aside capture.Packet // for what is not delivered

	told uint64 // of Counts.Unseen, when flows were last asked

	mu    sync.Mutex
	count capture.Stats
	ended bool
}

// read implements feed.
func (e *ebpf) read(b *capture.Batch) error {
	if e.hold.order == nil {
		e.hold = newHold()
	}
	end := time.Now().Add(e.wait)
	for {
		err := e.fill(end)
		n, bytes := e.hold.ready()
		if err != nil {
			n, bytes = len(e.hold.order), e.hold.bytes // there will be no more to wait for
		}
		if e.woken.Swap(false) || n > 0 || err != nil || !time.Now().Before(end) {
			e.deliver(b, n, bytes)
			return err
		}
	}
}

// fill takes records out of the ring until it is empty. Only the first is waited
// for, and not even that where they come thick and fast: then it naps.
func (e *ebpf) fill(end time.Time) error {
	if e.busy && !e.woken.Load() {
		time.Sleep(nap)
	}
	deadline := time.Now().Add(glance)
	if len(e.hold.order) > 0 {
		deadline = deadline.Add(time.Duration(window) - glance)
	}
	if deadline.After(end) {
		deadline = end
	}
	before := len(e.hold.Records)
	emptied, err := e.program.Next(&e.hold.Block, deadline)
	e.hold.took(before)
	if emptied {
		e.hold.emptied = e.boot()
	}
	e.busy = emptied && len(e.hold.Records)-before >= thick
	return err
}

// deliver makes the first n records packets. They have so many bytes.
func (e *ebpf) deliver(b *capture.Batch, n, bytes int) {
	b.Packets = room(b.Packets, n)
	b.Buf = room(b.Buf, bytes+n*tagLen) // frames do not move any more
	limit := e.hold.limit()
	if n > 0 {
		limit = max(limit, e.hold.order[n-1].time)
	}
	var skipped uint64
	of := e.hold.order[:0] // of each packet, where its mark was or before
	for _, m := range e.hold.order[:n] {
		s := &e.hold.Records[m.record]
		at := e.table.find(s.Ifindex)
		switch {
		case at == nil:
			skipped++
			continue
		case at.loop && s.Out:
			// What is sent to the host itself comes in again and counts then. Only
			// on its way out it has its socket with it.
			from := len(b.Buf)
			e.fit(&e.aside, s, at, b)
			if e.owners != nil {
				e.owners.see(&e.aside, s.Cookie, outward)
			}
			b.Buf = b.Buf[:from]
			continue
		}
		k := len(b.Packets)
		b.Packets = b.Packets[:k+1]
		p := &b.Packets[k]
		e.num++
		p.Num = e.num
		e.fit(p, s, at, b)
		of = append(of, m)
	}
	e.see(b.Packets, of)
	e.clock.reached(limit)
	b.Now = e.clock.real(limit)
	e.hold.drop(n, bytes)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.count.Packets = e.num
	e.count.Bytes += uint64(len(b.Buf))
	e.count.Skipped += skipped
}

// room empties a slice and gives it room for so many. Nothing is copied, as
// slices.Grow would, with all that is behind its end.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, max(n, 2*cap(s)))
	}
	return s[:0]
}

// fit fills a packet from a record.
func (e *ebpf) fit(p *capture.Packet, s *packets.Record, at *known, b *capture.Batch) {
	p.Time = e.clock.real(s.Time)
	p.WireLen = max(s.WireLen, uint32(s.Size))
	from := len(b.Buf)
	frame := e.hold.Frame(s)
	if s.HasVLAN && at.link == capture.LinkEthernet && s.Size >= addressesLen {
		b.Buf = appendTagged(b.Buf, frame, s.VLAN)
		p.WireLen += tagLen
	} else {
		b.Buf = append(b.Buf, frame...)
	}
	p.Frame = b.Buf[from:len(b.Buf):len(b.Buf)]
	p.Payload = nil
	p.If, p.Link = at.num, at.link
	p.Has, p.Segs = capture.HasSegs, max(s.Segs, 1)
	if p.Segs == 1 && s.SegSize > 0 {
		p.Segs = e.segments(p, uint32(s.SegSize))
	}
}

// segments works out how many a merged frame is made of: whoever made it for a
// virtual machine may have left that open (SKB_GSO_DODGY).
func (e *ebpf) segments(p *capture.Packet, size uint32) uint16 {
	e.dec.Decode(p)
	n := (p.PayloadLen + size - 1) / size
	p.Has, p.Payload = capture.HasSegs, nil
	return uint16(min(max(n, 1), 1<<16-1))
}

// see shows the packets of these records to who looks for their processes.
func (e *ebpf) see(ps []capture.Packet, of []mark) {
	if e.owners == nil {
		return
	}
	for _, i := range e.owners.strangers(ps) {
		s := &e.hold.Records[of[i].record]
		way := inward
		if s.Out {
			way = outward
		}
		e.owners.see(&ps[i], s.Cookie, way)
	}
}

// wake implements feed.
func (e *ebpf) wake() {
	e.woken.Store(true)
	e.program.Wake()
}

// interfaces implements feed.
func (e *ebpf) interfaces() []capture.Interface { return e.table.list() }

// everySecond implements feed.
func (e *ebpf) everySecond(tell func(capture.Note)) error {
	c, err := e.program.Counts()
	if err != nil || c.Unseen == e.told {
		return err
	}
	e.told = c.Unseen
	return e.program.Unseen(func(u packets.Unseen) { tell(e.tally(u)) })
}

// tally tells of packets that were counted.
func (e *ebpf) tally(u packets.Unseen) capture.Note {
	n := capture.Note{
		Kind: capture.NoteUnseen, Time: e.clock.real(u.Time), Count: u.Segs, Bytes: u.Bytes,
		Key: capture.Key{Src: u.Src, Dst: u.Dst, SrcPort: u.SrcPort, DstPort: u.DstPort, Proto: u.Proto},
	}
	e.table.place(&n, u.Ifindex)
	return n
}

// stats implements feed.
func (e *ebpf) stats() capture.Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh()
	return e.count
}

// refresh takes over the program's counters, as long as there is one. The caller
// holds mu.
func (e *ebpf) refresh() {
	if e.ended {
		return
	}
	if c, err := e.program.Counts(); err == nil {
		e.count.Lost, e.count.Unseen = c.Lost, c.UnseenSegs
	}
}

// close implements feed.
func (e *ebpf) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh()
	e.ended = true
	return e.program.Close()
}
