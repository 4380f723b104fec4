package synth

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"slices"
	"time"
)

// Turn is a request of the client and what the server answers.
type Turn struct {
	Ask, Answer int           // bytes
	Think       time.Duration // of the client before it asks
	Pace        Pace          // of the answer
}

// Pace makes a server write an answer piece by piece, as an application does
// that has no more to say yet. The zero value writes it at once.
type Pace struct {
	Piece int           // bytes
	Every time.Duration //
}

// answerStart is how long a server takes to find an answer.
const answerStart = 2 * time.Millisecond

// answer lists the steps of an answer.
func (p Pace) answer(b []byte) (out []Step) {
	wait := answerStart
	for p.Piece > 0 && len(b) > p.Piece {
		out = append(out, Step{From: Down, Data: b[:p.Piece], Wait: wait})
		b, wait = b[p.Piece:], p.Every
	}
	return append(out, Step{From: Down, Data: b, Wait: wait})
}

// TLS is a TLS 1.3 connection with these turns. It is left open; see [Script.Bye].
func TLS(s *Sim, h ClientHello, turns ...Turn) Script {
	out := Script{
		{From: Up, Data: h.Bytes(s)},
		{From: Down, Data: serverFlight(s, h), Wait: time.Millisecond},
		{From: Up, Data: clientFinished(s), Wait: time.Millisecond},
	}
	for _, t := range turns {
		out = append(out, Step{From: Up, Data: Records(s, t.Ask+17), Wait: t.Think})
		out = append(out, t.Pace.answer(Records(s, t.Answer+17))...)
	}
	return out
}

// closeNotify is an encrypted close_notify alert.
const closeNotify = 2 + 17

// Bye ends a TLS dialogue as clients do: close_notify and FIN. A server that
// says its own close_notify afterwards draws a reset from the closed socket.
func (s Script) Bye(sim *Sim, wait time.Duration, late bool) Script {
	s = append(s, Step{From: Up, Data: Records(sim, closeNotify), Wait: wait}, Step{From: Up, Act: Close})
	if late {
		s = append(s, Step{From: Down, Data: Records(sim, closeNotify)})
	}
	return s
}

// forbidden are the first four bytes, little endian, an obfuscated2 header must
// not have: HTTP methods, TLS and the tags of the plain transports
// (core.telegram.org/mtproto/mtproto-transports).
var forbidden = map[uint32]bool{0x44414548: true, 0x54534f50: true, 0x20544547: true, 0x4954504f: true,
	0x02010316: true, 0xdddddddd: true, 0xeeeeeeee: true}

// obfuscated2 is the 64-byte header of Telegram's obfuscated transport: random,
// with a few values left out.
func obfuscated2(s *Sim) []byte {
	for {
		b := s.Bytes(64)
		if b[0] != 0xef && !forbidden[binary.LittleEndian.Uint32(b)] && binary.LittleEndian.Uint32(b[4:]) != 0 {
			return b
		}
	}
}

// obfuscatedTo is that header for a data centre, of a client that connects without
// a proxy: the tag of the intermediate transport and the number, negative for
// media, under the key that stands before them.
func obfuscatedTo(s *Sim, dc int16) []byte {
	sent := obfuscated2(s)
	plain := slices.Clone(sent)
	binary.BigEndian.PutUint32(plain[56:], 0xeeeeeeee)
	binary.LittleEndian.PutUint16(plain[60:], uint16(dc))
	block, err := aes.NewCipher(sent[8:40])
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	cipher.NewCTR(block, sent[40:56]).XORKeyStream(plain, plain)
	copy(sent[56:], plain[56:])
	return sent
}

// MTProtoTo is MTProto to a data centre that the header names.
func MTProtoTo(s *Sim, dc int16, turns ...Turn) Script {
	out := MTProto(s, turns...)
	copy(out[0].Data, obfuscatedTo(s, dc))
	return out
}

// MTProto is a connection to a Telegram data centre over the obfuscated
// transport: from the first byte on, nothing but random bytes.
func MTProto(s *Sim, turns ...Turn) Script {
	var out Script
	head := obfuscated2(s)
	for _, t := range turns {
		out = append(out, Step{From: Up, Data: append(head, s.Bytes(t.Ask)...), Wait: t.Think})
		out = append(out, t.Pace.answer(s.Bytes(t.Answer))...)
		head = nil
	}
	return out
}

// Noise is a connection of a WhatsApp client to g.whatsapp.net: edge routing
// header, protocol header, then frames with 24-bit lengths.
func Noise(s *Sim, turns ...Turn) Script {
	routing := s.Bytes(8)
	head := append([]byte{'E', 'D', 0, 1, 0, 0, byte(len(routing))}, routing...)
	head = append(head, 'W', 'A', 6, 3)
	hello := append([]byte{0x12, 0x22, 0x0a, 0x20}, s.Bytes(32)...)
	out := Script{
		{From: Up, Data: append(head, vec24(hello)...)},
		{From: Down, Data: vec24(s.Bytes(350)), Wait: time.Millisecond},
		{From: Up, Data: vec24(s.Bytes(180)), Wait: time.Millisecond},
	}
	for _, t := range turns {
		out = append(out, Step{From: Up, Data: vec24(s.Bytes(t.Ask)), Wait: t.Think})
		out = append(out, t.Pace.answer(vec24(s.Bytes(t.Answer)))...)
	}
	return out
}

// NoiseDirect is a connection of a WhatsApp client that knows no edge: the
// protocol header first, then the messages of the handshake, in protobuf.
func NoiseDirect(s *Sim, turns ...Turn) Script {
	key := func() []byte { return append([]byte{0x0a, 32}, s.Bytes(32)...) }
	server := slices.Concat(key(), []byte{0x12, 48}, s.Bytes(48), []byte{0x1a, 0xc0, 1}, s.Bytes(192))
	hello := slices.Concat([]byte{0x1a, byte(len(server)) | 0x80, byte(len(server) >> 7)}, server)
	out := Script{
		{From: Up, Data: slices.Concat([]byte("WA\x06\x03"), vec24([]byte{0x12, 34}, key()))},
		{From: Down, Data: vec24(hello), Wait: time.Millisecond},
		{From: Up, Data: vec24(s.Bytes(180)), Wait: time.Millisecond},
	}
	for _, t := range turns {
		out = append(out, Step{From: Up, Data: vec24(s.Bytes(t.Ask)), Wait: t.Think})
		out = append(out, t.Pace.answer(vec24(s.Bytes(t.Answer)))...)
	}
	return out
}
