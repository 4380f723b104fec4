//go:build linux

package live

import (
	"slices"
	"testing"

	"chokepoint/capture"
)

// now makes the warden hear of a change.
func (f *fake) now(c change) { f.out <- c }

// TestInterfaces: what comes and goes is followed, and packets refer to the same
// interface all the while.
func TestInterfaces(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{Interfaces: []string{"eth0", "wg0"}})
	f.told(t, "wg0 is not there yet")
	eth := f.devices[1]

	eth.up = false
	f.now(change{device: eth})
	f.told(t, "eth0 is down")
	f.now(change{device: eth}) // other news of it are none
	eth.up = true
	f.now(change{device: eth})
	f.told(t, "eth0 is up")

	f.now(change{device: eth, gone: true})
	f.told(t, "eth0 is gone")
	eth.index = 8
	f.now(change{device: eth})
	f.told(t, "eth0 is there now and captured")
	f.now(change{device: device{9, "wg0", "none", true}})
	f.told(t, "wg0 is there now and captured")
	f.now(change{device: device{10, "eth1", "ether", true}}) // nobody asked
	f.now(change{device: device{10, "eth1", "ether", true}, gone: true})
	eth.name = "wan0"
	f.now(change{device: eth})
	f.told(t, "eth0 is called wan0 now")

	if got := f.program.indices(); !slices.Equal(got, []int{2, 8, -9}) {
		t.Errorf("attached to %v", got)
	}
	want := []capture.Interface{{Name: "eth0", Link: capture.LinkEthernet}, {Name: "wg0", Link: capture.LinkRaw}}
	if got := s.Interfaces(); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	f.boot.Store(30 * second)
	for i, ifindex := range []uint32{2, 8, 9} {
		r := rec(20*second+uint64(i), udp4(1, 2, 3, 4, 20))
		r.Ifindex = ifindex
		f.program.send(r)
	}
	for i, p := range frames(t, s, 3) {
		if want := []uint16{0, 0, 1}[i]; p.If != want {
			t.Errorf("packet %d is of interface %d, want %d", p.Num, p.If, want)
		}
	}
	if len(f.notices) > 0 {
		t.Errorf("%q", f.notices)
	}
}

// TestInterfaceMadeAnew: news of the new one may come before those of the old one's
// end.
func TestInterfaceMadeAnew(t *testing.T) {
	f := newFake()
	f.open(t, Options{Interfaces: []string{"eth0"}})
	eth := f.devices[1]
	eth.index = 8
	f.now(change{device: eth})
	f.told(t, "eth0 is gone")
	f.told(t, "eth0 is there now and captured")
	f.now(change{device: f.devices[1], gone: true})
	f.now(change{device: eth})
	if got := f.program.indices(); !slices.Equal(got, []int{2, 8}) || f.program.detached != 1 {
		t.Errorf("attached to %v, detached %d times", got, f.program.detached)
	}
}

// TestChangesMissed: when the kernel had more to tell than fits, all are looked at.
func TestChangesMissed(t *testing.T) {
	f := newFake()
	f.open(t, Options{Interfaces: []string{"eth0", "tun0", "wg0"}})
	f.told(t, "wg0 is not there yet")
	f.mu.Lock()
	f.devices = []device{{1, "lo", "loopback", true}, {3, "tun0", "none", false}, {12, "wg0", "none", true}, {14, "eth0", "ether", true}}
	f.mu.Unlock()
	f.now(change{again: true})
	for _, want := range []string{"eth0 is gone", "tun0 is down", "wg0 is there now", "eth0 is there now"} {
		f.told(t, want)
	}
	if got := f.program.indices(); !slices.Equal(got, []int{2, -3, -12, 14}) {
		t.Errorf("attached to %v", got)
	}
}

func TestInterfaceCannotComeBack(t *testing.T) {
	f := newFake()
	f.open(t, Options{Interfaces: []string{"eth0"}, Backend: Clsact})
	f.told(t, "2 filters")
	eth := f.devices[1]
	f.now(change{device: eth, gone: true})
	f.told(t, "eth0 is gone")
	eth.index = 8
	f.now(change{device: eth})
	f.told(t, "eth0 is there anew and not captured until")
	f.now(change{device: eth})
	if got := f.program.indices(); !slices.Equal(got, []int{2}) || len(f.notices) > 0 {
		t.Errorf("attached to %v; %q", got, f.notices)
	}
}

func TestInterfaceOfAnotherKind(t *testing.T) {
	f := newFake()
	s := f.open(t, Options{Interfaces: []string{"eth0"}})
	eth := f.devices[1]
	f.now(change{device: eth, gone: true})
	f.now(change{device: device{8, "eth0", "can", true}})
	f.told(t, `cannot be captured: eth0: interfaces of the kind "can"`)
	f.now(change{device: device{8, "eth0", "can", true}, gone: true})
	f.now(change{device: device{9, "eth0", "none", true}})
	f.told(t, "eth0 is there now and captured")
	if got := s.Interfaces(); len(got) != 2 || got[1].Link != capture.LinkRaw {
		t.Errorf("%+v", got)
	}
}

func TestTableBounded(t *testing.T) {
	var tab table
	for i := range 1000 {
		tab.add(device{i + 1, "eth0", "ether", true})
	}
	if n := len(*tab.index.Load()); n > maxKnown || len(tab.list()) != 1 {
		t.Errorf("%d indices, %d interfaces", n, len(tab.list()))
	}
	if tab.find(1000) == nil || tab.find(1) != nil {
		t.Error("the newest are to be known, the oldest are not")
	}
}
