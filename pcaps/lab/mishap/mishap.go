//go:build linux

package mishap

import "net/netip"

// Protocol numbers of IP (IANA).
const (
	TCP = 6
	UDP = 17
)

// Trace is what a mishap did: to which packets, and what the kernel calls it.
type Trace struct {
	Proto    uint8
	From, To netip.AddrPort // of the packets that were lost, or of the RST
	Out      bool           // they were on their way out
	Packets  int            // how many of them, exactly
	Flags    uint16         // of TCP
	Reasons  []string       // as the kernel names it, without prefix; another kernel may call it another of these

	Forged   bool // the next three are known: we made the packet
	TTL      uint8
	IPID     uint16
	Seq      uint32
	Answered bool // this host answers with a RST, to From
}

// Mishap is one of them. It happens here, on a pair that nothing has happened to yet.
type Mishap struct {
	Name string
	Make func(*Pair) (Trace, error)
}

// Drops are those that cost packets.
func Drops() []Mishap {
	return []Mishap{
		{"input rule", InputRule},
		{"output rule", OutputRule},
		{"input policy", InputPolicy},
		{"input limit", InputLimit},
		{"closed port", ClosedPort},
		{"closed port of IPv6", ClosedPort6},
		{"reverse path filter", ReversePath},
		{"nobody listens", NobodyListens},
		{"full socket", FullSocket},
		{"bad checksum", BadChecksum},
		{"full queue", FullQueue},
		{"no neighbour", NoNeighbour},
	}
}

// Refusals are RSTs that TCP does not take for the peer's.
func Refusals() []Mishap {
	return []Mishap{
		{"reset of the past", OldReset},
		{"reset of the future", FutureReset},
		{"inexact reset", InexactReset},
	}
}

// Aborts are connections that a process here breaks off.
func Aborts() []Mishap {
	return []Mishap{
		{"closed with data unread", CloseUnread},
		{"closed without lingering", CloseAtOnce},
	}
}
