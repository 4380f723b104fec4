//go:build linux

package afpacket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/netns"
)

// TestEachOnceInOrder: what is sent and what arrives is captured once, in order,
// byte for byte.
func TestEachOnceInOrder(t *testing.T) {
	a, b := pair(t)
	s := open(t, a, on("eth0"))
	up, down := raw(t, a, "eth0"), raw(t, b, "eth0")
	sizes := []int{18, 60, 61, 1514}
	var want [][]byte
	for i := range 400 {
		from, to, fd := a, b, up
		if i%2 == 1 {
			from, to, fd = b, a, down
		}
		f := numbered(from, to, sizes[i%len(sizes)], i)
		send(t, fd, f)
		want = append(want, f)
	}
	began := time.Now().Add(-time.Minute).UnixNano()
	got := read(t, s, len(want))
	last := began
	for i, p := range got {
		if p.Num != uint64(i+1) || p.Time < last || int(p.WireLen) != len(want[i]) || !bytes.Equal(p.Frame, want[i]) || p.If != 0 {
			t.Fatalf("packet %d: number %d, %d ns after the last, %d of %d bytes:\n% x\nwant\n% x", i, p.Num, p.Time-last, len(p.Frame), p.WireLen, p.Frame, want[i])
		}
		last = p.Time
	}
	if more := idleOnly(t, s); len(more) != 0 || len(got) != len(want) {
		t.Errorf("%d packets more", len(more)+len(got)-len(want))
	}
	if st := s.Stats(); st.Packets != 400 || st.Bytes == 0 || st.Dropped != 0 {
		t.Errorf("%+v", st)
	}
}

// TestFlood: of 200,000 frames that another goroutine sends, each is captured or
// counted, and they are in order.
func TestFlood(t *testing.T) {
	a, b := pair(t)
	const count = 200_000
	c := on("eth0")
	c.RingBytes = 64 << 20 // room for all of them: whoever is late loses none
	s := open(t, a, c)
	fd := raw(t, a, "eth0")
	var work sync.WaitGroup
	work.Go(func() {
		f := numbered(a, b, 60, 0)
		for i := range count {
			binary.BigEndian.PutUint32(f[14:], uint32(i))
			send(t, fd, f)
		}
	})
	var batch capture.Batch
	got, last, when := 0, -1, int64(0)
	for end := time.Now().Add(30 * time.Second); got+int(s.Stats().Dropped) < count && time.Now().Before(end); {
		if err := s.Read(&batch); err != nil {
			t.Fatal(err)
		}
		for _, p := range batch.Packets {
			n := int(binary.BigEndian.Uint32(p.Frame[14:]))
			if n <= last || p.Time < when {
				t.Fatalf("frame %d after %d, by %d ns", n, last, p.Time-when)
			}
			last, when = n, p.Time
			got++
		}
	}
	work.Wait()
	st := s.Stats()
	t.Logf("%d captured, %d dropped", got, st.Dropped)
	if got+int(st.Dropped) != count || st.Packets != uint64(got) || s.Interfaces()[0].Dropped != st.Dropped {
		t.Errorf("%d captured of %d: %+v", got, count, st)
	}
	if st.Dropped != 0 {
		t.Errorf("%d frames found no room in the ring", st.Dropped)
	}
}

// TestFull: when nobody reads, what finds no room is counted to the frame.
func TestFull(t *testing.T) {
	a, b := pair(t)
	c := on("eth0")
	c.RingBytes = 1 << 18
	s := open(t, a, c)
	fd := raw(t, a, "eth0")
	const count = 5000
	for i := range count {
		send(t, fd, numbered(a, b, 200, i))
	}
	got := idleOnly(t, s)
	if st := s.Stats(); st.Dropped == 0 || len(got) == 0 || len(got)+int(st.Dropped) != count {
		t.Fatalf("%d captured of %d: %+v", len(got), count, st)
	}
	for i, p := range got {
		if !bytes.Equal(p.Frame, numbered(a, b, 200, i)) {
			t.Fatalf("packet %d: % x", i, p.Frame)
		}
	}
	// The ring works again.
	send(t, fd, numbered(a, b, 200, 7))
	if p := read(t, s, 1)[0]; !bytes.Equal(p.Frame, numbered(a, b, 200, 7)) {
		t.Errorf("% x", p.Frame)
	}
}

// TestBlocks: rings are divided so that frames fit and a late reader loses little.
func TestBlocks(t *testing.T) {
	for _, c := range []struct{ bytes, snap, size, count int }{
		{16 << 20, 4096, 1 << 18, 64},
		{1 << 18, 4096, 1 << 16, 4},
		{1, 4096, 1 << 16, 2},
		{16 << 20, maxSnap, 1 << 19, 32},
		{64 << 20, 96, 1 << 18, 256},
	} {
		if size, count := blocks(c.bytes, c.snap); size != c.size || count != c.count {
			t.Errorf("%d bytes for frames of %d: %d blocks of %d", c.bytes, c.snap, count, size)
		}
	}
}

// TestLateReader: of a trickle nothing is lost, though each frame comes in a block
// of its own and nobody reads for a while.
func TestLateReader(t *testing.T) {
	a, b := pair(t)
	s := open(t, a, on("eth0"))
	fd := raw(t, a, "eth0")
	const count = 24
	for i := range count {
		send(t, fd, numbered(a, b, 60, i))
		time.Sleep(retire * time.Millisecond * 5 / 4)
	}
	if got := read(t, s, count); len(got) != count || s.Stats().Dropped != 0 {
		t.Errorf("%d packets, %+v", len(got), s.Stats())
	}
}

