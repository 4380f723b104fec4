//go:build linux

package live

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"chokepoint/bpf"
	"chokepoint/capture"
)

var (
	noTCX = &bpf.Unavailable{What: "attach by TCX", Lacks: "Linux 6.6"}
	noBPF = &bpf.Unavailable{What: "load a program", Lacks: "capability CAP_BPF"}
	noRaw = &bpf.Unavailable{What: "open a ring", Lacks: "capability CAP_NET_RAW"}
)

func TestBackends(t *testing.T) {
	for name, c := range map[string]struct {
		ask     string
		prepare func(*fake)
		want    string
		why     []string
		misses  []string
	}{
		"the best":          {"", func(*fake) {}, TCX, nil, nil},
		"asked for by name": {Clsact, func(*fake) {}, Clsact, nil, []string{"interfaces that appear later"}},
		"without TCX":       {Auto, func(f *fake) { f.program.tcxErr = noTCX }, Clsact, []string{"tcx: attach by TCX needs Linux 6.6"}, []string{"interfaces that appear later"}},
		"without eBPF": {Auto, func(f *fake) { f.loadErr, f.testifyErr, f.registerErr = noBPF, noBPF, noBPF }, AFPacket,
			[]string{"tcx: load", "clsact: load"}, []string{noTestimony + " (capability CAP_BPF)", noProcess + " (", "AF_PACKET"}},
		"without testimony": {Auto, func(f *fake) { f.testifyErr = noBPF }, TCX, nil, []string{noTestimony}},
		"without the list":  {Auto, func(f *fake) { f.registerErr = noBPF }, TCX, nil, []string{noOwners}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			c.prepare(f)
			b := f.open(t, Options{Backend: c.ask}).Backend()
			if b.Name != c.want || len(b.Why) != len(c.why) {
				t.Fatalf("%+v", b)
			}
			for i, w := range c.why {
				if !strings.HasPrefix(b.Why[i], w) {
					t.Errorf("why not %q: %q", w, b.Why[i])
				}
			}
			for _, m := range c.misses {
				if !slices.ContainsFunc(b.Misses, func(s string) bool { return strings.Contains(s, m) }) {
					t.Errorf("%q is not among %q", m, b.Misses)
				}
			}
			if len(c.misses) == 0 && len(b.Misses) > 0 {
				t.Errorf("%q", b.Misses)
			}
		})
	}
}

func TestBackendsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		o       Options
		prepare func(*fake)
		want    string
	}{
		"TCX by name":     {Options{Backend: TCX}, func(f *fake) { f.program.tcxErr = noTCX }, "Linux 6.6"},
		"clsact by name":  {Options{Backend: Clsact}, func(f *fake) { f.program.clsactErr = noBPF }, "CAP_BPF"},
		"AF_PACKET":       {Options{Backend: AFPacket}, func(f *fake) { f.ringErr = noRaw }, "CAP_NET_RAW"},
		"none of them":    {Options{}, func(f *fake) { f.loadErr, f.ringErr = noBPF, noRaw }, "capability CAP_BPF, or at least capability CAP_NET_RAW"},
		"nothing to wait": {Options{Backend: TCX, Interfaces: []string{"eth9"}}, func(f *fake) { f.program.tcxErr = noTCX }, "Linux 6.6"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			c.prepare(f)
			if c.o.Interfaces == nil {
				c.o.Interfaces = []string{"eth0"}
			}
			_, err := open(c.o, f.system())
			if u, ok := err.(*bpf.Unavailable); !ok || !strings.Contains(u.Error(), c.want) {
				t.Fatalf("%T %v", err, err)
			}
			if f.program.detached != len(f.program.attached) {
				t.Errorf("attached to %v, detached %d times", f.program.attached, f.program.detached)
			}
			if f.witness.closed != 1 {
				t.Error("testimony goes on")
			}
		})
	}
}

func TestOptionsRefused(t *testing.T) {
	for want, o := range map[string]Options{
		"no interface to capture on": {},
		"no such backend":            {Interfaces: []string{"eth0"}, Backend: "xdp"},
		"no interface eth9, eth8 (there are lo, eth0, tun0, gre0)": {Interfaces: []string{"eth9", "eth0", "eth8"}, Backend: Clsact},
		"no interface eth9": {Interfaces: []string{"eth9"}, Backend: AFPacket},
		`gre0: interfaces of the kind "gre" cannot be captured`: {Interfaces: []string{"eth0", "gre0"}},
	} {
		f := newFake()
		f.devices = append(f.devices, device{4, "gre0", "gre", true})
		_, err := open(o, f.system())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if missing := strings.HasPrefix(want, "no interface eth9"); errors.Is(err, os.ErrNotExist) != missing {
			t.Errorf("%v: is it said to be missing?", err)
		}
		if f.program.detached != len(f.program.attached) {
			t.Errorf("%v: attached to %v, detached %d times", err, f.program.attached, f.program.detached)
		}
	}
}

// TestWaits: with TCX nothing need be there yet, but attaching is tried.
func TestWaits(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{Interfaces: []string{"wlan0", "eth9", "wlan0"}})
	f.told(t, "wlan0 is not there yet")
	f.told(t, "eth9 is not there yet")
	if got := f.program.indices(); len(got) != 1 || f.program.detached != 1 || len(s.Interfaces()) != 0 {
		t.Errorf("attached to %v, detached %d times, interfaces %v", got, f.program.detached, s.Interfaces())
	}
}

func TestSweepsBeforeClsact(t *testing.T) {
	f := newFake()
	f.open(t, Options{Interfaces: []string{"eth0", "tun0"}, Backend: Clsact})
	f.told(t, "2 filters of an earlier run removed from eth0")
	if !slices.Equal(f.swept, []int{2, 3}) || !slices.Equal(f.program.indices(), []int{2, -3}) {
		t.Errorf("swept %v, attached %v", f.swept, f.program.indices())
	}
}

// TestRing: AF_PACKET goes through the plan, and still has notes and owners.
func TestRing(t *testing.T) {
	f := sockets(socket(811, nil))
	s := f.open(t, Options{Interfaces: []string{"eth0"}, Backend: AFPacket})
	frame := udp4(1, 2, 1000, 443, 1400)
	for range capture.Live.Payloads + 1 {
		f.ring.frames = append(f.ring.frames, frame)
	}
	f.ring.now = at(25 * second)
	f.witness.events = append(f.witness.events, event(1, 20*second))
	var b capture.Batch
	if err := s.Read(&b); err != nil {
		t.Fatal(err)
	}
	if n := len(b.Packets); n != 13 || len(b.Packets[11].Frame) != len(frame) || len(b.Packets[12].Frame) != 42+int(capture.Live.Head) {
		t.Errorf("%d packets", n)
	}
	if len(b.Notes) == 0 || b.Notes[0].Kind != capture.NoteDrop {
		t.Errorf("%+v", b.Notes)
	}
	if n := hand(t, s); n.Process.PID != 811 || n.Key != udpKey(1, 2, 1000, 443) {
		t.Errorf("%+v", n)
	}
	if s.Stats().Dropped != 3 || len(s.Interfaces()) != 1 {
		t.Errorf("%+v, %+v", s.Stats(), s.Interfaces())
	}
	s.Wake()
	if s.Close(); f.ring.woken != 2 || !f.ring.closed {
		t.Errorf("woken %d times, closed: %v", f.ring.woken, f.ring.closed)
	}
}
