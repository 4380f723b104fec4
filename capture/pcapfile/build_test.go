package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"chokepoint/capture"
)

// bothOrders runs a test in either byte order.
func bothOrders(t *testing.T, fn func(t *testing.T, o binary.AppendByteOrder)) {
	t.Run("little-endian", func(t *testing.T) { fn(t, binary.LittleEndian) })
	t.Run("big-endian", func(t *testing.T) { fn(t, binary.BigEndian) })
}

// pcapHead is a pcap file header, version 2.4.
func pcapHead(o binary.AppendByteOrder, magic, snaplen, link uint32) []byte {
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(o.AppendUint16(b, 2), 4)
	b = append(b, make([]byte, 8)...)
	return o.AppendUint32(o.AppendUint32(b, snaplen), link)
}

// pcapRecord is a pcap record with extra header bytes.
func pcapRecord(o binary.AppendByteOrder, seconds, fraction, wire uint32, frame []byte, extra int) []byte {
	b := o.AppendUint32(o.AppendUint32(nil, seconds), fraction)
	b = o.AppendUint32(o.AppendUint32(b, uint32(len(frame))), wire)
	b = append(b, make([]byte, extra)...)
	return append(b, frame...)
}

// block is a pcapng block around a body, which it pads.
func block(o binary.AppendByteOrder, kind uint32, body []byte) []byte {
	body = pad(bytes.Clone(body))
	total := uint32(len(body) + minBlock)
	b := append(o.AppendUint32(o.AppendUint32(nil, kind), total), body...)
	return o.AppendUint32(b, total)
}

func section(o binary.AppendByteOrder) []byte {
	b := o.AppendUint16(o.AppendUint16(o.AppendUint32(nil, byteOrderBig), 1), 0)
	return block(o, blockSection, o.AppendUint64(b, ^uint64(0)))
}

func ngOption(o binary.AppendByteOrder, code uint16, v []byte) []byte {
	return pad(append(o.AppendUint16(o.AppendUint16(nil, code), uint16(len(v))), v...))
}

func ngInterface(o binary.AppendByteOrder, link uint16, snaplen uint32, options ...[]byte) []byte {
	b := o.AppendUint32(o.AppendUint16(o.AppendUint16(nil, link), 0), snaplen)
	return block(o, blockInterface, append(b, bytes.Join(options, nil)...))
}

func enhanced(o binary.AppendByteOrder, iface uint32, units uint64, captured, wire uint32, frame []byte) []byte {
	b := o.AppendUint32(o.AppendUint32(o.AppendUint32(nil, iface), uint32(units>>32)), uint32(units))
	b = o.AppendUint32(o.AppendUint32(b, captured), wire)
	return block(o, blockEnhanced, append(b, frame...))
}

func simple(o binary.AppendByteOrder, wire uint32, frame []byte) []byte {
	return block(o, blockSimple, append(o.AppendUint32(nil, wire), frame...))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// got is what a capture came to.
type got struct {
	packets []capture.Packet // with their own copies of the frames
	ifs     []capture.Interface
	stats   capture.Stats
	err     error // nil for io.EOF
}

// readAll reads a capture to its end or error.
func readAll(r io.Reader) (g got) {
	n, err := New(r, "x", Options{})
	if err != nil {
		g.err = err
		return g
	}
	defer n.Close()
	var b capture.Batch
	for err = n.Read(&b); err == nil; err = n.Read(&b) {
		for _, p := range b.Packets {
			p.Frame = bytes.Clone(p.Frame)
			g.packets = append(g.packets, p)
		}
	}
	g.ifs, g.stats = n.Interfaces(), n.Stats()
	if err != io.EOF {
		g.err = err
	}
	return g
}

// wantFault checks that reading b stops at offset for a cause of this text.
func wantFault(t *testing.T, b []byte, offset int64, packets int, cause string) {
	t.Helper()
	g := readAll(bytes.NewReader(b))
	fault, ok := errors.AsType[*FileError](g.err)
	if !ok {
		t.Fatalf("error is %v, want a FileError about %q", g.err, cause)
	}
	if fault.Offset != offset || fault.Packets != uint64(packets) || len(g.packets) != packets || fault.Cause.Error() != cause {
		t.Errorf("%d packets delivered, then %v; want %d packets and byte %d: %s", len(g.packets), fault, packets, offset, cause)
	}
}

// frames returns what was captured, as strings.
func (g got) frames() (s []string) {
	for _, p := range g.packets {
		s = append(s, string(p.Frame))
	}
	return s
}
