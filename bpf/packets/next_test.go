//go:build linux

package packets

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf"
)

// Everything that passes is sent, lost or counted, to the packet, when nobody reads.
func TestFullRing(t *testing.T) {
	c := small
	c.RingBytes, c.Payloads = 64<<10, 0
	p := loaded(t, c)
	control := ether(0x0800, v4(6, tcp(1000, 443, rst|ack, 0, zeros(100))))
	head := ether(0x0800, v4(6, tcp(1000, 443, ack, 12, zeros(100))))
	const n = 400
	for range n {
		pass(t, p.EtherIn, control, nil)
		pass(t, p.EtherIn, head, nil)
	}
	got := counts(t, p)
	if got.Seen != 2*n || got.Lost == 0 || got.Unseen == 0 || got.Sent == 0 {
		t.Fatalf("%+v", got)
	}
	list := records(t, p)
	heads := 0
	for _, r := range list {
		if len(r.bytes) != len(control) {
			heads++
		}
	}
	if uint64(len(list)) != got.Sent || uint64(n-heads) != got.Unseen || uint64(n-(len(list)-heads)) != got.Lost {
		t.Errorf("%d records, %d of them headers; %+v", len(list), heads, got)
	}
	// Headers make room before anything is lost: none is sent into the second half.
	if size := 8 + 32 + 14 + 20 + 32 + 32; heads*size > 32<<10 {
		t.Errorf("%d headers fill more than half of the ring", heads)
	}
	segs := map[string]Unseen{}
	unseen(t, p, segs)
	if sum, _ := total(segs); sum != got.Unseen {
		t.Errorf("told of %d unseen, counted %d", sum, got.Unseen)
	}
	pass(t, p.EtherIn, head, nil)
	if len(records(t, p)) != 1 {
		t.Error("the ring is empty again, and headers do not come")
	}
}

// What is in the block already stays as it is, and packets come behind it, whether
// there is room or not.
func TestNextAppends(t *testing.T) {
	p := loaded(t, small)
	frame := ether(0x0806, zeros(60))
	for i := range frame {
		frame[i] = byte(i)
	}
	set(frame, 12, 8, 6)
	for _, room := range []int{0, 10000} {
		b := Block{Data: make([]byte, 0, room)}
		var want []byte
		for n := 1; n <= 70; n++ {
			pass(t, p.EtherIn, frame, nil)
			pass(t, p.EtherIn, frame[:40], nil)
			want = append(append(want, frame...), frame[:40]...)
			if emptied, err := p.Next(&b, time.Now()); err != nil || !emptied {
				t.Fatal(emptied, err)
			}
			if !bytes.Equal(b.Data, want) || len(b.Records) != 2*n || !bytes.Equal(b.Frame(&b.Records[2*n-1]), frame[:40]) {
				t.Fatalf("%d records of %x, want %x", len(b.Records), b.Data, want)
			}
			if emptied, err := p.Next(&b, time.Now()); err != nil || !emptied || len(b.Records) != 2*n || len(b.Data) != len(want) {
				t.Fatalf("of an empty ring: %v, %d records, %v", emptied, len(b.Records), err)
			}
		}
	}
}

// More than a Next may take stays in the ring, and it says so; what it took makes room.
func TestNextIsBounded(t *testing.T) {
	c := small
	c.RingBytes = 4 << 20
	p := loaded(t, c)
	short, long := ether(0x0806, zeros(60)), ether(0x0806, zeros(3000))
	for _, c := range []struct {
		frame       []byte
		pass, first int
	}{{short, MaxRecords + 5, MaxRecords}, {long, MaxBytes/len(long) + 5, MaxBytes/len(long) + 1}} {
		for range 5 { // more than the ring holds at a time
			for range c.pass {
				pass(t, p.EtherIn, c.frame, nil)
			}
			var b Block
			if emptied, err := p.Next(&b, time.Now()); err != nil || emptied || len(b.Records) != c.first {
				t.Fatalf("%d of %d records, empty: %v, %v", len(b.Records), c.pass, emptied, err)
			}
			if emptied, err := p.Next(&b, time.Now()); err != nil || !emptied || len(b.Records) != c.pass {
				t.Fatalf("%d of %d records, empty: %v, %v", len(b.Records), c.pass, emptied, err)
			}
			for i := range b.Records {
				if !bytes.Equal(b.Frame(&b.Records[i]), c.frame) {
					t.Fatalf("record %d: %x", i, b.Frame(&b.Records[i]))
				}
			}
		}
	}
	if c := counts(t, p); c.Lost > 0 {
		t.Errorf("%+v", c)
	}
}

