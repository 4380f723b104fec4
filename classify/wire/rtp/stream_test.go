package rtp

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestStreamsAreSmall(t *testing.T) {
	if n := unsafe.Sizeof(Stream{}); n > 64 {
		t.Errorf("%d bytes", n)
	}
}

// TestSureStreams plays what is RTP.
func TestSureStreams(t *testing.T) {
	opus := func(size int) *sender {
		return &sender{ssrc: 1, typ: 111, seq: 65530, stamp: 1<<32 - 5000, step: 960, size: size}
	}
	video := &sender{ssrc: 2, typ: 96, step: 4320, size: 1100, each: 4}
	hd := &sender{ssrc: 2, typ: 96, step: 3000, size: 1100, each: 4}
	small := &sender{ssrc: 2, typ: 96, step: 3000, size: 300}
	voice, lossy := opus(100), opus(100)
	voice.step = 1152
	tests := []struct {
		name           string
		n, gap, jitter int
		next           func(i int) []byte
		want           Media
	}{
		{"eight packets of G.711", 8, 20, 0, (&sender{typ: 8, step: 160, size: 172}).pick, Audio},
		{"eight packets of H.263, 5 ms apart and 25", 8, 25, 3, (&sender{typ: 34, step: 3000, size: 900}).pick, Video},
		{"eight packets of Opus, whose clock is not known yet", 8, 20, 5, opus(100).pick, Audio},
		{"the same, large ones", 8, 20, 5, opus(500).pick, Unknown},
		{"a second and more of large ones", 80, 20, 40, opus(500).pick, Audio},
		{"AMR of 8 kHz", 60, 20, 30, (&sender{typ: 97, step: 160, size: 44}).pick, Audio},
		{"WhatsApp, 160 ms each", 20, 160, 30, (&sender{typ: 120, step: 2560, size: 189}).pick, Audio},
		{"SILK of 12 kHz, an odd clock", 60, 20, 5, (&sender{typ: 104, step: 240, size: 60}).pick, Audio},
		{"video, four packets a frame", 160, 8, 20, hd.pick, Video},
		{"video of small single packets says nothing", 60, 33, 10, small.pick, Unknown},
		{"video held up and sent in bursts, whose clock runs fast", 160, 8, 0, (&sender{typ: 96, step: 3456, size: 1100, each: 4}).pick, Video},
		{"video of 25 small frames, early packets late, is no voice", 8, 69, 0, (&sender{typ: 96, step: 3600, size: 300}).pick, Unknown},
		{"a third lost", 60, 30, 10, func(i int) []byte {
			b := lossy.packet()
			if i%2 == 1 {
				lossy.packet()
			}
			return b
		}, Audio},
		{"audio and video bundled", 400, 8, 5, func(i int) []byte {
			if i%3 == 0 {
				return voice.packet()
			}
			return video.packet()
		}, Audio | Video},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			play(&s, tt.n, tt.gap, tt.jitter, func(i int) []byte {
				if i < 8 && s.Sure() {
					t.Errorf("sure after %d: %+v", i, s)
				}
				return tt.next(i)
			})
			if !s.Sure() || s.Media() != tt.want {
				t.Errorf("sure %v, %v: %+v", s.Sure(), s.Media(), s)
			}
		})
	}
}

// TestInnocentFaults wants a stream to become sure in spite of what happens to
// streams: packets twice, late, another source now and then, a jump.
func TestInnocentFaults(t *testing.T) {
	src := &sender{ssrc: 9, typ: 111, step: 960, size: 90}
	var old []byte
	var s Stream
	play(&s, 80, 20, 10, func(i int) []byte {
		switch {
		case i%20 == 7:
			return old
		case i%20 == 13:
			return (&sender{ssrc: uint32(1000 + i), typ: 97, size: 50}).packet()
		case i == 15:
			src.seq += 500
		}
		old = src.packet()
		return old
	})
	if !s.Sure() || s.Media() != Audio {
		t.Errorf("%v: %+v", s.Media(), s)
	}
}

// TestDisorderIsNoFault wants pairs that changed places to count for nothing.
func TestDisorderIsNoFault(t *testing.T) {
	src := &sender{ssrc: 9, typ: 111, step: 960, size: 90}
	var late []byte
	var s Stream
	play(&s, 80, 20, 0, func(i int) []byte {
		switch i % 3 {
		case 0:
			late = src.packet()
			return src.packet()
		case 1:
			return late
		}
		return src.packet()
	})
	if !s.Sure() {
		t.Errorf("%+v", s)
	}
}

// TestClocksThatStop wants a sender's clock that stands still while nothing is
// said, for seconds, to be left out.
func TestClocksThatStop(t *testing.T) {
	src := &sender{ssrc: 9, typ: 111, step: 960, size: 500}
	var s Stream
	at := int64(1_700_000_000e9)
	for i := range 400 {
		if at += 20e6; i%50 == 0 {
			at += 3000e6
		}
		feed(&s, src.packet(), at)
	}
	if s.Media() != Audio {
		t.Errorf("%v: %+v", s.Media(), s)
	}
}

