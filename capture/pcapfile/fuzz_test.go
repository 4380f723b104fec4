package pcapfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"unsafe"

	"chokepoint/capture"
)

// FuzzReader holds the law of reading foreign bytes: no panic; every frame lies
// in its batch's buffer and is no longer than its wire length; numbers rise;
// times are bounded; interfaces exist; the end is io.EOF or a FileError inside
// the stream; buffers grow with the input and not with what it claims.
func FuzzReader(f *testing.F) {
	le, be := binary.LittleEndian, binary.BigEndian
	f.Add(sample(3))
	f.Add(pcapHead(be, magicNanos, 0xffffffff, 1<<26|2<<28|1))
	f.Add(join(pcapHead(be, magicModified, 1, 113), pcapRecord(be, 1, 2, 3, []byte("abc"), 8)))
	f.Add(join(section(le), ngInterface(le, 1, 3, ngOption(le, ifTsresol, []byte{0x89}), ngOption(le, ifFcslen, []byte{4})),
		enhanced(le, 0, 1<<40, 6, 6, []byte("frames")), simple(le, 4, []byte("abcd")), section(be), ngInterface(be, 101, 0), simple(be, 1, []byte("x"))))
	f.Add(write(f, evidence...))
	f.Add(gzipped(f, sample(2)))
	f.Add(zstandard(f, sample(2)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		law(t, b)
		runtime.ReadMemStats(&after)
		// Two chunks, a batch of packets, a decompressor with its window; and a
		// compressed record may be a thousand times its input.
		if n, most := after.TotalAlloc-before.TotalAlloc, uint64(24<<20+8192*len(b)); n > most {
			t.Errorf("%d bytes allocated for %d of input", n, len(b))
		}
	})
}

func law(t *testing.T, in []byte) {
	r, err := New(bytes.NewReader(in), "x", Options{})
	if err != nil {
		if _, ok := errors.AsType[*FileError](err); !ok {
			t.Fatalf("error of type %T", err)
		}
		return
	}
	defer r.Close()
	var b capture.Batch
	var last uint64
	for err = r.Read(&b); err == nil; err = r.Read(&b) {
		if len(b.Packets) == 0 || len(b.Packets) > MaxBatch {
			t.Fatalf("batch of %d packets", len(b.Packets))
		}
		for i := range b.Packets {
			last = checkPacket(t, r, &b, &b.Packets[i], last)
		}
	}
	if fault, ok := errors.AsType[*FileError](err); err != io.EOF && (!ok || fault.Offset < 0 || fault.Packets != r.Records()) {
		t.Fatalf("ends with %v", err)
	}
}

func checkPacket(t *testing.T, r *Reader, b *capture.Batch, p *capture.Packet, last uint64) uint64 {
	if p.Num <= last || p.Num > r.Records() || p.Has != 0 {
		t.Fatalf("packet %d after %d of %d, has %b", p.Num, last, r.Records(), p.Has)
	}
	if len(p.Frame) > int(p.WireLen) || cap(p.Frame) != len(p.Frame) {
		t.Fatalf("frame of %d, room for %d, %d on the wire", len(p.Frame), cap(p.Frame), p.WireLen)
	}
	if p.Time > maxTime || p.Time < -maxTime || int(p.If) >= len(r.Interfaces()) || !p.Link.Supported() {
		t.Fatalf("packet %+v", p)
	}
	if len(p.Frame) > 0 {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(b.Buf)))
		at := uintptr(unsafe.Pointer(&p.Frame[0]))
		if at < start || at+uintptr(len(p.Frame)) > start+uintptr(len(b.Buf)) {
			t.Fatal("frame outside its batch's buffer")
		}
	}
	return p.Num
}
