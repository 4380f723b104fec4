//go:build linux

package packets

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/cilium/ebpf/ringbuf"
)

// Of struct header in flow.h. The programs are for little-endian machines only.
const (
	headerBytes = 32
	maxRecord   = headerBytes + MaxWhole

	kindPacket = 1
	kindTally  = 2

	flagOut  = 1
	flagVLAN = 2
)

// MaxRecords and MaxBytes bound what a Next takes out of the ring (a record more,
// with the bytes). What stays in the cache until somebody deals with it costs less
// than few calls.
const (
	MaxRecords = 2048
	MaxBytes   = 1 << 20
)

// Record is a packet: what precedes its bytes, and where they are.
type Record struct {
	Header
	Off, Size int // in Block.Data
}

// Block is records in the order in which they came.
type Block struct {
	Records []Record
	Data    []byte
}

// Add adds a record and a copy of its bytes.
func (b *Block) Add(h Header, frame []byte) {
	b.Records = append(b.Records, Record{h, len(b.Data), len(frame)})
	b.Data = append(b.Data, frame...)
}

// Frame returns the bytes of a record, until the next Add.
func (b *Block) Frame(r *Record) []byte { return b.Data[r.Off : r.Off+r.Size] }

// Next waits for a record until the deadline and adds to b what is in the ring by
// then. It reports whether it left the ring empty. It allocates only where b has no
// room. After Close it returns [os.ErrClosed].
func (p *Program) Next(b *Block, deadline time.Time) (emptied bool, err error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	if p.ring.pages[0] == nil {
		return false, os.ErrClosed
	}
	records, bytes := len(b.Records)+MaxRecords, len(b.Data)+MaxBytes
	if p.ring.waiting() == 0 {
		if err := p.wait(b, deadline); err != nil {
			return false, err
		}
	}
	p.ring.begin()
	defer p.ring.free()
	for len(b.Records) < records && len(b.Data) < bytes {
		sample := p.ring.next()
		if sample == nil {
			return true, nil
		}
		p.add(b, sample)
	}
	return false, nil
}

// wait waits for the first record, which comes by way of who waited for it, until the
// deadline or Wake.
func (p *Program) wait(b *Block, deadline time.Time) error {
	for time.Now().Before(deadline) {
		// The reader waits for whole milliseconds, rounded down: the last part of
		// one would be spent asking again and again, two in a hundred of an idle core.
		p.reader.SetDeadline(deadline.Add(time.Millisecond))
		err := p.reader.ReadInto(&p.record)
		switch {
		case err == nil:
			p.add(b, p.record.RawSample)
			return nil
		case errors.Is(err, ringbuf.ErrFlushed):
			return nil
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
		// It may be the deadline of an earlier call, met only now that the ring is empty.
	}
	return nil
}

// add adds what a record of the ring says.
func (p *Program) add(b *Block, sample []byte) {
	switch kind, h := decode(sample); kind {
	case kindPacket:
		b.Add(h, sample[headerBytes:])
	case kindTally:
		p.heard(sample)
	}
}

// decode reads struct header.
func decode(b []byte) (kind uint8, h Header) {
	le := binary.LittleEndian
	_ = b[headerBytes-1]
	flags := b[30]
	return b[31], Header{
		Time:    le.Uint64(b[0:]),
		Cookie:  le.Uint64(b[8:]),
		Ifindex: le.Uint32(b[16:]),
		WireLen: le.Uint32(b[20:]),
		Segs:    le.Uint16(b[24:]),
		SegSize: le.Uint16(b[26:]),
		VLAN:    le.Uint16(b[28:]),
		HasVLAN: flags&flagVLAN != 0,
		Out:     flags&flagOut != 0,
	}
}

// Wake makes a Next that waits return, when it has read what is there. It may be
// called from any goroutine.
func (p *Program) Wake() { _ = p.reader.Flush() }
