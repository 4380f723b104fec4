package call

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/pion/stun/v3"
)

// What no standard has of WhatsApp's relays (nDPI stun.c).
const (
	waToken   stun.AttrType = 0x4000
	waSession stun.AttrType = 0x4002
	waPing                  = 0x0801
	waPong                  = 0x0802

	waTokenLen   = 136
	waSessionLen = 20
)

var (
	allocate   = stun.NewType(stun.MethodAllocate, stun.ClassRequest)
	allocated  = stun.NewType(stun.MethodAllocate, stun.ClassSuccessResponse)
	ping, pong = typed(waPing), typed(waPong)
)

func typed(v uint16) (t stun.MessageType) {
	t.ReadValue(v)
	return t
}

// noise is an attribute that nobody here can read.
func noise(typ stun.AttrType, n int) stun.Setter {
	b := make([]byte, n)
	rand.Read(b)
	return stun.RawAttribute{Type: typ, Value: b}
}

// relayOfWhatsApp is a relay as the caller sees it, and as it sees the caller.
type relayOfWhatsApp struct {
	bare
	token []byte // of the caller; nil on the relay
	seen  netip.AddrPort
	open  bool
	pings int
}

// newRelayOfWhatsApp is the caller's; its token is longer than ours.
func newRelayOfWhatsApp(token []byte) *relayOfWhatsApp {
	more := make([]byte, waTokenLen-len(token))
	rand.Read(more)
	return &relayOfWhatsApp{token: append(token, more...)}
}

func (w *relayOfWhatsApp) ask() []byte {
	if w.token == nil {
		return nil
	}
	m, typ := stun.New(), allocate
	if w.open {
		typ = ping
		w.pings++
	}
	with := []stun.Setter{stun.TransactionID, typ, stun.RawAttribute{Type: waToken, Value: w.token}}
	if !w.open {
		with = append(with, noise(waSession, waSessionLen))
	}
	build(m, append(with, noise(stun.AttrMessageIntegrity, 20), stun.Fingerprint)...)
	return m.Raw
}

func (w *relayOfWhatsApp) again(answered bool) time.Duration {
	switch {
	case !answered:
		return checkEvery
	case w.pings == 0:
		return 0
	}
	return keepEvery
}

func (w *relayOfWhatsApp) hear(b []byte) ([]byte, heard) {
	m, ok := message(b)
	if !ok {
		return nil, media
	}
	back := stun.New()
	back.TransactionID = m.TransactionID
	switch m.Type {
	case allocated, pong:
		w.open = true
		return nil, answered
	case allocate:
		build(back, allocated, noise(waSession, waSessionLen), mapped(w.seen), noise(stun.AttrMessageIntegrity, 20), stun.Fingerprint)
		return back.Raw, asked
	case ping:
		build(back, pong, noise(stun.AttrMessageIntegrity, 20), stun.Fingerprint)
		return back.Raw, asked
	}
	return nil, asked
}

// Layout of what goes to and comes from a reflector (tgcalls, v2/ReflectorPort.cpp):
// the tag of the call, then twelve of the highest byte, a code and a number, or
// whose media it is, their length and they.
const (
	markAt, codeAt = tokenLen, tokenLen + 12
	lengthAt       = tokenLen + 4
	mediaAt        = lengthAt + 4
	helloLen       = codeAt + 4 + 8
	helloNumber    = 123
	helloCode      = 0xfeffffff
	answerCode     = 0xc77215c0

	helloEvery     = 500 * time.Millisecond
	helloKeepEvery = 10 * time.Second
)

var mark = bytes.Repeat([]byte{0xff}, codeAt-markAt)

// reflector is Telegram's relay as the caller sees it, and as it sees the caller.
type reflector struct {
	tag    []byte
	sender []byte // 4 bytes of the side
	client bool
	seen   netip.AddrPort
}

func newReflector(tag []byte) *reflector {
	sender := make([]byte, 4)
	rand.Read(sender)
	return &reflector{tag: tag, sender: sender}
}

func (r *reflector) ask() []byte {
	if !r.client {
		return nil
	}
	b := binary.BigEndian.AppendUint32(slices.Concat(r.tag, mark), helloCode)
	return binary.BigEndian.AppendUint64(b, helloNumber)
}

func (r *reflector) again(answered bool) time.Duration {
	if answered {
		return helloKeepEvery
	}
	return helloEvery
}

// special reads the code of what is no media; 0 when it is.
func special(b []byte) uint32 {
	if len(b) < helloLen || !bytes.Equal(b[markAt:codeAt], mark) {
		return 0
	}
	return binary.BigEndian.Uint32(b[codeAt:])
}

func (r *reflector) hear(b []byte) ([]byte, heard) {
	switch special(b) {
	case 0:
		return nil, media
	case helloCode:
		return r.selfInfo(b), asked
	}
	return nil, answered
}

// selfInfo answers a hello: the time, the question's number, where it came from.
func (r *reflector) selfInfo(hello []byte) []byte {
	b := binary.BigEndian.AppendUint32(slices.Concat(r.tag, mark), answerCode)
	b = binary.LittleEndian.AppendUint32(b, uint32(time.Now().Unix()))
	ip := r.seen.Addr().As16()
	b = slices.Concat(b, hello[codeAt+4:helloLen], ip[:], []byte{0, 0})
	return binary.BigEndian.AppendUint16(b, r.seen.Port())
}

func (r *reflector) wrap(media []byte) []byte {
	b := binary.BigEndian.AppendUint32(slices.Concat(r.tag, r.sender), uint32(len(media)))
	return slices.Concat(b, media, make([]byte, -len(media)&3))
}

func (r *reflector) unwrap(b []byte) []byte {
	if len(b) < mediaAt || !bytes.Equal(b[:tokenLen], r.tag) {
		return nil
	}
	n := int(binary.BigEndian.Uint32(b[lengthAt:]))
	if n < 0 || n > len(b)-mediaAt {
		return nil
	}
	return b[mediaAt : mediaAt+n]
}
