package capturetest

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"chokepoint/capture"
)

// Fault changes a run of packets. It may reuse the slice it is given, and shares
// the packets' frames.
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

// Drop loses every nth packet: the nth, the 2nth and so on.
func Drop(n int) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		i := 0
		return dropIf(packets, func(*capture.Packet) bool { i++; return i%n == 0 })
	}
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

// Double has every nth packet captured twice, the copy after ns later. Packets
// that come in between stay in the order of time.
func Double(n int, after int64) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		out := packets
		for i := n - 1; i < len(packets); i += n {
			p := packets[i]
			p.Time += after
			out = append(out, p)
		}
		slices.SortStableFunc(out, func(a, b capture.Packet) int { return cmp.Compare(a.Time, b.Time) })
		return out
	}
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
			if len(p.Frame) <= snaplen {
				continue
			}
			packets[i] = capture.Packet{
				Num: p.Num, Time: p.Time, If: p.If, Link: p.Link,
				Frame: p.Frame[:snaplen:snaplen], WireLen: max(p.WireLen, uint32(len(p.Frame))),
			}
		}
		return packets
	}
}

// Cut ends the capture after n packets. With Source.Err it is a torn file.
func Cut(n int) Fault {
	return func(packets []capture.Packet) []capture.Packet { return packets[:min(n, len(packets))] }
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
