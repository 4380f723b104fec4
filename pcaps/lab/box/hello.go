package box

import (
	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/http"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/tls"
)

// How far a box reads. The hellos of today are below 2 KiB.
const (
	mostHello     = 16 << 10 // bytes of a stream
	mostEarly     = 8        // segments that came before what they follow
	mostDatagrams = 16       // of a client before it is held not to speak QUIC
)

// Hello is what the client of a flow says first, as far as a box can read it.
type Hello struct {
	SNI  string // of TLS over TCP or QUIC, lower case
	Host string // of a plaintext HTTP/1.1 request, lower case
	QUIC bool   // the client sent a QUIC Initial
	Done bool   // the hello is whole, or there will be none
	Last bool   // this packet made it whole

	first uint32 // sequence number of buf[0]
	begun bool
	buf   []byte
	early []early
	quic  *quic.Client
	seen  int // datagrams
}

// early is a segment that has a hole before it.
type early struct {
	pos  int
	data []byte
}

// feed reads on in a packet of the hello's flow.
func (h *Hello) feed(p *Packet) {
	h.Last = false
	if h.Done || p.Dir != Up || len(p.Payload) == 0 {
		return
	}
	if p.Has&capture.HasTCP != 0 {
		h.segment(p)
	} else {
		h.datagram(p.Payload)
	}
	if h.Done {
		h.buf, h.early, h.quic = nil, nil, nil
	}
}

// end closes the hello; whole: it was one.
func (h *Hello) end(whole bool) { h.Done, h.Last = true, whole }

// segment puts a piece of the stream in its place.
func (h *Hello) segment(p *Packet) {
	seq := p.Seq
	if p.Flags&capture.SYN != 0 {
		seq++ // data on a SYN (RFC 7413)
	}
	if !h.begun {
		h.begun, h.first = true, seq
		if isn := p.Flow.Side[Up].ISN; seq-isn-1 < mostHello { // it follows a SYN that was seen
			h.first = isn + 1
		}
	}
	pos := int(int32(seq - h.first))
	if pos > len(h.buf) {
		if len(h.early) < mostEarly && pos < mostHello {
			h.early = append(h.early, early{pos, append([]byte(nil), p.Payload...)})
		}
		return
	}
	if !h.put(pos, p.Payload) {
		return
	}
	for i := 0; i < len(h.early); i++ {
		if e := h.early[i]; e.pos <= len(h.buf) {
			h.put(e.pos, e.data)
			h.early = append(h.early[:i], h.early[i+1:]...)
			i = -1
		}
	}
	h.read()
}

// put appends what is new and reports whether anything was.
func (h *Hello) put(pos int, data []byte) bool {
	known := len(h.buf) - pos
	if known < 0 || known >= len(data) {
		return false
	}
	h.buf = append(h.buf, data[known:]...)
	return true
}

// read looks at the stream so far.
func (h *Hello) read() {
	var hello tls.ClientHello
	switch s, _ := hello.Parse(h.buf); s {
	case tls.Done, tls.Malformed:
		h.SNI = hello.SNI
		h.end(s == tls.Done)
	case tls.NotTLS:
		h.readHTTP()
	}
	if len(h.buf) >= mostHello && !h.Done {
		h.end(false)
	}
}

func (h *Hello) readHTTP() {
	var request http.Request
	switch s, _ := request.Parse(h.buf); s {
	case http.Done:
		h.Host = request.Host
		h.end(true)
	case http.NotHTTP1:
		h.end(false)
	}
}

// datagram looks for a QUIC Initial, and for the hello in those there were.
func (h *Hello) datagram(b []byte) {
	h.seen++
	h.QUIC = h.QUIC || IsInitial(b)
	if h.QUIC {
		h.initial(b)
	}
	if h.seen >= mostDatagrams && !h.Done {
		h.end(false)
	}
}

func (h *Hello) initial(b []byte) {
	if h.quic == nil {
		h.quic = new(quic.Client)
	}
	if h.quic.Add(b) != wire.Done {
		return
	}
	var hello tls.ClientHello
	s, _ := hello.ParseMessage(h.quic.Hello())
	h.SNI = hello.SNI
	h.end(s == tls.Done)
}

// IsInitial reports whether a datagram begins with a QUIC Initial (RFC 9000 section
// 17.2.2).
func IsInitial(datagram []byte) bool {
	var q quic.Packet
	_, s := quic.Parse(datagram, &q)
	return s == wire.Done && q.Type == quic.Initial
}
