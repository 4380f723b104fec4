package rtp

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// sender makes packets of one source.
type sender struct {
	ssrc  uint32
	typ   uint8
	seq   uint16
	stamp uint32
	step  uint32 // of the timestamp for each frame
	size  int
	each  int // packets of a frame
	n     int
}

// packet makes the next one.
func (s *sender) packet() []byte {
	b := []byte{0x80, s.typ}
	b = binary.BigEndian.AppendUint16(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.stamp)
	b = binary.BigEndian.AppendUint32(b, s.ssrc)
	s.seq++
	if s.n++; s.n%max(1, s.each) == 0 {
		s.stamp += s.step
	}
	return append(b, make([]byte, max(0, s.size-len(b)))...)
}

// feed runs a datagram through as a user does.
func feed(s *Stream, b []byte, at int64) {
	var h Header
	switch {
	case len(b) > 0 && Parse(b, &h):
		s.Add(&h, len(b), at)
	case len(b) == 0 || Demux(b[0]) == Other || Demux(b[0]) == RTP:
		s.Miss()
	}
}

// play feeds n datagrams of next, gap ms apart, each late by up to jitter ms and
// none before the one ahead of it.
func play(s *Stream, n, gap, jitter int, next func(i int) []byte) {
	r := rand.New(rand.NewPCG(1, 2))
	last := int64(0)
	for i := range n {
		last = max(last, int64(i*gap)*1e6+int64(jitter)*r.Int64N(1e6))
		feed(s, next(i), 1_700_000_000e9+last)
	}
}

// pick makes the next packet, whatever its number.
func (s *sender) pick(int) []byte { return s.packet() }

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
