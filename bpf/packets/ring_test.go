//go:build linux

package packets

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"
)

// written is a ring in plain memory, with records of these lengths in it.
func written(lengths ...uint32) *ring {
	r := &ring{consumer: new(atomic.Uint64), producer: new(atomic.Uint64), data: make([]byte, 8192), mask: 4095}
	at := 0
	for i, n := range lengths {
		binary.NativeEndian.PutUint32(r.data[at:], n)
		r.data[at+lengthLen] = byte(i)
		at += int(lengthLen+n&^discardBit&^busyBit+7) &^ 7
	}
	r.producer.Store(uint64(at))
	r.begin()
	return r
}

// What was given up is passed over, and lengths are rounded up to eight bytes.
func TestRingDiscarded(t *testing.T) {
	r := written(5, 9|discardBit, 16)
	for _, want := range [][2]int{{0, 5}, {2, 16}} {
		if b := r.next(); len(b) != want[1] || int(b[0]) != want[0] {
			t.Fatalf("%x, want record %d of %d bytes", b, want[0], want[1])
		}
	}
	if b := r.next(); b != nil {
		t.Errorf("%x of an empty ring", b)
	}
	if r.waiting() != 16+24+24 {
		t.Errorf("%d bytes before they are freed", r.waiting())
	}
	if r.free(); r.waiting() != 0 {
		t.Errorf("%d bytes wait in an empty ring", r.waiting())
	}
}

// A record that is being written is waited for: those behind it are later ones.
func TestRingBusy(t *testing.T) {
	r := written(8|busyBit, 8)
	got := make(chan byte)
	go func() { got <- r.next()[0] }()
	select {
	case i := <-got:
		t.Fatalf("record %d comes before it is written", i)
	case <-time.After(20 * time.Millisecond):
	}
	atomic.StoreUint32(r.length(0), 8)
	if i := <-got; i != 0 {
		t.Errorf("record %d comes first", i)
	}
}
