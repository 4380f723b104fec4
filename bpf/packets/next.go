//go:build linux

package packets

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
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

// Next waits for a record until the deadline. It appends the packet's bytes to buf
// and returns the longer slice; the bytes are those behind the old length. While it
// runs, the last 32 bytes before that change and change back. It allocates only
// where buf has no room for the longest record.
func (p *Program) Next(buf []byte, deadline time.Time) (Header, []byte, error) {
	if !deadline.Equal(p.deadline) {
		p.deadline = deadline
		p.reader.SetDeadline(deadline)
	}
	for {
		kind, h, grown, err := p.next(buf)
		switch {
		case err == nil && kind == kindPacket:
			return h, grown, nil
		case err == nil:
			buf = grown[:len(buf)]
		case errors.Is(err, os.ErrDeadlineExceeded):
			// It may be that of an earlier call, met only now that the ring is empty.
			if !time.Now().Before(deadline) {
				return Header{}, buf, ErrNothing
			}
		case errors.Is(err, ringbuf.ErrFlushed):
			return Header{}, buf, ErrNothing
		default:
			return Header{}, buf, err
		}
	}
}

// next reads a record of any kind. The ring's reader copies it whole, header first:
// it is read to where its bytes, not its header, come to lie behind those of buf,
// over the last bytes of buf, which are put back.
func (p *Program) next(buf []byte) (kind uint8, h Header, grown []byte, err error) {
	n := len(buf)
	buf = slices.Grow(buf, maxRecord)
	start := max(n-headerBytes, 0)
	var kept [headerBytes]byte
	copy(kept[:], buf[start:n])
	p.record.RawSample = buf[start:start:cap(buf)]
	if err := p.reader.ReadInto(&p.record); err != nil {
		return 0, h, buf, err
	}
	sample := p.record.RawSample
	if kind, h = decode(sample); kind == kindTally {
		p.heard(sample)
	}
	end := start + len(sample)
	if short := headerBytes - (n - start); short > 0 {
		// No room before it yet: only with the first record of a buffer.
		copy(buf[n:cap(buf)], sample[headerBytes:])
		end = n + len(sample) - headerBytes
	}
	copy(buf[start:n], kept[:])
	return kind, h, buf[:end], nil
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

// Wake makes a Next that waits return ErrNothing, when it has read what is there.
// It may be called from any goroutine.
func (p *Program) Wake() { _ = p.reader.Flush() }
