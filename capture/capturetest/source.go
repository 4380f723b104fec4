package capturetest

import (
	"io"
	"slices"

	"chokepoint/capture"
)

// Poison is the byte that all memory of a batch is filled with before the batch
// is used again.
const Poison = 0xdb

// Source replays packets. Fill the fields before the first Read. It is for one
// goroutine, and for one replay: make a new one for the next.
type Source struct {
	Packets []capture.Packet    // in capture order; numbered from 1 where Num is 0
	Ifs     []capture.Interface // what Packet.If indexes; nil: one, of the first packet's link type
	Notes   []capture.Note      // by time; each comes with the batch whose last packet is later, or at the end
	Batch   int                 // packets in a batch at most; 0: all
	Idle    []int64             // after the packets, one empty batch for each, with this as Now, ns
	Err     error               // how the input ends; nil: io.EOF
	Dropped uint64              // what Stats reports as lost by the kernel
	Lost    uint64              // what Stats reports as lost by us

	next, idle int // how much of Packets and Idle was read
	noted      int // and of Notes
	bytes      uint64
	now        int64
	lent       map[*capture.Batch][][]byte // what each batch leads to
	closed     bool
}

var _ capture.Source = (*Source)(nil)

// Read fills b with copies of the next packets. At the end it returns Err or
// io.EOF, again and again, and no packets.
func (s *Source) Read(b *capture.Batch) error {
	s.poison(b)
	if s.closed {
		return io.ErrClosedPipe
	}
	if s.next < len(s.Packets) {
		s.fill(b)
		return nil
	}
	if s.idle < len(s.Idle) {
		s.now = max(s.now, s.Idle[s.idle])
		b.Now = s.now
		s.idle++
		return nil
	}
	b.Now = s.now
	if s.Err != nil {
		return s.Err
	}
	return io.EOF
}

// fill copies the next packets into b.
func (s *Source) fill(b *capture.Batch) {
	n := len(s.Packets) - s.next
	if s.Batch > 0 {
		n = min(n, s.Batch)
	}
	for i, p := range s.Packets[s.next : s.next+n] {
		if p.Num == 0 {
			p.Num = uint64(s.next + i + 1)
		}
		s.now = max(s.now, p.Time)
		s.bytes += uint64(len(p.Frame))
		p.Frame, p.Payload = s.lend(b, p.Frame), s.lend(b, p.Payload)
		b.Packets = append(b.Packets, p)
	}
	s.next += n
	b.Now = s.now
	for s.noted < len(s.Notes) && (s.next == len(s.Packets) || s.Notes[s.noted].Time < s.now) {
		b.Notes = append(b.Notes, s.Notes[s.noted])
		s.noted++
	}
}

// lend copies bytes into the memory of b; nil stays nil.
func (s *Source) lend(b *capture.Batch, p []byte) []byte {
	if p == nil {
		return nil
	}
	from := len(b.Buf)
	b.Buf = append(b.Buf, p...)
	kept := b.Buf[from:len(b.Buf):len(b.Buf)]
	s.lent[b] = append(s.lent[b], kept)
	return kept
}

// poison empties b for the next packets and overwrites all that it led to, also
// what b.Buf left behind when it grew. Other batches stay valid.
func (s *Source) poison(b *capture.Batch) {
	for _, p := range s.lent[b] {
		for i := range p {
			p[i] = Poison
		}
	}
	if s.lent == nil {
		s.lent = map[*capture.Batch][][]byte{}
	}
	s.lent[b], b.Packets, b.Notes, b.Buf = s.lent[b][:0], b.Packets[:0], b.Notes[:0], b.Buf[:0]
}

// Interfaces returns Ifs, or one interface made up for the packets.
func (s *Source) Interfaces() []capture.Interface {
	if s.Ifs == nil && len(s.Packets) > 0 {
		s.Ifs = []capture.Interface{{Name: "test0", Link: s.Packets[0].Link}}
	}
	return s.Ifs
}

// Stats counts what was read so far.
func (s *Source) Stats() capture.Stats {
	return capture.Stats{Packets: uint64(s.next), Bytes: s.bytes, Dropped: s.Dropped, Lost: s.Lost}
}

// Close makes further reads fail.
func (s *Source) Close() error {
	s.closed = true
	return nil
}

// Load reads a source to its end and returns its packets, with memory of their
// own, and its interfaces. It does not close the source. The error is nil for
// io.EOF; the packets before another error are valid beside it.
func Load(src capture.Source) ([]capture.Packet, []capture.Interface, error) {
	var packets []capture.Packet
	var b capture.Batch
	for {
		err := src.Read(&b)
		for _, p := range b.Packets {
			p.Frame, p.Payload = slices.Clone(p.Frame), slices.Clone(p.Payload)
			packets = append(packets, p)
		}
		switch err {
		case nil:
			continue
		case io.EOF:
			err = nil
		}
		return packets, src.Interfaces(), err
	}
}
