package pcapfile

import (
	"io"
	"os"
	"sync/atomic"

	"chokepoint/capture"
)

// MaxBatch is the number of packets Read puts into a batch at most: enough that
// the cost of handing a batch over vanishes, few enough that its packets stay in
// a core's L2 cache while they are decoded.
const MaxBatch = 1024

// Options chooses how a capture is read. The zero value is right for most.
type Options struct {
	BatchPackets int // packets in a batch at most; 0 is MaxBatch
}

// Reader is a capture file or stream as a [capture.Source]. Its methods are for
// one goroutine, but Progress may be called from any.
type Reader struct {
	name   string
	outer  kind // what the stream was compressed with, unknown if it was not
	inner  kind
	format format
	stream stream
	raw    *counter
	closer func() error
	batch  int
	total  int64

	off     int64  // of the next record in the decompressed stream
	num     uint64 // records read
	stats   capture.Stats
	err     error // what every further Read returns
	latest  int64 // time of the last packet delivered, ns
	release func()
}

// Open opens a capture file; "-" is standard input, which Close leaves open.
// Errors about the content are of type [*FileError].
func Open(path string, opt Options) (*Reader, error) {
	if path == "-" {
		return New(os.Stdin, "standard input", opt)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := New(f, path, opt)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f.Close
	return r, nil
}

// New reads a capture from r, which it calls name in errors. It waits for the
// file header, and leaves r open.
func New(r io.Reader, name string, opt Options) (*Reader, error) {
	n := &Reader{name: name, raw: &counter{r: r}, batch: opt.BatchPackets, release: func() {}}
	if n.batch <= 0 {
		n.batch = MaxBatch
	}
	n.stream.want = min(chunk, max(minWant, n.batch*chunk/MaxBatch))
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			n.total, n.stream.eager = info.Size(), true
		}
	}
	if err := n.start(); err != nil {
		n.release()
		return nil, n.fault(err)
	}
	return n, nil
}

// Read fills b as [capture.Source] says, with at most MaxBatch packets. It asks
// the stream once, again only for the rest of a record, so that a live pipe
// delivers at once; regular files are read in larger pieces. Errors are io.EOF
// or a [*FileError], and come with no packets.
func (r *Reader) Read(b *capture.Batch) error {
	b.Packets = b.Packets[:0]
	if r.err != nil {
		return r.err
	}
	if cap(b.Packets) < r.batch {
		b.Packets = make([]capture.Packet, 0, r.batch)
	}
	buf := r.stream.begin(b.Buf)
	used := 0
	for r.err == nil {
		n, need := r.cut(b, buf[used:])
		used += n
		if len(b.Packets) > 0 || r.err != nil {
			break
		}
		if r.stream.end != nil {
			r.err = r.finish(buf[used:], need)
			break
		}
		buf, used = r.stream.fill(buf, used, need)
	}
	b.Buf = buf
	r.stream.keep(buf, used, len(b.Packets) == r.batch)
	if len(b.Packets) > 0 {
		b.Now = r.latest
		return nil
	}
	return r.err
}

// cut moves the complete records at the start of buf into b. It returns how
// many bytes they are and how many the next one needs, if that is known.
func (r *Reader) cut(b *capture.Batch, buf []byte) (used, need int) {
	for len(b.Packets) < r.batch {
		k := len(b.Packets)
		p := &b.Packets[:k+1][k]
		size, what, err := r.format.next(buf[used:], p)
		if err != nil {
			r.err = r.fault(err)
			return used, 0
		}
		switch what {
		case more:
			return used, size
		case packet:
			r.num++
			p.Num, p.Has = r.num, 0
			r.stats.Packets++
			r.stats.Bytes += uint64(len(p.Frame))
			r.latest = p.Time
			b.Packets = b.Packets[:k+1]
		case skipped:
			r.num++
			r.stats.Skipped++
		}
		used += size
		r.off += int64(size)
	}
	return used, 0
}

// finish tells what it means that the stream ended with rest left over.
func (r *Reader) finish(rest []byte, need int) error {
	switch {
	case r.stream.end != io.EOF:
		r.off += int64(len(rest))
		return r.fault(streamError(r.outer, r.stream.end))
	case len(rest) > 0:
		return r.fault(cutShort{what: r.format.part(rest), have: len(rest), want: need})
	}
	if err := unusable(r.format.interfaces()); err != nil {
		return r.fault(err)
	}
	return io.EOF
}

// unusable returns an error when there are interfaces and none of them is of a
// link type that can be decoded.
func unusable(ifs []capture.Interface) error {
	for _, i := range ifs {
		if i.Link.Supported() {
			return nil
		}
	}
	if len(ifs) == 0 {
		return nil
	}
	return &LinkError{Link: ifs[0].Link}
}

func (r *Reader) fault(cause error) error {
	return &FileError{Name: r.name, Offset: r.off, Packets: r.num, Decompressed: r.outer != unknown, Cause: cause}
}

// Interfaces lists the interfaces described so far, of all sections. Their
// Dropped grows as statistics are read.
func (r *Reader) Interfaces() []capture.Interface { return r.format.interfaces() }

// Stats counts what was read. Dropped is what the file says of its interfaces.
func (r *Reader) Stats() capture.Stats {
	s := r.stats
	for _, i := range r.format.interfaces() {
		s.Dropped += i.Dropped
	}
	return s
}

// Records returns how many packet records were read, skipped ones included: the
// last packet number given.
func (r *Reader) Records() uint64 { return r.num }

// Format names the format and what it was compressed with: "pcapng", "pcap in
// gzip".
func (r *Reader) Format() string {
	if r.outer == unknown {
		return r.inner.String()
	}
	return r.inner.String() + " in " + r.outer.String()
}

// Progress returns how many bytes of the file, as it lies on disk, were read,
// and its size, 0 if it is not known. It may be called while Read runs.
func (r *Reader) Progress() (done, total int64) { return r.raw.n.Load(), r.total }

// Close closes what Open opened. No Read may be running.
func (r *Reader) Close() error {
	r.release()
	if r.closer == nil {
		return nil
	}
	return r.closer()
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}
