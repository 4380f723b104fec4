package track

import (
	"chokepoint/classify/fact"
	"chokepoint/classify/wire/rtp"
)

// app is what a flow speaks.
type app uint8

const (
	appUnknown app = iota
	appTLS
	appHTTP
	appQUIC
	appDTLS
	appSTUN
	appTURN
	appRTP
)

var appNames = [...]string{"", "tls", "http", "quic", "dtls", "stun", "turn", "rtp"}

// speaks notes what a flow speaks. Of what shares a socket with others
// (RFC 7983), the later of the list says more: a call is set up by STUN, keyed
// by DTLS and carried by RTP.
func (t *Tracker) speaks(f *Flow, a app) {
	if n := t.needNames(f); a > n.app {
		n.app = a
	}
}

// appOf returns what a flow speaks.
func (t *Tracker) appOf(f *Flow) app {
	if n := t.namesOf(f); n != nil {
		return n.app
	}
	return appUnknown
}

// spoken writes out what a flow speaks. x may be nil.
func (t *Tracker) spoken(f *Flow, x *extra, to *fact.Flow) {
	if x != nil && x.speech != nil {
		t.partialQUIC(f, x.speech)
		t.namesOf(f).write(&to.Names, f.Num)
	}
	switch a := t.appOf(f); {
	case a == appQUIC:
		f.datagramHello(to)
		to.App = "quic"
	case a != appUnknown:
		to.App = appNames[a]
	case x != nil && x.dns != nil:
		to.App = "dns"
	}
	n := t.namesOf(f)
	if n == nil {
		return
	}
	to.QUIC, to.Signs = value(n.hello).quic, t.signsOf(f)
	for _, m := range [...]rtp.Media{rtp.Audio, rtp.Video} {
		if n.media&uint8(m) != 0 {
			to.Media = append(to.Media, m.String())
		}
	}
}

// datagramHello writes out the client's first datagrams as its hello.
func (f *Flow) datagramHello(to *fact.Flow) {
	up, down := &to.Sides[fact.Up], &to.Sides[fact.Down]
	to.Hello = fact.Hello{Kind: "quic", First: up.First, Segs: uint32(up.Packets), Answer: down.First, Data: down.First}
}
