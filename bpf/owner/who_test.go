//go:build linux

package owner

import (
	"slices"
	"testing"
)

// by is a descriptor of socket 7 in a process with these ancestors, parent first.
func by(pid uint32, comm string, ancestors ...uint32) iterHolding {
	h := iterHolding{Id: 7, Cookie: 7, Tgid: pid, Proto: tcp, LocalPort: 443, Cgroup: 5}
	copy(h.Ancestors[:], ancestors)
	copy(h.Comm[:], comm)
	return h
}

func TestHolder(t *testing.T) {
	for _, c := range []struct {
		name string
		hs   []iterHolding
		pid  uint32
		comm string
	}{
		{"one", []iterHolding{by(10, "app", 1)}, 10, "app"},
		{"one by three descriptors", []iterHolding{by(10, "app", 1), by(10, "app", 1), by(10, "app", 1)}, 10, "app"},
		{"a fork", []iterHolding{by(10, "app", 1), by(11, "child", 10, 1)}, 10, "app"},
		{"a fork whose number is smaller", []iterHolding{by(9, "child", 10, 1), by(10, "app", 1)}, 10, "app"},
		{"a grandchild, the child has it no more", []iterHolding{by(10, "app", 1), by(12, "nc", 11, 10, 1)}, 10, "app"},
		{"two children and their parent", []iterHolding{by(10, "app", 1), by(11, "w", 10, 1), by(12, "w", 10, 1)}, 10, "app"},
		{"activated by init", []iterHolding{by(1, "systemd"), by(30, "sshd", 1)}, 30, "sshd"},
		{"held by init only", []iterHolding{by(1, "systemd"), by(1, "systemd")}, 1, "systemd"},
		{"activated by init, forked", []iterHolding{by(1, "systemd"), by(30, "sshd", 1), by(31, "sshd", 30, 1)}, 30, "sshd"},
		{"given to a stranger", []iterHolding{by(10, "app", 1), by(20, "proxy", 1)}, 0, ""},
		{"given to an uncle", []iterHolding{by(10, "app", 5, 1), by(20, "proxy", 1)}, 0, ""},
		{"workers of a master that is gone", []iterHolding{by(11, "w", 1), by(12, "w", 1)}, 0, "w"},
		{"further than is looked", []iterHolding{by(10, "app", 1), by(99, "x", 98, 97, 96, 95, 94, 93, 92, 91)}, 0, ""},
	} {
		before := slices.Clone(c.hs)
		if s := told(c.hs); s.PID != c.pid || s.Comm != c.comm || s.Cgroup != 5 || s.Cookie != 7 || s.LocalPort != 443 {
			t.Errorf("%s: %+v", c.name, s)
		}
		if !slices.Equal(before, c.hs) {
			t.Errorf("%s: the descriptors were changed", c.name)
		}
	}
	split := []iterHolding{by(11, "w", 1), by(12, "w", 1)}
	split[1].Cgroup = 6
	if s := told(split); s.Cgroup != 0 {
		t.Errorf("strangers in two cgroups: %+v", s)
	}
}

// ended is socket id of a process, with a peer, in a state of tcp_states.h.
func ended(id uint64, state uint8, pid uint32) iterHolding {
	h := by(pid, "app", 1)
	h.Id, h.Cookie, h.State, h.RemotePort = id, id, state, 9000
	return h
}

func TestEach(t *testing.T) {
	const established = 1
	bound := ended(1, closed, 10)
	bound.RemotePort = 0
	datagrams := ended(3, closed, 12)
	datagrams.Proto = 17 // unconnected UDP has the same state
	elsewhere := ended(2, established, 11)
	elsewhere.Netns = 4
	for _, c := range []struct {
		name string
		hs   []iterHolding
		want []uint64 // cookies
	}{
		{"nothing", nil, nil},
		{"interleaved", []iterHolding{ended(2, established, 9), ended(1, established, 10), ended(2, established, 9)}, []uint64{1, 2}},
		{"reset and not closed yet", []iterHolding{ended(1, closed, 10)}, []uint64{1}},
		{"reset, and the port has a new owner", []iterHolding{ended(1, closed, 10), ended(2, established, 11)}, []uint64{2}},
		{"the new one has the smaller cookie", []iterHolding{ended(1, established, 10), ended(2, closed, 11)}, []uint64{1}},
		{"two resets, newest unknown", []iterHolding{ended(1, closed, 10), ended(2, closed, 11)}, nil},
		{"two descriptors of one reset", []iterHolding{ended(1, closed, 10), ended(1, closed, 10)}, []uint64{1}},
		{"the same in another namespace", []iterHolding{ended(1, closed, 10), elsewhere}, []uint64{1, 2}},
		{"bound only", []iterHolding{bound, ended(2, closed, 11)}, []uint64{1, 2}},
		{"UDP", []iterHolding{datagrams, ended(2, closed, 11)}, []uint64{2, 3}},
		{"SO_REUSEPORT", []iterHolding{ended(1, established, 10), ended(2, established, 11)}, []uint64{1, 2}},
	} {
		var got []uint64
		each(c.hs, func(s Socket) { got = append(got, s.Cookie) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestComm(t *testing.T) {
	full := by(1, "0123456789abcdef") // the kernel ends it with a zero, but never rely on that
	if got := full.comm(); got != "0123456789abcdef" {
		t.Errorf("%q", got)
	}
}