// TestProofIsKept wants what was proven to outlast a silence and other sources.
func TestProofIsKept(t *testing.T) {
	var s Stream
	a, b, c := &sender{ssrc: 1, typ: 0, step: 160, size: 172}, &sender{ssrc: 2, typ: 34, step: 3000, size: 900}, &sender{ssrc: 3, typ: 98, step: 3000, size: 900}
	play(&s, 20, 20, 0, a.pick)
	play(&s, 20, 20, 0, b.pick)
	play(&s, 2000, 20, 0, c.pick)
	if !s.Sure() || s.Media() != Audio|Video {
		t.Errorf("%v: %+v", s.Media(), s)
	}
}

// TestBurstsProveNothing wants a clock to be seen before it is believed.
func TestBurstsProveNothing(t *testing.T) {
	var s Stream
	play(&s, 12, 10, 0, (&sender{typ: 0, step: 80, size: 92}).pick)
	if s.Sure() {
		t.Errorf("sure after 110 ms: %+v", s)
	}
}

// counter writes what a game may: a version, a counter, a clock, a session.
func counter(i int, perSecond, gap uint32) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x80, 0x21}, uint16(i))
	b = binary.BigEndian.AppendUint32(b, uint32(i)*gap*perSecond/1000)
	return append(b, 0xca, 0xfe, 0xba, 0xbe, 1, 2, 3, 4)
}

// TestOthersAreNoStreams plays what is not RTP, in lengths that calls have.
func TestOthersAreNoStreams(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	random := func(n int) func(int) []byte { return func(int) []byte { return randomBytes(r, n) } }
	masked := func(mask string, n int) func(int) []byte {
		fixed := unhex(mask)
		return func(int) []byte { return append(append([]byte{}, fixed...), randomBytes(r, n)...) }
	}
	for _, tt := range []struct {
		name string
		next func(i int) []byte
	}{
		{"random bytes", random(120)},
		{"random bytes behind the version", masked("80", 119)},
		{"random bytes behind version and type", masked("8060", 118)},
		{"a constant in the place of the source", func(int) []byte {
			return append(append([]byte{0x80, 0x60}, randomBytes(r, 6)...), 1, 2, 3, 4, 5, 6, 7, 8)
		}},
		{"a counter and a constant, the rest random", func(i int) []byte {
			b := binary.BigEndian.AppendUint16([]byte{0x80, 0x60}, uint16(i))
			return append(append(b, randomBytes(r, 4)...), 1, 2, 3, 4, 5, 6, 7, 8)
		}},
		{"QUIC short headers", func(int) []byte { return append([]byte{0x40 | byte(r.Uint32())&0x3f}, randomBytes(r, 60)...) }},
		{"QUIC short headers without the fixed bit (RFC 9287)", func(int) []byte {
			return append([]byte{byte(r.Uint32()) & 0x7f}, append(unhex("c0ffee00c0ffee00"), randomBytes(r, 60)...)...)
		}},
		{"QUIC long headers greased", func(int) []byte { return append(unhex("80000000 0108c0ff ee00c0ff ee00"), randomBytes(r, 60)...) }},
		{"DNS queries of such ids", func(i int) []byte {
			return append(binary.BigEndian.AppendUint16(nil, 0x8000+uint16(i)), unhex("0100 00010000 00000000 03777777 076578616d706c65 00 0001 0001")...)
		}},
		{"uTP", func(i int) []byte {
			b := append(unhex("2100beef"), binary.BigEndian.AppendUint32(nil, uint32(i)*20000)...)
			return append(append(b, randomBytes(r, 4)...), unhex("00100000")...)
		}},
		{"DHT", func(int) []byte { return []byte("d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe") }},
		{"WireGuard", func(i int) []byte {
			return append(append(unhex("04000000 28a3f1c2"), byte(i), 0, 0, 0, 0, 0, 0, 0), randomBytes(r, 48)...)
		}},
		{"SIP keepalives", func(int) []byte { return []byte("\r\n\r\n") }},
		{"SIP", func(int) []byte { return []byte("OPTIONS sip:a@example.org SIP/2.0\r\n\r\n") }},
		{"a game that counts ticks", func(i int) []byte { return counter(i, 50, 20) }},
		{"a game that counts milliseconds", func(i int) []byte { return counter(i, 1000, 20) }},
		{"a game that counts microseconds", func(i int) []byte { return counter(i, 1_000_000, 20) }},
		{"a game without a clock", func(i int) []byte { return counter(i, 0, 20) }},
		{"a game that counts by threes", func(i int) []byte { return counter(3*i, 8000, 20) }},
		{"a game that never counts", func(int) []byte { return counter(5, 0, 20) }},
		{"a game whose types change", func(i int) []byte {
			b := counter(i, 8000, 20)
			b[1] = byte(i * 7 % 60)
			return b
		}},
		{"a clock that goes to and fro", func(i int) []byte {
			b := counter(i, 0, 20)
			binary.BigEndian.PutUint32(b[4:], uint32(i*160+i%2*480))
			return b
		}},
		{"a counter that jumps every other time", func(i int) []byte {
			b := counter(i, 8000, 20)
			binary.BigEndian.PutUint16(b[2:], uint16(i+i/2*500))
			return b
		}},
		{"a call drowned in something else", func(i int) []byte {
			if i%8 == 0 {
				return counter(i/8, 8000, 160)
			}
			return append([]byte{0xf0}, randomBytes(r, 30)...)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			play(&s, 5000, 20, 5, tt.next)
			if s.Sure() || s.Media() != Unknown {
				t.Errorf("%+v", s)
			}
		})
	}
}
