//go:build linux

package testimony

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"chokepoint/bpf"
	"chokepoint/pcaps/lab/mishap"
)

// TestReasonNames: the list has names of this kernel, and none that says nothing.
func TestReasonNames(t *testing.T) {
	need(t)
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	d, err := learn(kernel)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for n, how := range byNumber(d.drops) {
		if how == 0 {
			continue
		}
		found++
		switch name := d.drops[uint32(n)]; name {
		case "", "NOT_SPECIFIED", "QUEUE_PURGE", "OTHERHOST", "SKB_CONSUMED", "TCP_ZEROWINDOW", "TCP_OLD_DATA":
			t.Errorf("reason %d, %q, is no loss", n, name)
		}
	}
	if found < 20 || found > len(losses) {
		t.Errorf("%d of the reasons listed are this kernel's", found)
	}
	for _, must := range []string{"NETFILTER_DROP", "NO_SOCKET", "SOCKET_RCVBUFF", "TCP_RESET", "QDISC_DROP"} {
		if !has(d.drops, must) {
			t.Errorf("the kernel has no %s", must)
		}
	}
}

func has(n names, name string) bool {
	for _, x := range n {
		if x == name {
			return true
		}
	}
	return false
}

// TestArity: a tracepoint that is not there is missing by name.
func TestArity(t *testing.T) {
	need(t)
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := arity(kernel, "tcp_receive_reset"); n != 1 || err != nil {
		t.Errorf("tcp_receive_reset has %d arguments (%v)", n, err)
	}
	_, err = arity(kernel, "no_such_thing")
	if u := (*bpf.Unavailable)(nil); !errors.As(err, &u) || !strings.Contains(u.Lacks, "no_such_thing") {
		t.Errorf("%v", err)
	}
}

// TestCapabilities: what is missing is told by name. The thread that gives it up is
// not used again.
func TestCapabilities(t *testing.T) {
	need(t)
	for _, c := range needs {
		err := make(chan error)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			if e := give(c, bpf.SysAdmin); e != nil {
				t.Error(e)
			}
			_, e := Load(Config{})
			err <- e
		}()
		if e, u := <-err, (*bpf.Unavailable)(nil); !errors.As(e, &u) || !strings.Contains(u.Lacks, c.String()) {
			t.Errorf("without %v: %v", c, e)
		}
	}
}

// TestPoor: once loaded, nothing needs a capability any more.
func TestPoor(t *testing.T) {
	t.Parallel()
	pair := laid(t)
	h := hear(t, Config{}, pair.Here)
	did := made(t, pair, mishap.NobodyListens)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if e := give(bpf.BPF, bpf.Perfmon, bpf.SysAdmin, bpf.NetAdmin); e != nil {
			t.Error(e)
			return
		}
		h.await(Drop, did.From, did.To, did.Packets)
		if _, err := h.Counts(); err != nil {
			t.Error(err)
		}
	}()
	<-done
}

// give takes capabilities from the calling thread.
func give(caps ...bpf.Capability) error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&head, &sets[0]); err != nil {
		return err
	}
	for _, c := range caps {
		sets[c/32].Effective &^= 1 << (c % 32)
		sets[c/32].Permitted &^= 1 << (c % 32)
	}
	return unix.Capset(&head, &sets[0])
}

// BenchmarkEvent is what the programs cost per event: a datagram dropped, a RST
// answered. The kernel measures where it is let (kernel.bpf_stats_enabled).
func BenchmarkEvent(b *testing.B) {
	stats, err := ebpf.EnableStats(uint32(unix.BPF_STATS_RUN_TIME))
	if err != nil {
		b.Skip(err)
	}
	defer stats.Close()
	pair, err := mishap.Lay()
	if err != nil {
		b.Skip(err)
	}
	defer pair.Close()
	p, err := Load(Config{})
	if err != nil {
		b.Skip(err)
	}
	defer p.Close()
	for b.Loop() {
		if _, err := mishap.NobodyListens(pair); err != nil {
			b.Fatal(err)
		}
		if _, err := mishap.ClosedPort(pair); err != nil {
			b.Fatal(err)
		}
	}
	for _, prog := range p.programs() {
		s, err := prog.Stats()
		if err != nil {
			b.Fatal(err)
		}
		if s.RunCount > 0 {
			info, _ := prog.Info()
			b.ReportMetric(float64(s.Runtime.Nanoseconds())/float64(s.RunCount), "ns/"+info.Name)
		}
	}
}
