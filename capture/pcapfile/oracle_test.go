package pcapfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"chokepoint/capture"
	"chokepoint/internal/corpora"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"github.com/ulikunitz/xz"
)

// oraclePacket is a packet as gopacket reads it.
type oraclePacket struct {
	num  uint64
	ns   int64
	wire int
	link capture.LinkType
	data []byte
}

// oracleRead reads a capture with gopacket as far as it gets. Its panics are
// errors here.
func oracleRead(b []byte, fn func(oraclePacket) bool) (n uint64, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	next, err := oracleOpen(b)
	for err == nil {
		var data []byte
		var ci gopacket.CaptureInfo
		var link capture.LinkType
		if data, ci, link, err = next(); err != nil {
			break
		}
		n++
		p := oraclePacket{n, ci.Timestamp.UnixNano(), ci.Length, link, data}
		if ci.Timestamp.IsZero() {
			p.ns = 0
		}
		if !fn(p) {
			return n, io.EOF
		}
	}
	return n, err
}

type oracleNext func() ([]byte, gopacket.CaptureInfo, capture.LinkType, error)

func oracleOpen(b []byte) (oracleNext, error) {
	if bytes.HasPrefix(b, []byte{0x0a, 0x0d, 0x0d, 0x0a}) {
		r, err := pcapgo.NewNgReader(bytes.NewReader(b), pcapgo.NgReaderOptions{WantMixedLinkType: true})
		if err != nil {
			return nil, err
		}
		return func() ([]byte, gopacket.CaptureInfo, capture.LinkType, error) {
			data, ci, err := r.ReadPacketData()
			var link capture.LinkType
			if err == nil && len(ci.AncillaryData) > 0 {
				// gopacket keeps eight bits of it.
				link = capture.LinkType(ci.AncillaryData[0].(layers.LinkType))
			}
			return data, ci, link, err
		}, nil
	}
	r, err := pcapgo.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	link := uint16(b[20]) | uint16(b[21])<<8
	if b[0] == 0xa1 {
		link = uint16(b[23]) | uint16(b[22])<<8
	}
	return func() ([]byte, gopacket.CaptureInfo, capture.LinkType, error) {
		data, ci, err := r.ReadPacketData()
		return data, ci, capture.LinkType(link), err
	}, nil
}

// corpusFile reads a file of the corpora, decompressed by other libraries than
// ours. limit cuts off what xz files have more.
func corpusFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = bufio.NewReader(f)
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(r)
	case ".xz":
		r, err = xz.NewReader(r)
		limit = 4 << 20
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, limit))
}

// oursRead reads a capture with this package as far as it gets.
func oursRead(r io.Reader, name string, b *capture.Batch, fn func(*capture.Packet)) (*Reader, error) {
	n, err := New(r, name, Options{})
	if err != nil {
		return nil, err
	}
	defer n.Close()
	for {
		if err := n.Read(b); err != nil {
			return n, err
		}
		for i := range b.Packets {
			fn(&b.Packets[i])
		}
	}
}

// difference compares the two readings of a capture.
type difference struct {
	t       *testing.T
	path    string
	batch   capture.Batch
	compare uint64
	wrong   int
}

func (d *difference) run(b []byte) (ours, theirs error, n uint64) {
	var expect []oraclePacket
	n, theirs = oracleRead(b, func(p oraclePacket) bool {
		expect = append(expect, p)
		return true
	})
	r, ours := oursRead(bytes.NewReader(b), d.path, &d.batch, func(p *capture.Packet) {
		if p.Num <= n {
			d.same(p, expect[p.Num-1])
		}
	})
	if r == nil {
		return ours, theirs, n
	}
	switch got := r.Records(); {
	case theirs == io.EOF && ours == io.EOF && got != n:
		d.t.Errorf("%s: %d records, gopacket reads %d", d.path, got, n)
	case got < n && theirs != io.EOF:
		d.t.Errorf("%s: stops after %d records, gopacket gets to %d", d.path, got, n)
	}
	return ours, theirs, n
}

// timesDiffer lists the captures whose times gopacket gets wrong, and why.
var timesDiffer = map[string]string{
	"ndpi/cfgs/default/pcap/fuzz-2021-06-07-c6c72a0a56.pcap": "a fraction of 4 billion microseconds wraps in its 32 bits",
	"ndpi-2021/tests/pcap/fuzz-2021-06-07-c6c72a0a56.pcap":   "the same file",
	"nfstream/tests/pcaps/dhcp_little_endian.pcapng":         "its times lie in the year 151000, which wraps in its 64 bits",
}

func (d *difference) same(p *capture.Packet, o oraclePacket) {
	d.compare++
	switch {
	case timesDiffer[d.path] != "":
		p.Time = o.ns
	}
	switch {
	case p.Num != o.num, uint8(p.Link) != uint8(o.link), !bytes.Equal(p.Frame, o.data),
		int(p.WireLen) != max(o.wire, len(o.data)), o.ns != 0 && p.Time != o.ns:
		if d.wrong++; d.wrong <= 3 {
			d.t.Errorf("%s: packet %d at %d, %d/%d bytes, %v; gopacket: %d at %d, %d/%d bytes, %v", d.path,
				p.Num, p.Time, len(p.Frame), p.WireLen, p.Link, o.num, o.ns, len(o.data), o.wire, o.link)
		}
	}
}

func TestReadsForeignCapturesAsGopacketDoes(t *testing.T) {
	var files, packets, refusedByBoth, onlyOurs, onlyTheirs int
	var xzs int
	d := difference{t: t}
	for _, f := range corpora.Captures(t) {
		compressed := filepath.Ext(f.Path) == ".xz"
		if compressed {
			if xzs++; xzs > 3 { // unpacking takes longer than all else
				continue
			}
		}
		b, err := corpusFile(f.Path, 1<<30)
		if err != nil || len(b) < 4 {
			t.Logf("%s: unpack: %v", f.Path, err)
			continue
		}
		if k, _ := identify(b[:min(len(b), sniffLen)]); k != pcapKind && k != pcapngKind {
			continue
		}
		if compressed {
			b = b[:len(b)-1] // surely inside a record
		}
		d.path, d.wrong = f.Name, 0
		ours, theirs, n := d.run(b)
		files++
		packets += int(n)
		switch {
		case ours == io.EOF && theirs == io.EOF:
		case ours == io.EOF:
			onlyOurs++
			t.Logf("only ours reads %s: %v", d.path, theirs)
		case theirs == io.EOF:
			onlyTheirs++
			if _, ok := errors.AsType[*LinkError](ours); !ok { // the one cause there is
				t.Errorf("only gopacket reads %s: %v", d.path, ours)
			}
		default:
			refusedByBoth++
			t.Logf("both stop: %v / %v", ours, theirs)
		}
	}
	t.Logf("%d files, %d packets, %d compared; %d only we read, %d only gopacket (link types), %d neither",
		files, packets, d.compare, onlyOurs, onlyTheirs, refusedByBoth)
}
