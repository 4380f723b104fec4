package pcapfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"chokepoint/capture"
)

// Options that only the writer needs (draft-ietf-opsawg-pcapng sections 3.5 and
// 4.3).
const (
	optComment  = 1
	epbPacketID = 5
	// writeBuffer is how much is written at once: recordings of busy links come
	// here too.
	writeBuffer = 64 << 10
	// maxOption is the longest option value, as its length has 16 bits.
	maxOption = 1<<16 - 1
	// nanoTsresol is if_tsresol for nanoseconds.
	nanoTsresol = 9
)

// Record is one packet to be written.
type Record struct {
	Time    int64 // ns since the epoch, not before it
	If      uint16
	Frame   []byte
	WireLen uint32 // below len(Frame): taken for len(Frame)
	ID      uint64 // written as epb_packetid unless 0
	Comment string // written as opt_comment unless empty
}

// Writer writes a pcapng file of one little-endian section with nanosecond
// times. The same calls give the same bytes. Errors of the underlying writer
// come from the call that met them or from Flush.
type Writer struct {
	w     *bufio.Writer
	ifs   int
	size  int64
	block []byte // reused
}

// NewWriter starts a pcapng file with these interfaces. Call Flush at the end.
func NewWriter(w io.Writer, ifs []capture.Interface) (*Writer, error) {
	n := &Writer{w: bufio.NewWriterSize(w, writeBuffer)}
	b := n.begin(blockSection)
	b = le32(b, byteOrderBig)
	b = le16(le16(b, 1), 0) // version 1.0
	b = le64(b, ^uint64(0)) // section length not given
	if err := n.end(b); err != nil {
		return nil, err
	}
	for _, i := range ifs {
		if err := n.Describe(i); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// Describe adds an interface to those that [NewWriter] was given; Record.If counts
// them all.
func (n *Writer) Describe(i capture.Interface) error {
	if n.ifs == maxInterface {
		return fmt.Errorf("describe interface: more than %d", maxInterface)
	}
	n.ifs++
	b := n.begin(blockInterface)
	b = le16(le16(b, uint16(i.Link)), 0)
	b = le32(b, i.Snaplen)
	if i.Name != "" {
		b = option(b, ifName, i.Name)
	}
	if i.Filter != "" {
		b = option(b, ifFilter, "\x00"+i.Filter)
	}
	b = option(b, ifTsresol, string([]byte{nanoTsresol}))
	return n.end(option(b, optEnd, ""))
}

// Write writes a packet.
func (n *Writer) Write(r Record) error {
	if int(r.If) >= n.ifs {
		return fmt.Errorf("write packet: interface %d of %d", r.If, n.ifs)
	}
	if len(r.Frame) > maxRecord-2*maxOption {
		return fmt.Errorf("write packet: %d bytes are too long", len(r.Frame))
	}
	b := n.begin(blockEnhanced)
	b = n.stamp(le32(b, uint32(r.If)), r.Time)
	b = le32(b, uint32(len(r.Frame)))
	b = le32(b, max(r.WireLen, uint32(len(r.Frame))))
	b = pad(append(b, r.Frame...))
	if r.Comment != "" {
		b = option(b, optComment, r.Comment)
	}
	if r.ID != 0 {
		b = option(b, epbPacketID, string(le64(nil, r.ID)))
	}
	if r.Comment != "" || r.ID != 0 {
		b = option(b, optEnd, "")
	}
	return n.end(b)
}

// WriteDrops notes that the kernel has dropped so many packets of an interface
// from the start of the capture until now, ns since the epoch.
func (n *Writer) WriteDrops(iface uint16, now int64, dropped uint64) error {
	if int(iface) >= n.ifs {
		return fmt.Errorf("write statistics: interface %d of %d", iface, n.ifs)
	}
	b := n.stamp(le32(n.begin(blockStatistics), uint32(iface)), now)
	b = option(b, isbIfdrop, string(le64(nil, dropped)))
	return n.end(option(b, optEnd, ""))
}

// Size returns how many bytes the file has, those included that are still
// buffered: the end of its last block.
func (n *Writer) Size() int64 { return n.size }

// Flush writes out what is buffered.
func (n *Writer) Flush() error { return n.w.Flush() }

// begin starts a block, leaving room for its length.
func (n *Writer) begin(kind uint32) []byte {
	return le32(le32(n.block[:0], kind), 0)
}

// end completes a block with its length in both places.
func (n *Writer) end(b []byte) error {
	n.block = b
	total := uint32(len(b) + 4)
	binary.LittleEndian.PutUint32(b[4:], total)
	n.block = le32(b, total)
	n.size += int64(len(n.block))
	_, err := n.w.Write(n.block)
	return err
}

// stamp appends a time as the upper, then the lower 32 bits.
func (n *Writer) stamp(b []byte, t int64) []byte {
	u := uint64(max(t, 0))
	return le32(le32(b, uint32(u>>32)), uint32(u))
}

// option appends an option, cutting what is too long.
func option(b []byte, code uint16, v string) []byte {
	v = v[:min(len(v), maxOption)]
	return pad(append(le16(le16(b, code), uint16(len(v))), v...))
}

// pad fills a block up to a multiple of 32 bits.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func le16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }
func le32(b []byte, v uint32) []byte { return binary.LittleEndian.AppendUint32(b, v) }
func le64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }
