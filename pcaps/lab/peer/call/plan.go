package call

import (
	"crypto/aes"
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Media is what one side of a call sends.
type Media struct {
	Audio bool
	Video int // bits/s of payload; 0 is none
	// Muted is when nothing is said: the sender falls back to DTX.
	Muted Span
	// CameraOff is when video ends; 0 never.
	CameraOff time.Duration
}

// Span is a part of a call. Times count from when media begin.
type Span struct{ From, To time.Duration }

func (s Span) has(at time.Duration) bool { return s.From <= at && at < s.To }

// Usual calls.
var (
	Voice     = Media{Audio: true}
	VideoCall = Media{Audio: true, Video: 1_000_000}
)

// plan is what one side does in a call.
type plan struct {
	Media
	rings  time.Duration // from the path's opening until media begin
	lasts  time.Duration // from the path's opening
	away   bool          // nobody takes the call
	opaque bool          // media are noise from the first byte
}

// tokenLen is the length of a sealed plan: one block of AES, so that it looks as
// random as what it stands for.
const tokenLen = aes.BlockSize

// tick is the resolution of a plan's times; 16 bits of it are 21 minutes.
const tick = 20 * time.Millisecond

// planKey is no secret: it only makes tokens look like tokens. check tells ours
// from others.
var planKey = []byte("chokepoint lab..")

const check = 0x5a

// Bits of a plan's first byte.
const (
	withAudio = 1 << iota
	isAway
	isOpaque
)

// seal makes a token of a plan. Rates are whole kbit/s, times whole ticks.
func (p plan) seal() []byte {
	b := make([]byte, tokenLen)
	rand.Read(b[14:])
	b[1] = check
	for bit, set := range map[byte]bool{withAudio: p.Audio, isAway: p.away, isOpaque: p.opaque} {
		if set {
			b[0] |= bit
		}
	}
	binary.BigEndian.PutUint16(b[2:], uint16(p.Video/1000))
	for i, d := range [...]time.Duration{p.Muted.From, p.Muted.To, p.CameraOff, p.rings, p.lasts} {
		binary.BigEndian.PutUint16(b[4+2*i:], uint16(d/tick))
	}
	block, err := aes.NewCipher(planKey)
	if err != nil {
		panic(err) // the key has a length that there is
	}
	block.Encrypt(b, b)
	return b
}

// unseal reads a token.
func unseal(token []byte) (p plan, ok bool) {
	block, err := aes.NewCipher(planKey)
	if err != nil || len(token) < tokenLen {
		return p, false
	}
	var b [tokenLen]byte
	block.Decrypt(b[:], token)
	p.Audio, p.away, p.opaque = b[0]&withAudio != 0, b[0]&isAway != 0, b[0]&isOpaque != 0
	p.Video = int(binary.BigEndian.Uint16(b[2:])) * 1000
	for i, d := range [...]*time.Duration{&p.Muted.From, &p.Muted.To, &p.CameraOff, &p.rings, &p.lasts} {
		*d = time.Duration(binary.BigEndian.Uint16(b[4+2*i:])) * tick
	}
	return p, b[1] == check
}
