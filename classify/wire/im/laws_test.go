package im_test

import (
	"testing"

	"chokepoint/classify/wire/im"
)

// looked is how many bytes decide, where it is not all that were captured: bytes
// behind them must not change the answer of a payload of the same length.
var looked = map[string]int{
	"ViberTCP": 11, "ViberUDP": 6, "DiscordDiscovery": 72, "DiscordDiscovered": 72, "DiscordKeepalive": 4,
	"LineCall": 6, "KakaoLOCO": 272, "QQ": 4, "TeamsMux": 20, "ZoomMedia": 34, "Imo": 4,
}

// lengths: those that are one exact length or a length field's, so that a payload
// of one byte more on the wire must not be known.
var lengths = []string{"ViberTCP", "DiscordDiscovery", "DiscordDiscovered", "DiscordKeepalive", "LineCall", "QQ", "TeamsMux", "ZoomPeer", "Imo"}

func laws(t *testing.T, b []byte) {
	t.Helper()
	for name, fires := range single {
		if !fires(b, len(b)) {
			continue
		}
		if n, ok := looked[name]; ok && len(b) > n && !fires(b[:n], len(b)) {
			t.Errorf("%s knows %d bytes, not their first %d", name, len(b), n)
		}
	}
	for _, name := range lengths {
		if single[name](b, len(b)) && single[name](b, len(b)+1) {
			t.Errorf("%s knows %x of any length", name, b)
		}
	}
	for i := 0; i <= len(b); i += 1 + i/8 {
		// An answer is as long as what it answers, and nothing answers itself.
		if im.ZoomEcho(b[:i], b[:i]) || im.LineMedia(b[:i], i, b[:i], i) {
			t.Errorf("%x answers itself", b[:i])
		}
		if im.ZoomEcho(b[:i], b[i:]) && im.ZoomEcho(b[i:], b[:i]) {
			t.Errorf("%x and %x answer each other", b[:i], b[i:])
		}
		for _, fires := range single {
			fires(b[:i], len(b))
		}
	}
}

func FuzzPayloads(f *testing.F) {
	for _, p := range payloads {
		f.Add(unhex(f, p.hex))
	}
	f.Fuzz(laws)
}

func TestNothingAllocates(t *testing.T) {
	for _, p := range payloads {
		b := unhex(t, p.hex)
		lens := []int{48, 191}
		if n := testing.AllocsPerRun(10, func() {
			for _, fires := range single {
				fires(b, len(b))
			}
			im.ZoomEcho(b, b)
			im.LineMedia(b, len(b), b, len(b))
			im.Threema(lens, lens)
		}); n != 0 {
			t.Errorf("%s: %v allocations", p.name, n)
		}
	}
}
