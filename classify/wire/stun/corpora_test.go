package stun_test

import (
	"encoding/binary"
	"io"
	"regexp"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/stun"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// calls are captures with calls by their name, quiet those without.
var (
	calls = regexp.MustCompile(`(?i)stun|turn|rtp|whatsapp|telegram|signal|teams|webex|zoom|discord|facetime|skype|meet|viber`)
	quiet = regexp.MustCompile(`(?i)dns|http|ssh|bittorrent|quic|wireguard|openvpn`)
)

// eachCapture calls fn for the captures whose name matches.
func eachCapture(t *testing.T, name *regexp.Regexp, fn func(f corpora.File)) {
	for _, f := range corpora.Captures(t, corpora.Usual...) {
		if name.MatchString(f.Base()) {
			fn(f)
		}
	}
}

// tally counts what a capture holds.
type tally struct {
	payloads, done, cut, classic, malformed, wrapped, channel, print, bad, stream int
	// cookies counts datagrams with the cookie where it belongs, by a look that
	// is not the parser's.
	cookies int
}

func (c *tally) udp(t *testing.T, short string, m *stun.Message, p *capture.Packet) {
	b, n := p.Payload, int(p.PayloadLen)
	if inner, ok := stun.Unwrap(b); ok && n == len(b) && m.Parse(inner, len(inner)) == wire.Done {
		b, n = inner, len(inner)
		c.wrapped++
	}
	if len(b) >= 20 && b[0] < 0x40 && binary.BigEndian.Uint32(b[4:]) == stun.Magic {
		c.cookies++
	}
	switch m.Parse(b, n) {
	case wire.Done:
		c.done++
		if m.Cut {
			c.cut++
		}
		if m.Classic {
			c.classic++
		}
	case wire.Malformed:
		c.malformed++
		if c.malformed <= 3 {
			t.Logf("%s: packet %d: type %#04x attributes %#04x fault at %d: % x", short, p.Num, m.Type, m.Attrs, m.FaultAt, b)
		}
	default:
		if _, _, ok := stun.ChannelHead(b, n); ok {
			c.channel++
		}
	}
	switch m.Fingerprint {
	case stun.Good:
		c.print++
	case stun.Bad:
		c.bad++
		t.Logf("%s: packet %d: bad fingerprint", short, p.Num)
	}
}

// tcp counts messages at the start of segments, bare or framed.
func (c *tally) tcp(m *stun.Message, b []byte) {
	for len(b) > 0 {
		inner, n, s := stun.Framed(b)
		if s != wire.Done || m.Parse(inner, len(inner)) != wire.Done {
			if n, s = stun.Frame(b); s != wire.Done || m.Parse(b[:n], n) != wire.Done {
				return
			}
		}
		c.stream++
		b = b[n:]
	}
}

func count(t *testing.T, f corpora.File) (c tally) {
	var m stun.Message
	err := replay.Packets(f.Path, func(p *capture.Packet) {
		if len(p.Payload) == 0 {
			return
		}
		c.payloads++
		switch p.Key.Proto {
		case capture.ProtoUDP:
			c.udp(t, f.Name, &m, p)
		case capture.ProtoTCP:
			c.tcp(&m, p.Payload)
		}
	})
	if err != io.EOF {
		t.Logf("%s: %v", f.Name, err) // what came before it counts
	}
	return c
}

// broken are captures made to hold malformed messages.
var broken = regexp.MustCompile(`stun-malformed`)

// TestCapturesOfCalls counts what is found and wants each datagram with the
// cookie to be parsed.
func TestCapturesOfCalls(t *testing.T) {
	found := 0
	eachCapture(t, calls, func(f corpora.File) {
		c := count(t, f)
		if c.done+c.malformed+c.stream == 0 {
			return
		}
		found += c.done
		t.Logf("%-60s %+v", f.Name, c)
		if c.malformed > 0 && !broken.MatchString(f.Name) || c.done+c.malformed < c.cookies || c.bad > 0 {
			t.Errorf("%s: %d malformed, %d bad fingerprints, %d parsed of %d with the cookie", f.Name, c.malformed, c.bad, c.done, c.cookies)
		}
	})
	if found < 300 {
		t.Errorf("only %d messages found in all captures", found)
	}
}

// TestCapturesWithoutCalls wants nothing to be taken for STUN. Channel numbers
// prove nothing without the relay before them and are only counted.
func TestCapturesWithoutCalls(t *testing.T) {
	captures, payloads := 0, 0
	eachCapture(t, quiet, func(f corpora.File) {
		if calls.MatchString(f.Base()) {
			return
		}
		captures++
		c := count(t, f)
		payloads += c.payloads
		if c.channel > 0 {
			t.Logf("%s: %d of %d datagrams look like ChannelData", f.Name, c.channel, c.payloads)
		}
		if c.done+c.malformed+c.wrapped+c.stream > 0 {
			t.Errorf("%s: %+v", f.Name, c)
		}
	})
	t.Logf("nothing in %d captures with %d payloads", captures, payloads)
}