func TestHeader(t *testing.T) {
	p := loaded(t, small)
	frame := ether(0x0800, v4(6, tcp(1, 2, ack, 0, zeros(late))))
	pass(t, p.EtherOut, frame, &skb{Ifindex: 1, Segs: 7, SegSize: 150})
	pass(t, p.IPIn, frame[14:], nil)
	r := records(t, p)
	if len(r) != 2 || r[0].Time == 0 || r[1].Time < r[0].Time {
		t.Fatalf("%+v", r)
	}
	if r[0].Cookie == 0 {
		t.Error("no cookie of the sender's socket")
	}
	r[0].Time, r[1].Time, r[0].Cookie = 0, 0, 0
	if want := (Header{Ifindex: 1, WireLen: uint32(len(frame)), Segs: 7, SegSize: 150, Out: true}); r[0].Header != want {
		t.Errorf("%+v, want %+v", r[0].Header, want)
	}
	if want := (Header{Ifindex: 1, WireLen: uint32(len(frame) - 14), Segs: 1}); r[1].Header != want {
		t.Errorf("%+v, want %+v", r[1].Header, want)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	p := loaded(t, small)
	frame := ether(0x0800, v4(6, segment))
	for range 1001 {
		pass(t, p.EtherIn, frame, nil)
	}
	b := Block{Records: make([]Record, 0, MaxRecords), Data: make([]byte, 0, MaxBytes)}
	now := time.Now()
	n := testing.AllocsPerRun(10, func() {
		if _, err := p.Next(&b, now); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 || len(b.Records) != 1001 {
		t.Errorf("%v allocations for %d records", n, len(b.Records))
	}
}

// waiting starts a Next with a long deadline.
func waiting(p *Program) (result chan error) {
	result = make(chan error, 1)
	go func() {
		_, err := p.Next(&Block{}, time.Now().Add(time.Minute))
		result <- err
	}()
	return result
}

func soon(t *testing.T, result chan error) error {
	t.Helper()
	select {
	case err := <-result:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("Next waits")
		return nil
	}
}

func TestWake(t *testing.T) {
	p := loaded(t, small)
	p.Wake()
	if err := soon(t, waiting(p)); err != nil {
		t.Errorf("Next: %v", err)
	}
	result := waiting(p)
	p.Wake()
	if err := soon(t, result); err != nil {
		t.Errorf("Next: %v", err)
	}
}

// Each CPU wakes the reader when it has written 64 KiB, and not before.
func TestReaderIsWoken(t *testing.T) {
	p := loaded(t, small)
	frame := ether(0x0806, zeros(2000))
	result := waiting(p)
	unwoken := func() (sum uint64) {
		counts(t, p)
		for _, c := range p.counters {
			sum += c.Unwoken
		}
		return sum
	}
	woken := false
	for last := uint64(0); !woken; {
		pass(t, p.EtherIn, frame, nil)
		now := unwoken()
		woken, last = now < last, now
		if now > uint64(len(p.counters))*wakeBytes {
			t.Fatalf("%d bytes written and nobody woken", now)
		}
	}
	if err := soon(t, result); err != nil {
		t.Error(err)
	}
	if c := counts(t, p); c.Sent*2046 < wakeBytes {
		t.Errorf("woken after %d records", c.Sent)
	}
}

func TestCloseEndsNext(t *testing.T) {
	need(t)
	p, err := Load(small)
	if err != nil {
		t.Fatal(err)
	}
	result := waiting(p)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := soon(t, result); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Next: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if _, err := p.Next(&Block{}, time.Now()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
	if _, err := p.Counts(); err == nil {
		t.Error("counts of nothing")
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{
		{}, {Whole: 4097}, {Whole: 1, Head: 4097}, {Whole: 1, RingBytes: 1000}, {Whole: 1, RingBytes: 5000}, {Whole: 1, RingBytes: -4096},
		{Whole: 1, RingBytes: 1 << 31}, {Whole: 1, Flows: -1},
	} {
		if p, err := Load(c); err == nil {
			p.Close()
			t.Errorf("%+v is taken", c)
		}
	}
}

// The Go side's layouts are the C side's.
func TestLayouts(t *testing.T) {
	p := loaded(t, small)
	for _, c := range []struct {
		m          *ebpf.Map
		key, value int
	}{{p.Flows, 40, 80}, {p.PerCPU, 4, 56}} {
		if int(c.m.KeySize()) != c.key || int(c.m.ValueSize()) != c.value {
			t.Errorf("%v: key %d, value %d", c.m, c.m.KeySize(), c.m.ValueSize())
		}
	}
	if toldBytes != 32+40+80 {
		t.Errorf("a count's record has %d bytes", toldBytes)
	}
}

// The program stays far from the verifier's limit of a million instructions, of
// which older kernels need more.
func TestProgramIsSmall(t *testing.T) {
	p := loaded(t, small)
	for _, program := range []*ebpf.Program{p.EtherIn, p.EtherOut, p.IPIn, p.IPOut} {
		info, err := program.Info()
		if err != nil {
			t.Fatal(err)
		}
		verified, ok := info.VerifiedInstructions()
		jited, _ := info.JitedSize()
		t.Logf("%v: %d instructions verified, %d bytes", program, verified, jited)
		if ok && verified > 100_000 {
			t.Errorf("%v: %d instructions verified", program, verified)
		}
	}
}
