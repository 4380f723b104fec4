//go:build linux

package afpacket

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
)

// fakeBlock is the size of the blocks of a fake ring, bytes.
const fakeBlock = 1 << 12

// fake is a source whose rings the test writes, as the kernel would.
func fake(rings, blocks int) *Source {
	s := &Source{conf: Config{Snap: 256}, wake: -1}
	for i := range rings {
		words := make([]uint64, blocks*fakeBlock/8) // aligned
		t := &tap{link: capture.LinkEthernet, snap: 256, index: uint16(i)}
		t.ring = ring{fd: -1, mem: unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), blocks*fakeBlock), block: fakeBlock, left: make([]int, blocks)}
		s.taps = append(s.taps, t)
		s.ifs = append(s.ifs, capture.Interface{Link: capture.LinkEthernet})
	}
	return s
}

// put hands a block over with frames of these times, ns.
func (r *ring) put(block int, times ...int64) {
	const size = 128
	h := r.header(block)
	h.Num_pkts, h.Offset_to_first_pkt = uint32(len(times)), 64
	for i, at := range times {
		f := r.frame(block*r.block + 64 + i*size)
		*f = unix.Tpacket3Hdr{Next_offset: size, Sec: uint32(at / 1e9), Nsec: uint32(at % 1e9), Snaplen: 14, Len: 14, Mac: 100}
	}
	h.Block_status = unix.TP_STATUS_USER
}

// owned counts the blocks that are not the kernel's.
func (r *ring) owned() (n int) {
	for i := range r.left {
		n += int(r.header(i).Block_status & unix.TP_STATUS_USER)
	}
	return n
}

// at reads what is due at a time, and returns the packets' times.
func (s *Source) at(now int64) (times []int64, reached int64) {
	var b capture.Batch
	prepare(&b, s.conf.Snap)
	for _, t := range s.taps {
		t.take()
	}
	s.deliver(&b, now)
	for _, p := range b.Packets {
		times = append(times, p.Time)
	}
	return times, b.Now
}

const (
	ms    = int64(time.Millisecond)
	start = int64(1.7e18) // some time, a multiple of step
)

// TestMerge: the packets of one ring wait for earlier ones of another.
func TestMerge(t *testing.T) {
	s := fake(2, 8)
	a, b := &s.taps[0].ring, &s.taps[1].ring
	a.put(0, start, start+2*ms, start+18*ms)
	if got, reached := s.at(start + window - 1); got != nil || reached != start-step {
		t.Errorf("%v before its time, reached %d", got, reached-start)
	}
	b.put(0, start+1*ms, start+3*ms)
	b.put(1, start+5*ms)
	a.put(1, start+17*ms, start+19*ms) // out of order in the ring
	if got, reached := s.at(start + window); !slices.Equal(got, []int64{start}) || reached != start {
		t.Errorf("%v, reached %d", got, reached-start)
	}
	if got, reached := s.at(start + window + step); !slices.Equal(got, []int64{start + 1*ms, start + 2*ms, start + 3*ms, start + 5*ms}) || reached != start+step {
		t.Errorf("%v, reached %d", got, reached-start)
	}
	if a.owned() != 2 || b.owned() != 0 {
		t.Errorf("%d and %d blocks are ours", a.owned(), b.owned())
	}
	if got, reached := s.at(start + time.Second.Nanoseconds()); !slices.Equal(got, []int64{start + 17*ms, start + 18*ms, start + 19*ms}) || reached != start+time.Second.Nanoseconds()-window {
		t.Errorf("%v, reached %d", got, reached-start)
	}
	if a.owned() != 0 || s.num != 8 || s.counts.Packets != 8 {
		t.Errorf("%d blocks are ours, %d packets: %+v", a.owned(), s.num, s.counts)
	}
}

// TestPressed: a ring that fills up does not wait, and others go with it as far;
// time does not go back for that.
func TestPressed(t *testing.T) {
	s := fake(2, 4)
	a, b := &s.taps[0].ring, &s.taps[1].ring
	a.put(0, start+1*ms)
	a.put(1, start+3*ms)
	b.put(0, start+2*ms, start+8*ms)
	if got, _ := s.at(start + 10*ms); got != nil {
		t.Fatalf("%v before its time", got)
	}
	a.put(2, start+7*ms)
	got, reached := s.at(start + 10*ms)
	if !slices.Equal(got, []int64{start + 1*ms, start + 2*ms, start + 3*ms}) || reached != start+6*ms {
		t.Errorf("%v, reached %d", got, reached-start)
	}
	if got, reached := s.at(start + 11*ms); got != nil || reached != start+6*ms {
		t.Errorf("%v, reached %d", got, reached-start)
	}
}

