package pcapfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/big"
	"testing"
)

// TestAllResolutions goes through all 256 values of if_tsresol: each is either
// refused with the offset of its block, or gives the time that exact arithmetic
// gives.
func TestAllResolutions(t *testing.T) {
	o := binary.LittleEndian
	refused := 0
	for v := range 256 {
		for _, units := range []uint64{0, 1, 1_700_000_000, 1_700_000_000_123_456, 1_700_000_000_123_456_789, math.MaxUint64} {
			g := readAll(bytes.NewReader(join(section(o), ngInterface(o, 1, 0, ngOption(o, ifTsresol, []byte{byte(v)})),
				enhanced(o, 0, units, 0, 0, nil))))
			if g.err != nil {
				wantFault(t, join(section(o), ngInterface(o, 1, 0, ngOption(o, ifTsresol, []byte{byte(v)}))),
					int64(len(section(o))), 0, g.err.(*FileError).Cause.Error())
				refused++
				break
			}
			if got, want := g.packets[0].Time, exactNanos(byte(v), units); got != want {
				t.Errorf("if_tsresol %#02x, %d units: %d, want %d", v, units, got, want)
			}
		}
	}
	if refused != 256-20-64 {
		t.Errorf("%d values refused, want all but 10^0 to 10^-19 and 2^0 to 2^-63", refused)
	}
}

func exactNanos(v byte, units uint64) int64 {
	base := int64(10)
	if v&0x80 != 0 {
		base = 2
	}
	n := new(big.Int).SetUint64(units)
	n.Mul(n, big.NewInt(nanosPerSecond))
	n.Quo(n, new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(v&0x7f)), nil))
	if !n.IsInt64() || n.Int64() > maxTime {
		return maxTime
	}
	return n.Int64()
}

func TestTimeOffsetsNeverOverflow(t *testing.T) {
	for _, c := range []struct {
		units  uint64
		offset int64
		want   int64
	}{
		{5_000_000, 10, 15 * nanosPerSecond},
		{5_000_000, -10, -5 * nanosPerSecond},
		{math.MaxUint64, math.MaxInt64, maxTime},
		{math.MaxUint64, math.MinInt64, maxTime - maxTime/nanosPerSecond*nanosPerSecond},
		{0, math.MinInt64, -maxTime / nanosPerSecond * nanosPerSecond},
	} {
		r := micros.withOffset(c.offset)
		if got := r.nanos(c.units); got != c.want {
			t.Errorf("%d µs with an offset of %d s: %d ns, want %d", c.units, c.offset, got, c.want)
		}
	}
}
