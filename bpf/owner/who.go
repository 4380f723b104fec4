//go:build linux

package owner

import (
	"cmp"
	"slices"
)

// ends are what a socket has in common with its packets.
type ends struct {
	local, remote         [16]byte
	localPort, remotePort uint16
	proto                 uint8
	netns                 uint32
}

// ends returns the socket's; two of the same are two sockets nevertheless.
func (h *iterHolding) ends() ends {
	return ends{h.Local, h.Remote, h.LocalPort, h.RemotePort, h.Proto, h.Netns}
}

// each puts descriptors of the same socket together and tells it once. The order
// of hs is the kernel's, by PID, and is lost.
func each(hs []iterHolding, tell func(Socket)) {
	slices.SortStableFunc(hs, func(a, b iterHolding) int { return cmp.Compare(a.Id, b.Id) })
	heirs := successors(hs)
	for len(hs) > 0 {
		n := 1
		for n < len(hs) && hs[n].Id == hs[0].Id {
			n++
		}
		if !hs[0].over() || heirs[hs[0].ends()] == hs[0].Id {
			tell(told(hs[:n]))
		}
		hs = hs[n:]
	}
}

// closed is TCP_CLOSE (include/net/tcp_states.h).
const closed = 7

// over reports whether a connection has ended that its process has not closed yet,
// as one that was reset. It keeps its addresses, and others may have them by now.
func (h *iterHolding) over() bool { return h.Proto == tcp && h.State == closed && h.RemotePort != 0 }

const tcp = 6

// successors tells to which socket the addresses of connections that are over
// belong: to a living one, else to the only one that is over. 0: that cannot be told.
func successors(hs []iterHolding) map[ends]uint64 {
	heirs := map[ends]uint64{}
	for i := range hs {
		h := &hs[i]
		if !h.over() {
			continue
		}
		if other, taken := heirs[h.ends()]; taken && other != h.Id {
			heirs[h.ends()] = 0
			continue
		}
		heirs[h.ends()] = h.Id
	}
	if len(heirs) == 0 {
		return heirs
	}
	for i := range hs {
		h := &hs[i]
		if _, contested := heirs[h.ends()]; contested && !h.over() {
			heirs[h.ends()] = h.Id
		}
	}
	return heirs
}

// told is the socket that all of hs are descriptors of.
func told(hs []iterHolding) Socket {
	s := hs[0].socket()
	if h := holder(hs); h != nil {
		s.PID, s.Comm, s.Cgroup = h.Tgid, h.comm(), h.Cgroup
		return s
	}
	s.Comm, s.Cgroup = hs[0].comm(), hs[0].Cgroup
	for i := range hs {
		if hs[i].comm() != s.Comm {
			s.Comm = ""
		}
		if hs[i].Cgroup != s.Cgroup {
			s.Cgroup = 0
		}
	}
	return s
}

// supervisor is init, which keeps the sockets of services that it starts: whoever
// has one from there is who uses it.
const supervisor = 1

// holder is the one that all others have the socket from, as descendants; nil: there
// is none.
func holder(hs []iterHolding) *iterHolding {
	if len(hs) == 1 {
		return &hs[0]
	}
	if others := slices.ContainsFunc(hs, func(h iterHolding) bool { return h.Tgid != supervisor }); others {
		hs = slices.DeleteFunc(slices.Clone(hs), func(h iterHolding) bool { return h.Tgid == supervisor })
	}
	for i := range hs {
		from := func(h iterHolding) bool { return h.Tgid == hs[i].Tgid || slices.Contains(h.Ancestors[:], hs[i].Tgid) }
		if !slices.ContainsFunc(hs, func(h iterHolding) bool { return !from(h) }) {
			return &hs[i]
		}
	}
	return nil
}
