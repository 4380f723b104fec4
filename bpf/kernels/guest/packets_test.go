//go:build linux

package guest

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"chokepoint/bpf"
	"chokepoint/bpf/packets"
	"chokepoint/capture"
)

// patience is how long what must come may take: the machine is slow.
const patience = 20 * time.Second

// soon is how long to wait for one record: the kernel wakes nobody for a few.
const soon = 50 * time.Millisecond

// plan is what live capture loads the program with, with a ring that fits the machine.
var plan = packets.Config{Payloads: capture.Live.Payloads, Whole: capture.Live.Whole, Head: capture.Live.Head, RingBytes: 1 << 20}

func loadPackets(t *testing.T, c packets.Config) *packets.Program {
	t.Helper()
	inside(t)
	p, err := packets.Load(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// TestAggregate is for the verifier: constants decide which code it walks through.
func TestAggregate(t *testing.T) {
	c := plan
	c.Aggregate = true
	loadPackets(t, c)
}

func TestTCX(t *testing.T) {
	p, c := loadPackets(t, plan), lay(t)
	var attached io.Closer
	err := c.near.Do(func() (err error) {
		attached, err = p.AttachTCX(index(t, c.near), false)
		return err
	})
	if !hasTCX(t) {
		var u *bpf.Unavailable
		if !errors.As(err, &u) || !strings.Contains(u.Lacks, "Linux 6.6") {
			t.Errorf("attach to %s: %v; want a bpf.Unavailable that names Linux 6.6", release(), err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	seen(t, c, p)
	if err := attached.Close(); err != nil {
		t.Error(err)
	}
	unseen(t, c, p)
}

func TestClsact(t *testing.T) {
	p, c := loadPackets(t, plan), lay(t)
	i := index(t, c.near)
	var attached io.Closer
	at(t, c.near, func() (err error) {
		attached, err = p.AttachClsact(i, false)
		return err
	})
	swept(t, c, i, 0) // we are alive
	seen(t, c, p)
	at(t, c.near, attached.Close)
	unseen(t, c, p)
	swept(t, c, i, 0)
}

// leaving is the variable that tells a child to leave filters on an interface.
const leaving = "LEAVE_ON"

// leave attaches for good and returns what to exit with.
func leave(ifindex string) int {
	i, err := strconv.Atoi(ifindex)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	p, err := packets.Load(plan)
	if err == nil {
		_, err = p.AttachClsact(i, false)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// TestSweep finds what a process left behind that did not close its attachment.
func TestSweep(t *testing.T) {
	c := lay(t)
	i := index(t, c.near)
	at(t, c.near, func() error {
		child := exec.Command("/proc/self/exe")
		child.Env = []string{fmt.Sprintf("%s=%d", leaving, i)}
		if out, err := child.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
	swept(t, c, i, 2)
	swept(t, c, i, 0)
}

// swept fails unless so many filters are swept away.
func swept(t *testing.T, c cable, i, want int) {
	t.Helper()
	at(t, c.near, func() error {
		got, err := packets.Sweep(i)
		if err == nil && got != want {
			t.Errorf("swept %d filters, want %d", got, want)
		}
		return err
	})
}

// exchange sends n datagrams each way in turn: the odd ones come in.
func exchange(t *testing.T, c cable, n int) {
	t.Helper()
	in, out := sender(t, c.far), sender(t, c.near)
	for i := range n {
		in(datagram(false, byte(2*i+1)))
		out(datagram(true, byte(2*i+2)))
	}
}

// seen lets datagrams pass both ways and fails unless the program sends each of
// them whole, once, in order and with its direction.
func seen(t *testing.T, c cable, p *packets.Program) {
	t.Helper()
	const each = 5 // within Payloads
	exchange(t, c, each)
	deadline := time.Now().Add(patience)
	var b packets.Block
	for len(b.Records) < 2*each && time.Now().Before(deadline) {
		if _, err := p.Next(&b, time.Now().Add(soon)); err != nil {
			t.Fatalf("instead of datagram %d: %v", len(b.Records)+1, err)
		}
	}
	if len(b.Records) != 2*each {
		t.Fatalf("%d records of %d datagrams", len(b.Records), 2*each)
	}
	for want := byte(1); want <= 2*each; want++ {
		h := &b.Records[want-1]
		frame := b.Frame(h)
		if len(frame) != 43 || frame[42] != want || int(h.WireLen) != len(frame) || h.Out != (want%2 == 0) || h.Segs != 1 {
			t.Errorf("got %+v, %x, want datagram %d", h.Header, frame, want)
		}
	}
	counts, err := p.Counts()
	if want := (packets.Counts{Seen: 2 * each, Sent: 2 * each}); err != nil || counts != want {
		t.Errorf("counted %+v (%v), want %+v", counts, err, want)
	}
}

// unseen fails unless a program that is no longer attached sees nothing.
func unseen(t *testing.T, c cable, p *packets.Program) {
	t.Helper()
	before, err := p.Counts()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, c, 1)
	if after, err := p.Counts(); err != nil || after != before {
		t.Errorf("detached, it counted %+v and then %+v (%v)", before, after, err)
	}
}
