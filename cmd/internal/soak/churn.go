package soak

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"golang.org/x/net/dns/dnsmessage"
)

// Names are those of the TLS flows: of messengers, and of others that serve to
// compare with.
var Names = []string{
	"web.whatsapp.com", "g.whatsapp.net", "web.telegram.org", "chat.signal.org", "discord.com",
	"www.example.org", "cdn.example.net", "news.example.com",
}

// Churn makes flows, each of other ports and addresses than those before. The same
// seed makes the same ones.
type Churn struct {
	random *rand.Rand
	talks  [][]turn // by name
	flows  uint32
}

// NewChurn returns one.
func NewChurn(seed uint64) (*Churn, error) {
	cert, err := certificate()
	if err != nil {
		return nil, err
	}
	c := &Churn{random: rand.New(rand.NewPCG(seed, seed))}
	for _, name := range Names {
		said, err := handshake(name, cert)
		if err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		c.talks = append(c.talks, said)
	}
	return c, nil
}

// Frame is one with an Ethernet header.
type Frame struct {
	Up    bool // from the client
	Bytes []byte
}

const (
	clients    = 4096  // addresses
	firstPort  = 500   // of clients
	ports      = 65000 // of clients
	maxPayload = 1400  // of a segment, bytes
)

// Next makes the frames of the next flow. Of twenty, thirteen are conversations by
// TLS, one of them with a name that never comes again; two are reset after the
// hello by somebody in between, two SYNs are never answered, two are questions for
// names that never come again, and one looks like QUIC.
func (c *Churn) Next() []Frame {
	n := c.flows
	c.flows++
	p := pair{netip.AddrPortFrom(addr4(10, n%clients), uint16(firstPort+n/7%ports)),
		netip.AddrPortFrom(addr4(44, n*2654435761>>8), 443)} // odd: none comes twice in 2^24
	talk := c.talks[int(n/20)%len(c.talks)]
	switch k := n % 20; {
	case k < 12:
		return c.whole(p, talk)
	case k < 13:
		return c.whole(p, renamed(talk, Names[int(n/20)%len(Names)], n))
	case k < 15:
		return c.reset(p, talk)
	case k < 17:
		return c.unanswered(p)
	case k < 19:
		return c.dns(p, n)
	}
	return c.quic(p)
}

// renamed puts a name of the same length in the place of the hello's.
func renamed(talk []turn, name string, n uint32) []turn {
	out := slices.Clone(talk)
	b := slices.Clone(out[0].bytes)
	fresh := fmt.Appendf(nil, "%0*x.net", len(name)-4, n)
	for i := 0; i+len(name) <= len(b); i++ {
		if string(b[i:i+len(name)]) == name {
			copy(b[i:], fresh)
		}
	}
	out[0].bytes = b
	return out
}

// conversation is one under way: what each side has said, as sequence numbers.
type conversation struct {
	pair
	next   [2]uint32 // of the client, of the server
	frames []Frame
}

func side(up bool) int {
	if up {
		return 0
	}
	return 1
}

// say sends a segment with what is due.
func (v *conversation) say(s segment) {
	me := side(s.up)
	s.seq = v.next[me]
	if s.ack {
		s.acked = v.next[1-me]
	}
	v.frames = append(v.frames, Frame{s.up, v.tcp(s)})
	v.next[me] += uint32(len(s.payload))
	if s.syn || s.fin {
		v.next[me]++
	}
}

func (v *conversation) tell(up bool, b []byte) {
	for part := range slices.Chunk(b, maxPayload) {
		v.say(segment{up: up, ack: true, psh: true, payload: part})
	}
}

// open begins one.
func (c *Churn) open(p pair) *conversation {
	v := &conversation{pair: p, next: [2]uint32{c.random.Uint32(), c.random.Uint32()}}
	v.say(segment{up: true, syn: true})
	v.say(segment{syn: true, ack: true})
	v.say(segment{up: true, ack: true})
	return v
}

// whole is a conversation from beginning to end.
func (c *Churn) whole(p pair, talk []turn) []Frame {
	v := c.open(p)
	for _, t := range talk {
		v.tell(t.up, t.bytes)
	}
	v.say(segment{up: true, fin: true, ack: true})
	v.say(segment{fin: true, ack: true})
	v.say(segment{up: true, ack: true})
	return v.frames
}

// reset is one that somebody in between ends after the hello, while the server
// goes on.
func (c *Churn) reset(p pair, talk []turn) []Frame {
	v := c.open(p)
	v.tell(true, talk[0].bytes)
	v.say(segment{rst: true, ack: true, ttl: ttlBetween})
	v.say(segment{ack: true})
	return v.frames
}

// unanswered is a SYN and the same again.
func (c *Churn) unanswered(p pair) []Frame {
	f := Frame{true, p.tcp(segment{up: true, syn: true, seq: c.random.Uint32()})}
	return []Frame{f, f}
}

// resolver is who is asked.
var resolver = netip.MustParseAddrPort("9.9.9.9:53")

// dns is a question and its answer (RFC 1035, section 4).
func (c *Churn) dns(p pair, n uint32) []Frame {
	answer := p.server.Addr().As4()
	p.server = resolver
	name := dnsmessage.MustNewName(fmt.Sprintf("h%d.example.org.", n))
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: uint16(c.random.Uint32()), RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}}}
	ask := p.udp(true, c.random.Uint32(), pack(&m))
	m.Response, m.RecursionAvailable = true, true
	m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60},
		Body: &dnsmessage.AResource{A: answer}}}
	return []Frame{{true, ask}, {false, p.udp(false, c.random.Uint32(), pack(&m))}}
}

func pack(m *dnsmessage.Message) []byte {
	b, err := m.Pack()
	if err != nil {
		panic(err) // of our own making
	}
	return b
}

// initial is how long an Initial is at least, bytes (RFC 9000, section 14.1).
const initial = 1200

// quic looks like an Initial and its answer (RFC 9000, section 17.2.2) that nobody
// can decrypt.
func (c *Churn) quic(p pair) (frames []Frame) {
	for _, up := range []bool{true, false, true, false} {
		b := append(make([]byte, 0, initial+4), 0xc3, 0, 0, 0, 1, 8)
		for len(b) < initial {
			b = binary.BigEndian.AppendUint32(b, c.random.Uint32())
		}
		frames = append(frames, Frame{up, p.udp(up, c.random.Uint32(), b)})
	}
	return frames
}
