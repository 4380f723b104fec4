package pcapfile

import (
	"bytes"
	"encoding/binary"
	"io"
	"path/filepath"
	"testing"

	"chokepoint/capture"
)

// endless is a capture that goes on forever: the same records again and again.
type endless struct {
	head, records []byte
	at            int
	wrapped       bool
}

func (e *endless) Read(b []byte) (int, error) {
	if !e.wrapped {
		if e.at == len(e.head) {
			e.at, e.wrapped = 0, true
		} else {
			n := copy(b, e.head[e.at:])
			e.at += n
			return n, nil
		}
	}
	n := copy(b, e.records[e.at:])
	e.at = (e.at + n) % len(e.records)
	return n, nil
}

// mixed is 1000 records with frames of 388 bytes on average, 60 to 1514, which
// is the mean of mixed traffic.
func mixed(ng bool) *endless {
	o := binary.LittleEndian
	e := &endless{head: pcapHead(o, magicMicros, 262144, 1)}
	if ng {
		e.head = join(section(o), ngInterface(o, 1, 262144))
	}
	for i := range 1000 {
		frame := make([]byte, 60)
		if i%4 == 0 {
			frame = make([]byte, 1372)
		}
		if ng {
			e.records = append(e.records, enhanced(o, 0, uint64(i), uint32(len(frame)), uint32(len(frame)), frame)...)
		} else {
			e.records = append(e.records, pcapRecord(o, 1, uint32(i), uint32(len(frame)), frame, 0)...)
		}
	}
	return e
}

func TestReadingAllocatesNothingInSteadyState(t *testing.T) {
	for name, ng := range map[string]bool{"pcap": false, "pcapng": true} {
		r, err := New(mixed(ng), name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var b capture.Batch
		read := func() {
			if err := r.Read(&b); err != nil || len(b.Packets) == 0 {
				t.Fatalf("%d packets, %v", len(b.Packets), err)
			}
		}
		for range 10 {
			read()
		}
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations a batch", name, n)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for name, ng := range map[string]bool{"pcap": false, "pcapng": true} {
		b.Run(name, func(b *testing.B) { benchmark(b, mixed(ng)) })
	}
	b.Run("file", func(b *testing.B) {
		m := mixed(false)
		path := filepath.Join(folder(b, map[string][]byte{"x": join(m.head, bytes.Repeat(m.records, 200))}), "x")
		var batch capture.Batch
		packets := 0
		for packets < b.N {
			r, err := Open(path, Options{})
			for ; err == nil; err = r.Read(&batch) {
				packets += len(batch.Packets)
			}
			if err != io.EOF {
				b.Fatal(err)
			}
			r.Close()
			batch.Packets = batch.Packets[:0]
		}
		b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpkt/s")
	})
	once := mixed(false)
	file := join(once.head, bytes.Repeat(once.records, 100))
	for name, packed := range map[string][]byte{"gzip": gzipped(b, file), "zstd": zstandard(b, file)} {
		b.Run(name, func(b *testing.B) {
			benchmark(b, &again{b: packed})
		})
	}
}

// again restarts a compressed capture by opening it anew.
type again struct {
	b []byte
	r bytes.Reader
}

func (a *again) Read(p []byte) (int, error) { return a.r.Read(p) }

func benchmark(b *testing.B, src io.Reader) {
	var batch capture.Batch
	var r *Reader
	packets, size := 0, uint64(0)
	for packets < b.N {
		if r == nil {
			if a, ok := src.(*again); ok {
				a.r.Reset(a.b)
			}
			var err error
			if r, err = New(src, "x", Options{}); err != nil {
				b.Fatal(err)
			}
		}
		err := r.Read(&batch)
		if err == io.EOF {
			r = nil
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		packets += len(batch.Packets)
		for i := range batch.Packets {
			size += uint64(len(batch.Packets[i].Frame))
		}
	}
	b.SetBytes(int64(size) / int64(packets))
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpkt/s")
}
