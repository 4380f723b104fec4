package call

import (
	"crypto/rand"
	"encoding/binary"
	mrand "math/rand/v2"
	"time"

	"github.com/pion/rtp"
)

// Rates and sizes of media.
const (
	audioFrame = 20 * time.Millisecond // RFC 7587 section 4.2
	dtxFrame   = 400 * time.Millisecond
	minSpeech  = 60 // bytes of Opus at some 36 kbit/s
	maxSpeech  = 120
	dtxSize    = 8    // bytes that tell of comfort noise
	maxPayload = 1150 // bytes of video: with headers and tag not above 1200
	frameRate  = 30   // 1/s
	videoClock = 90_000
	sealTag    = 10 // bytes of SRTP's tag (RFC 3711 section 5.2)
	rtcpEvery  = 2500 * time.Millisecond
)

// style is how a messenger fills in RTP.
type style struct {
	audio, video uint8 // payload types
	audioClock   int   // Hz
	profile      uint16
}

// Styles: browsers' (RFC 7587, RFC 8285), and WhatsApp's.
var (
	webRTC   = style{audio: 111, video: 96, audioClock: 48_000, profile: rtp.ExtensionProfileOneByte}
	whatsApp = style{audio: 120, video: 121, audioClock: 16_000, profile: 0xdebe}
)

// source is one SSRC.
type source struct {
	header rtp.Header
	style  style
	clock  int // Hz
	base   uint32
}

func newSource(s style, typ uint8, clock int) *source {
	return &source{style: s, clock: clock, base: mrand.Uint32(),
		header: rtp.Header{Version: 2, PayloadType: typ, SSRC: mrand.Uint32(), SequenceNumber: uint16(mrand.Uint32()),
			Extension: true, ExtensionProfile: s.profile}}
}

// packet is the next one, of n bytes of payload that nobody can read.
func (s *source) packet(at time.Duration, marker bool, n int) []byte {
	s.header.Marker = marker
	s.header.Timestamp = s.base + uint32(int64(at)*int64(s.clock)/int64(time.Second))
	s.header.SequenceNumber++
	word := make([]byte, 4)
	rand.Read(word)
	id := uint8(0) // RFC 3550 section 5.3.1: the whole extension
	if s.style.profile == rtp.ExtensionProfileOneByte {
		id, word = 3, word[:2] // transport-wide sequence number
	}
	if err := s.header.SetExtension(id, word); err != nil {
		panic(err) // an id that there is
	}
	p := rtp.Packet{Header: s.header, Payload: make([]byte, n+sealTag)}
	rand.Read(p.Payload)
	b, err := p.Marshal()
	if err != nil {
		panic(err) // the sizes are ours
	}
	return b
}

// report is a sender report with a description, sealed: eight bytes of it can be
// read (RFC 3711 section 3.4).
func (s *source) report() []byte {
	const words, described, trailer = 13, 24, 4 + sealTag
	b := make([]byte, 4*words+described+trailer)
	rand.Read(b)
	b[0], b[1] = 0x81, 200 // one block, SR (RFC 3550 section 6.4.1)
	binary.BigEndian.PutUint16(b[2:], words-1)
	binary.BigEndian.PutUint32(b[4:], s.header.SSRC)
	return b
}

// speech is a beat that talks, and falls silent where the plan says so. at is from
// when media begin.
func speech(p plan, s *source, send func([]byte)) func(at time.Duration) time.Duration {
	spurt := true
	return func(at time.Duration) time.Duration {
		if p.Muted.has(at) {
			send(s.packet(at, false, dtxSize))
			spurt = true
			return min(at+dtxFrame, max(p.Muted.To, at+audioFrame))
		}
		send(s.packet(at, spurt, minSpeech+mrand.IntN(maxSpeech-minSpeech+1)))
		spurt = false
		return at + audioFrame
	}
}

// camera is a beat that sends pictures. The packets of a picture are of one size,
// as browsers cut them, and the last one is marked.
func camera(p plan, s *source, send func([]byte)) func(at time.Duration) time.Duration {
	frame := 0
	return func(at time.Duration) time.Duration {
		if p.CameraOff > 0 && at >= p.CameraOff {
			return never
		}
		mean := float64(p.Video) / 8 / frameRate
		size := int(mean * (0.5 + mrand.Float64()))
		n := max(1, (size+maxPayload-1)/maxPayload)
		for i := range n {
			send(s.packet(at, i == n-1, size/n))
		}
		frame++
		return time.Duration(frame) * time.Second / frameRate
	}
}

// later shifts a beat, whose own time begins at start.
func later(start time.Duration, do func(time.Duration) time.Duration) beat {
	return beat{start, func(at time.Duration) time.Duration {
		if next := do(at - start); next >= 0 {
			return start + next
		}
		return never
	}}
}
