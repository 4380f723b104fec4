//go:build linux

package live

import (
	"errors"
	"slices"
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
	// maxRecords and maxBytes bound what a Read takes out of the ring.
	maxRecords = 8192
	maxBytes   = 2 << 20
)

// ebpf is the feed from the eBPF program.
type ebpf struct {
	program program
	clocks  func() (boot uint64, real int64)
	clock   *clock
	table   *table
	owners  *owners // nil: nobody asks
	woken   atomic.Bool

	hold  hold
	spare []slot
	num   uint64
	dec   decode.Decoder
	aside capture.Packet // for what is not delivered

	told, unseen uint64 // what the program had counted when it was last asked; segments told of

	mu    sync.Mutex
	count capture.Stats
	ended bool
}

// read implements feed.
func (e *ebpf) read(b *capture.Batch) error {
	b.Buf = e.hold.begin(b.Buf)
	end := time.Now().Add(patience)
	for {
		err := e.fill(b, end)
		n := e.hold.ready()
		if err != nil {
			n = len(e.hold.order) // there will be no more to wait for
		}
		if n > 0 || err != nil || e.woken.Swap(false) || !time.Now().Before(end) {
			e.deliver(b, n)
			return err
		}
	}
}

// fill takes records out of the ring until it is empty. Only the first is waited
// for.
func (e *ebpf) fill(b *capture.Batch, end time.Time) error {
	deadline := time.Now().Add(glance)
	if len(e.hold.order) > 0 {
		deadline = deadline.Add(time.Duration(window) - glance)
	}
	if deadline.After(end) {
		deadline = end
	}
	now, room := deadline.Add(-time.Hour), len(b.Buf)+maxBytes
	for range maxRecords {
		from := len(b.Buf)
		r, buf, err := e.program.Next(b.Buf, deadline)
		switch {
		case errors.Is(err, packets.ErrNothing):
			e.hold.emptied, _ = e.clocks()
			return nil
		case err != nil:
			return err
		}
		b.Buf = e.tag(&r, buf, from)
		e.hold.add(r, from, len(b.Buf)-from)
		if len(b.Buf) > room {
			return nil
		}
		deadline = now
	}
	return nil
}

// tag puts the VLAN tag that the kernel keeps beside a frame back into it.
func (e *ebpf) tag(r *packets.Header, buf []byte, from int) []byte {
	if !r.HasVLAN || len(buf)-from < addressesLen {
		return buf
	}
	if at := e.table.find(r.Ifindex); at == nil || at.link != capture.LinkEthernet {
		return buf
	}
	r.WireLen += tagLen
	return insertTag(buf, from, r.VLAN)
}

// deliver makes the first n records packets.
func (e *ebpf) deliver(b *capture.Batch, n int) {
	b.Packets = slices.Grow(b.Packets, n)
	var bytes, skipped uint64
	for _, m := range e.hold.order[:n] {
		s := &e.hold.slots[m.slot]
		at := e.table.find(s.Ifindex)
		switch {
		case at == nil:
			skipped++
			continue
		case at.loop && s.Out:
			// What is sent to the host itself comes in again and counts then. Only
			// on its way out it has its socket with it.
			e.fit(&e.aside, s, at, b.Buf)
			e.see(&e.aside, s)
			continue
		}
		k := len(b.Packets)
		b.Packets = b.Packets[:k+1]
		p := &b.Packets[k]
		e.num++
		p.Num = e.num
		e.fit(p, s, at, b.Buf)
		e.see(p, s)
		bytes += uint64(s.size)
	}
	limit := e.hold.limit()
	if n > 0 {
		limit = max(limit, e.hold.order[n-1].time)
	}
	e.clock.reached(limit)
	b.Now = e.clock.real(limit)
	e.spare = e.hold.keep(n, b.Buf, e.spare)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.count.Packets = e.num
	e.count.Bytes += bytes
	e.count.Skipped += skipped
}

// fit fills a packet from a record.
func (e *ebpf) fit(p *capture.Packet, s *slot, at *known, buf []byte) {
	p.Time = e.clock.real(s.Time)
	p.Frame = buf[s.off : s.off+s.size : s.off+s.size]
	p.Payload = nil
	p.WireLen = max(s.WireLen, uint32(s.size))
	p.If, p.Link, p.Has = at.num, at.link, 0
	p.Segs = max(s.Segs, 1)
	if p.Segs == 1 && s.SegSize > 0 {
		p.Segs = e.segments(p, uint32(s.SegSize))
	}
}

// segments works out how many a merged frame is made of: whoever made it for a
// virtual machine may have left that open (SKB_GSO_DODGY).
func (e *ebpf) segments(p *capture.Packet, size uint32) uint16 {
	e.dec.Decode(p)
	n := (p.PayloadLen + size - 1) / size
	p.Has, p.Payload = 0, nil
	return uint16(min(max(n, 1), 1<<16-1))
}

func (e *ebpf) see(p *capture.Packet, s *slot) {
	if e.owners == nil {
		return
	}
	way := inward
	if s.Out {
		way = outward
	}
	e.owners.see(p, s.Cookie, way)
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
	err = e.program.Unseen(func(u packets.Unseen) { tell(e.tally(u)) })
	e.mu.Lock()
	defer e.mu.Unlock()
	// Of flows that the kernel had to forget there are only frames.
	e.count.Unseen = max(e.count.Unseen, c.Unseen, e.unseen)
	return err
}

// tally tells of packets that were counted.
func (e *ebpf) tally(u packets.Unseen) capture.Note {
	e.unseen += uint64(u.Segs)
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
		e.count.Lost, e.count.Unseen = c.Lost, max(e.count.Unseen, c.Unseen)
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