// TestSnap: the kernel copies that much of a frame, and its length is told.
func TestSnap(t *testing.T) {
	a, b := pair(t)
	c := on("eth0")
	c.Snap = 100
	s := open(t, b, c)
	fd := raw(t, a, "eth0")
	for _, size := range []int{60, 100, 101, 1514} {
		f := numbered(a, b, size, size)
		send(t, fd, f)
		p := read(t, s, 1)[0]
		if !bytes.Equal(p.Frame, f[:min(size, 100)]) || int(p.WireLen) != size {
			t.Errorf("%d bytes: %d of %d", size, len(p.Frame), p.WireLen)
		}
	}
	if got := s.Interfaces()[0]; got.Name != "eth0" || got.Snaplen != 100 || got.Link != capture.LinkEthernet {
		t.Errorf("%+v", got)
	}
}

// TestLoopback: each frame once.
func TestLoopback(t *testing.T) {
	need(t)
	a := host(t, "a")
	s := open(t, a, on("lo"))
	fd := raw(t, a, "lo")
	for i := range 10 {
		send(t, fd, numbered(a, a, 60, i))
	}
	got := append(read(t, s, 10), idleOnly(t, s)...)
	if len(got) != 10 || got[0].Link != capture.LinkEthernet {
		t.Fatalf("%d packets of 10", len(got))
	}
	for i, p := range got {
		if !bytes.Equal(p.Frame, numbered(a, a, 60, i)) {
			t.Errorf("packet %d: % x", i, p.Frame)
		}
	}
}

// TestTwoInterfaces: packets of several rings come in order of time, those of one
// passing from one to the other too.
func TestTwoInterfaces(t *testing.T) {
	a, b := pair(t)
	if err := netns.Link(a, "eth1", b, "eth1"); err != nil {
		t.Fatal(err)
	}
	s := open(t, a, on("eth1", "eth0"))
	fds := []int{raw(t, a, "eth1"), raw(t, a, "eth0")}
	const count = 600
	for i := range count {
		send(t, fds[i%2], numbered(a, b, 60, i))
		if i%100 == 99 {
			time.Sleep(30 * time.Millisecond) // over several blocks
		}
	}
	for i, p := range read(t, s, count) {
		if n := int(binary.BigEndian.Uint32(p.Frame[14:])); n != i || int(p.If) != i%2 || p.Num != uint64(i+1) {
			t.Fatalf("packet %d of interface %d is frame %d", p.Num, p.If, n)
		}
	}
	if ifs := s.Interfaces(); len(ifs) != 2 || ifs[0].Name != "eth1" || ifs[1].Name != "eth0" {
		t.Errorf("%+v", ifs)
	}
}

// TestForOthers: frames for other hosts are seen when asked for.
func TestForOthers(t *testing.T) {
	a, _ := pair(t)
	flags := func() (promiscuity string) {
		out, err := a.Command(t.Context(), "ip", "-d", "link", "show", "eth0")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(out), "promiscuity ")
		return strings.Fields(after)[0]
	}
	c := on("eth0")
	s := open(t, a, c)
	if got := flags(); got != "0" {
		t.Errorf("promiscuity %s unasked", got)
	}
	s.Close()
	c.Promiscuous = true
	s = open(t, a, c)
	if got := flags(); got != "1" {
		t.Errorf("promiscuity %s", got)
	}
	s.Close()
	if got := flags(); got != "0" {
		t.Errorf("promiscuity %s when closed", got)
	}
}

// TestIdle: time goes on when nothing passes.
func TestIdle(t *testing.T) {
	a, _ := pair(t)
	s := open(t, a, on("eth0"))
	var b capture.Batch
	for last := int64(0); last < 3; last++ {
		before, began := b.Now, time.Now()
		if got := next(t, s, &b); len(got) != 0 || b.Now <= before {
			t.Errorf("%d packets, Now %d after %d", len(got), b.Now, before)
		}
		if behind := began.UnixNano() - b.Now; behind > int64(time.Second) {
			t.Errorf("Now is %v behind", time.Duration(behind))
		}
	}
}

// TestWakeAndClose: both end a Read that waits, and nothing is left behind.
func TestWakeAndClose(t *testing.T) {
	a, _ := pair(t)
	leaks, before := goleak.IgnoreCurrent(), held(t)
	s := open(t, a, on("eth0", "lo"))
	if open := held(t); open.rings != before.rings+2 {
		t.Fatalf("%+v are held, %+v before", open, before)
	}
	var b capture.Batch
	s.Wake() // before Read: it is not forgotten
	began := now()
	for i := range 20 {
		if i > 0 {
			time.AfterFunc(time.Millisecond, s.Wake)
		}
		if err := s.Read(&b); err != nil || len(b.Packets) != 0 {
			t.Fatal(err, len(b.Packets))
		}
	}
	if took := now() - began; took > 20*int64(idle)/2 {
		t.Errorf("20 times awoken in %v", time.Duration(took))
	}
	time.AfterFunc(time.Millisecond, func() { s.Close() })
	var err error
	for err == nil {
		err = s.Read(&b)
	}
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	for s.Close() == nil {
		t.Error("closed twice")
	}
	s.Wake() // does no harm
	if ifs := s.Interfaces(); len(ifs) != 2 || s.Stats().Packets != 0 {
		t.Errorf("%+v", ifs)
	}
	goleak.VerifyNone(t, leaks)
	if after := held(t); after != before {
		t.Errorf("%+v are held, %+v before", after, before)
	}
}

// holding is what a process has of the kernel's.
type holding struct{ descriptors, rings int }

func held(t *testing.T) (h holding) {
	t.Helper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return holding{len(descriptors), bytes.Count(maps, []byte("socket:"))}
}
