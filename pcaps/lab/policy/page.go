package policy

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/craft"
	"chokepoint/pcaps/lab/box"
)

// BlockPage answers a plaintext HTTP request in the server's name. The server's own
// answer comes later, unless the request is swallowed.
type BlockPage struct {
	Status      int      // 0: 302 with a Location, else 200
	Header      []string // lines, as "Server: nginx"
	Location    string
	Body        string
	FIN         bool // the answer ends the connection
	ResetServer bool // and the server gets a reset in the client's name
	Delay       time.Duration
	Swallow     bool // the request goes no further

	TTL, IPID Value // of the IP header; nil: 64 and 0
}

// pageSegment is how much of a page goes in one segment, bytes.
const pageSegment = 1400

// Act implements [box.Action].
func (a *BlockPage) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	if !plain(p) || !TCP(p) || p.Flow == nil || p.Dir != box.Up || p.PayloadLen == 0 {
		return true
	}
	s, page := sightOf(b, p, box.Down, a.Swallow), a.page()
	for at := 0; at < len(page); at += pageSegment {
		part := page[at:min(at+pageSegment, len(page))]
		shot := Shot{Flags: capture.ACK, Seq: SeqAhead(uint32(at)), TTL: a.TTL, IPID: a.IPID, Window: WindowCopied, Timestamps: true, Payload: part}
		if at+len(part) == len(page) {
			shot.Flags |= capture.PSH
			if a.FIN {
				shot.Flags |= capture.FIN
			}
		}
		inject(b, r, box.Down, a.Delay+time.Duration(s.N)*near, shot.frame(s))
		s.N++
	}
	if a.ResetServer {
		inject(b, r, box.Up, a.Delay, new(Shot).frame(sightOf(b, p, box.Up, a.Swallow)))
	}
	return finish(b, r, p, a.Swallow)
}

// page is the response (RFC 9112 section 4).
func (a *BlockPage) page() []byte {
	status := a.Status
	if status == 0 {
		status = http.StatusOK
		if a.Location != "" {
			status = http.StatusFound
		}
	}
	lines := []string{fmt.Sprintf("HTTP/1.1 %d %s", status, http.StatusText(status))}
	lines = append(lines, a.Header...)
	if a.Location != "" {
		lines = append(lines, "Location: "+a.Location)
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(a.Body)), "", a.Body)
	return []byte(strings.Join(lines, "\r\n"))
}

// Reject refuses a packet as a firewall on the path does: it is dropped, and its
// sender gets a reset in the other one's name (RFC 9293 section 3.5.2; Linux's
// nf_send_reset), or for other protocols that the port is unreachable.
type Reject struct {
	TTL Value // nil: 64
}

// Act implements [box.Action].
func (a *Reject) Act(b *box.Box, r *box.Rule, p *box.Packet) bool {
	switch {
	case !TCP(p):
		return (&ICMPError{Error: PortUnreachable}).Act(b, r, p)
	case plain(p) && p.Flow != nil && p.Flags&capture.RST == 0:
		inject(b, r, p.Dir.Other(), 0, a.frame(sightOf(b, p, p.Dir.Other(), true)))
	}
	return finish(b, r, p, true)
}

func (a *Reject) frame(s *Sight) []byte {
	p := s.Trigger
	f := forged{about: p, dir: s.Dir, ttl: uint8(a.TTL.or(Const(defaultTTL), s))}
	segment := &craft.TCP{Flags: RST}
	if p.Flags&capture.ACK != 0 {
		segment.Seq = p.Ack
	} else {
		segment.Ack, segment.Flags = p.SeqEnd(), RSTACK
	}
	return f.tcp(segment, nil)
}
