package rtp_test

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/rtp"
	"chokepoint/classify/wire/stun"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// calls are captures that may hold calls by their name, quiet those that do not.
var (
	calls = regexp.MustCompile(`(?i)stun|turn|rtp|whatsapp|telegram|signal|teams|webex|zoom|discord|facetime|skype|meet|viber|sip|call|voip`)
	quiet = regexp.MustCompile(`(?i)dns|http|ssh|bittorrent|quic|wireguard|openvpn`)
)

// eachCapture calls fn for the captures whose name is wanted.
func eachCapture(t *testing.T, wanted func(name string) bool, fn func(f corpora.File)) {
	for _, f := range corpora.Captures(t, corpora.Usual...) {
		if wanted(f.Base()) {
			fn(f)
		}
	}
}

// direction is what goes one way of a flow.
type direction struct {
	stream  rtp.Stream
	packets int // that parse as RTP
	first   rtp.Header
}

// tally is what a capture holds.
type tally struct {
	datagrams, rtp, rtcp, secured, other int
	ways                                 map[capture.Key]*direction
}

func (c *tally) add(m *stun.Message, p *capture.Packet) {
	b, n := p.Payload, int(p.PayloadLen)
	c.datagrams++
	if m.Parse(b, n) == wire.Done {
		if b = m.Data; len(b) == 0 {
			return
		}
		n = len(b)
	} else if _, inner, ok := stun.ChannelHead(b, n); ok && len(inner) > 0 {
		b, n = inner, n-4
	}
	way := c.ways[p.Key]
	if way == nil {
		way = &direction{}
		c.ways[p.Key] = way
	}
	var h rtp.Header
	var r rtp.RTCP
	switch {
	case rtp.ParseCut(b, n, &h):
		c.rtp++
		if way.packets++; way.packets == 1 {
			way.first = h
		}
		way.stream.Add(&h, n, p.Time)
	case len(b) == n && rtp.ParseRTCP(b, &r):
		c.rtcp++
		if r.Secured {
			c.secured++
		}
	case rtp.Demux(b[0]) == rtp.Other || rtp.Demux(b[0]) == rtp.RTP:
		c.other++
		way.stream.Miss()
	}
}

func count(t *testing.T, f corpora.File) tally {
	var m stun.Message
	c := tally{ways: map[capture.Key]*direction{}}
	err := replay.Packets(f.Path, func(p *capture.Packet) {
		if len(p.Payload) > 0 && p.Key.Proto == capture.ProtoUDP {
			c.add(&m, p)
		}
	})
	if err != io.EOF {
		t.Logf("%s: %v", f.Name, err) // what came before it counts
	}
	return c
}

// sure lists the directions that are sure.
func (c *tally) sure() (out []string) {
	for k, d := range c.ways {
		if d.stream.Sure() {
			out = append(out, fmt.Sprintf("%v:%d>%v:%d %s type %d, %d packets", k.SrcAddr(), k.SrcPort, k.DstAddr(), k.DstPort, d.stream.Media(), d.first.Type, d.packets))
		}
	}
	slices.Sort(out)
	return out
}

// TestCapturesOfCalls says what is found, capture by capture.
func TestCapturesOfCalls(t *testing.T) {
	found := 0
	eachCapture(t, calls.MatchString, func(f corpora.File) {
		c := count(t, f)
		if c.rtp+c.rtcp == 0 {
			return
		}
		streams := c.sure()
		found += len(streams)
		t.Logf("%s: %d datagrams, %d as RTP, %d as RTCP (%d secured), %d other, %d streams", f.Name, c.datagrams, c.rtp, c.rtcp, c.secured, c.other, len(streams))
		for _, s := range streams {
			t.Logf("    %s", s)
		}
	})
	t.Logf("%d streams", found)
	if found < 25 {
		t.Errorf("only %d streams found in all captures", found)
	}
}

// TestCapturesWithoutCalls wants no stream where there is no call.
func TestCapturesWithoutCalls(t *testing.T) {
	captures, datagrams, alike := 0, 0, 0
	eachCapture(t, func(name string) bool { return quiet.MatchString(name) && !calls.MatchString(name) }, func(f corpora.File) {
		c := count(t, f)
		captures, datagrams, alike = captures+1, datagrams+c.datagrams, alike+c.rtp
		for _, s := range c.sure() {
			t.Errorf("%s: %s", f.Name, s)
		}
	})
	t.Logf("none in %d captures with %d datagrams, %d of which have a header like RTP's", captures, datagrams, alike)
}