// TestClockSetBack: packets stamped before the clock was set back wait no longer,
// those after are not sorted before them.
func TestClockSetBack(t *testing.T) {
	s := fake(1, 4)
	r := &s.taps[0].ring
	r.put(0, start+3600e9, start+3600e9+1, start)
	got, _ := s.at(start + 1*ms)
	if !slices.Equal(got, []int64{start + 3600e9, start + 3600e9 + 1}) {
		t.Errorf("%v", got)
	}
	got, reached := s.at(start + window + step)
	if !slices.Equal(got, []int64{start}) || reached != start+step {
		t.Errorf("%v, reached %d", got, reached-start)
	}
}

// TestBatches: what does not fit into one is in the next, and time has not got
// further than that.
func TestBatches(t *testing.T) {
	s := fake(1, 64)
	for i := range 60 {
		times := make([]int64, 30)
		for k := range times {
			times[k] = start + int64(i*30+k)
		}
		s.taps[0].put(i, times...)
	}
	got, reached := s.at(start + 1e9)
	if len(got) != maxBatch || reached != start+maxBatch-1 {
		t.Errorf("%d packets, reached %d", len(got), reached-start)
	}
	got, reached = s.at(start + 1e9)
	if len(got) != 60*30-maxBatch || got[0] != start+maxBatch || reached != start+1e9-window {
		t.Errorf("%d packets from %d, reached %d", len(got), got[0]-start, reached-start)
	}
}

// TestRound: blocks are used again, also empty ones.
func TestRound(t *testing.T) {
	s := fake(1, 3)
	for i := range 10 {
		s.taps[0].put(i % 3)
		if i%2 == 0 {
			s.taps[0].put(i%3, start+int64(i))
		}
		if got, _ := s.at(start + 1e9); len(got) != 1-i%2 {
			t.Fatalf("block %d: %v", i, got)
		}
		if s.taps[0].owned() != 0 || s.taps[0].waiting != 0 {
			t.Fatalf("block %d was not given back", i)
		}
	}
}

// FuzzRing: whatever is in the ring, frames lie inside it, and every block is given
// back in the end.
func FuzzRing(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 64}, true)
	seed := fake(1, 2)
	seed.taps[0].put(0, start, start+1)
	f.Add(slices.Clone(seed.taps[0].mem[blockHead:512]), true)
	for _, lie := range []func(*unix.Tpacket3Hdr){
		func(h *unix.Tpacket3Hdr) { h.Snaplen = 1 << 20 },
		func(h *unix.Tpacket3Hdr) { h.Snaplen = 1<<32 - 1 },
		func(h *unix.Tpacket3Hdr) { h.Mac = 1<<16 - 1 },
		func(h *unix.Tpacket3Hdr) { h.Mac, h.Net = 0, 1<<16-1 },
		func(h *unix.Tpacket3Hdr) { h.Next_offset = 1<<32 - 1 },
		func(h *unix.Tpacket3Hdr) { h.Next_offset = 0 },
	} {
		seed.taps[0].put(0, start, start+1)
		seed.taps[0].header(0).Num_pkts = 1<<32 - 1
		lie(seed.taps[0].frame(64))
		f.Add(slices.Clone(seed.taps[0].mem[blockHead:512]), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, vnet bool) {
		s := fake(1, 2)
		r := s.taps[0]
		r.vnet = vnet
		for i := range r.left {
			copy(r.mem[i*fakeBlock+blockHead:(i+1)*fakeBlock], data)
			h := r.header(i)
			h.Block_status = unix.TP_STATUS_USER
		}
		if len(data) > 0 && data[0]&1 == 1 {
			r.link = capture.LinkRaw
		}
		var b capture.Batch
		prepare(&b, fakeBlock)
		for range 4 {
			r.take()
			b.Buf = b.Buf[:0]
			for r.head() != nil {
				var p capture.Packet
				b.Buf = r.deliver(&p, b.Buf[:0])
				if len(p.Frame) > fakeBlock+tagLen || binary.Size(p.Frame) != len(b.Buf) {
					t.Fatalf("%d bytes of a frame", len(p.Frame))
				}
			}
		}
		if r.owned() != 0 || r.waiting != 0 {
			t.Fatalf("%d blocks were not given back", r.owned())
		}
	})
}
