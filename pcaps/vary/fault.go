package vary

import (
	"math/rand/v2"
	"slices"

	"chokepoint/capture"
)

// Fault changes a run of packets, the same way every time. It may reuse the slice
// it is given, and shares the packets' frames.
type Fault func([]capture.Packet) []capture.Packet

// Apply puts packets through faults, one after the other, and numbers what is
// left from 1, as a capture of it would. The packets given are not changed.
func Apply(packets []capture.Packet, faults ...Fault) []capture.Packet {
	out := slices.Clone(packets)
	for _, f := range faults {
		out = f(out)
	}
	for i := range out {
		out[i].Num = uint64(i + 1)
	}
	return out
}

// DropIf loses the packets that lost chooses.
func DropIf(lost func(*capture.Packet) bool) Fault {
	return func(packets []capture.Packet) []capture.Packet { return dropIf(packets, lost) }
}

func dropIf(packets []capture.Packet, lost func(*capture.Packet) bool) []capture.Packet {
	return slices.DeleteFunc(packets, func(p capture.Packet) bool { return lost(&p) })
}

// Lossy loses packets at random with a probability, the same ones for the same
// seed.
func Lossy(probability float64, seed uint64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		r := rand.New(rand.NewPCG(seed, 0))
		return dropIf(packets, func(*capture.Packet) bool { return r.Float64() < probability })
	}
}

// Begun begins the capture when part of of packets have passed.
func Begun(part, of int) Fault {
	return func(packets []capture.Packet) []capture.Packet { return packets[len(packets)*part/of:] }
}

// Late has every nth packet overtaken by the next by of them, by < n. As on a
// network, the times stay in order: the late packet has that of its new place.
func Late(n, by int) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i := n - 1; i < len(packets); i += n {
			for j := i; j < min(i+by, len(packets)-1); j++ {
				a, b := &packets[j], &packets[j+1]
				*a, *b = *b, *a
				a.Time, b.Time = b.Time, a.Time
			}
		}
		return packets
	}
}

// Snap cuts frames to a snaplen, bytes. Their length on the wire stays. Decoded
// packets have to be decoded again: what decode found is forgotten.
func Snap(snaplen int) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i, p := range packets {
			if len(p.Frame) > snaplen {
				packets[i] = undecoded(&p, p.Frame[:snaplen:snaplen])
			}
		}
		return packets
	}
}

// Shift moves all times by ns.
func Shift(ns int64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		for i := range packets {
			packets[i].Time += ns
		}
		return packets
	}
}

// Microseconds cuts times as a classic pcap file does.
func Microseconds(packets []capture.Packet) []capture.Packet {
	for i := range packets {
		packets[i].Time -= packets[i].Time % 1000
	}
	return packets
}
