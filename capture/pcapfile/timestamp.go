package pcapfile

import (
	"fmt"
	"math/bits"
)

// maxTime bounds times, ns either side of the epoch. A damaged timestamp is
// moved to it (the year 2116), so that adding a timeout never overflows.
const maxTime = 1<<62 - 1

const nanosPerSecond = 1_000_000_000

// resolution turns the time units of a pcapng interface into nanoseconds.
type resolution struct {
	binary bool   // units are 2^-shift seconds, else mul/div nanoseconds
	shift  uint8  // at most 63
	mul    uint64 // 1 unless units are longer than a nanosecond
	div    uint64 // 1 unless they are shorter; never 0
	offset int64  // ns to add, from if_tsoffset
}

// micros is the resolution of an interface that names none
// (draft-ietf-opsawg-pcapng section 4.2, if_tsresol).
var micros = resolution{mul: 1000, div: 1}

// newResolution reads the if_tsresol option: the highest bit chooses powers of
// two over powers of ten, the rest is the negated exponent. Refused are
// exponents for which one second does not fit into 64 bits of units.
func newResolution(v byte) (resolution, error) {
	const base2 = 0x80
	exp := v &^ base2
	switch {
	case v&base2 != 0 && exp <= 63:
		return resolution{binary: true, shift: exp, mul: 1, div: 1}, nil
	case v&base2 == 0 && exp <= 9:
		return resolution{mul: power10(9 - exp), div: 1}, nil
	case v&base2 == 0 && exp <= 19:
		return resolution{mul: 1, div: power10(exp - 9)}, nil
	}
	return resolution{}, fmt.Errorf("if_tsresol %#02x: no clock counts that finely", v)
}

func power10(n byte) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// nanos converts a timestamp to ns since the epoch, within ±maxTime.
func (r *resolution) nanos(units uint64) int64 {
	var t int64
	if r.binary {
		t = r.binaryNanos(units)
	} else {
		t = bounded(bits.Mul64(units/r.div, r.mul))
	}
	return max(-maxTime, min(t+r.offset, maxTime))
}

func (r *resolution) binaryNanos(units uint64) int64 {
	seconds := bounded(bits.Mul64(units>>r.shift, nanosPerSecond))
	hi, lo := bits.Mul64(units&(1<<r.shift-1), nanosPerSecond)
	fraction := hi<<(64-r.shift) | lo>>r.shift // below one second, so it fits
	return min(seconds+int64(fraction), maxTime)
}

// withOffset returns the resolution with if_tsoffset, in seconds, applied.
func (r resolution) withOffset(seconds int64) resolution {
	const most = maxTime / nanosPerSecond
	r.offset = max(-most, min(seconds, most)) * nanosPerSecond
	return r
}

// bounded returns a 128-bit number cut down to maxTime.
func bounded(hi, lo uint64) int64 {
	if hi != 0 || lo > maxTime {
		return maxTime
	}
	return int64(lo)
}
