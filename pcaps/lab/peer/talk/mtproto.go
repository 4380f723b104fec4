package talk

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
)

// The transports of MTProto, by the tag that stands for each in the first 64 bytes
// (core.telegram.org/mtproto/mtproto-transports).
const (
	Abridged     Transport = 0xefefefef
	Intermediate Transport = 0xeeeeeeee
	Padded       Transport = 0xdddddddd
)

// Transport is how messages are cut out of an MTProto stream.
type Transport uint32

// MTProto is a stream to a Telegram data centre in the obfuscated transport. Its
// first bytes go out together with the first question; without one there are none.
type MTProto struct {
	Transport Transport // Padded when 0
	DC        int16     // negative for media; 0 leaves the field random, as clients without a proxy do
}

// Where things are in the first 64 bytes ("Transport obfuscation" there).
const (
	initLen = 64
	keyAt   = 8
	ivAt    = 40
	tagAt   = 56
	dcAt    = 60
)

// forbidden are the first four bytes, little endian, that must not be: HTTP
// methods, TLS, and the tags of the plain transports.
var forbidden = []uint32{0x44414548, 0x54534f50, 0x20544547, 0x4954504f, 0x02010316, 0xdddddddd, 0xeeeeeeee}

// nonce returns 64 bytes that begin no other protocol. Those that [Serve] would take
// for another stream are left out too; by chance that is one of 2^15.
func nonce() []byte {
	for {
		b := random(initLen)
		if kindOf(b) == isMTProto && b[0] != 0xef && !slices.Contains(forbidden, binary.LittleEndian.Uint32(b)) && binary.LittleEndian.Uint32(b[4:]) != 0 {
			return b
		}
	}
}

// keys are the ciphers of the two directions, from the first 64 bytes as they were
// before the last 8 were encrypted, or after: the keys lie before those.
func keys(start []byte) (up, down cipher.Stream) {
	back := slices.Clone(start[keyAt:tagAt])
	slices.Reverse(back)
	return ctr(start[keyAt:ivAt], start[ivAt:tagAt]), ctr(back[:ivAt-keyAt], back[ivAt-keyAt:])
}

// ctr is AES in counter mode; key and iv are of lengths that it knows.
func ctr(key, iv []byte) cipher.Stream {
	b, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	return cipher.NewCTR(b, iv)
}

func (m MTProto) open(_ context.Context, c net.Conn) (voice, error) {
	if m.Transport == 0 {
		m.Transport = Padded
	}
	start := nonce()
	up, down := keys(start)
	binary.BigEndian.PutUint32(start[tagAt:], uint32(m.Transport))
	if m.DC != 0 {
		binary.LittleEndian.PutUint16(start[dcAt:], uint16(m.DC))
	}
	sealed := make([]byte, initLen)
	up.XORKeyStream(sealed, start)
	return newSpeaker(telegram(c, m.Transport, append(start[:tagAt:tagAt], sealed[tagAt:]...), up, down)), nil
}

// acceptMTProto is the server's side.
func acceptMTProto(c net.Conn) (net.Conn, error) {
	var buf []byte
	start, err := filled(c, &buf, initLen)
	if err != nil {
		return nil, err
	}
	up, down := keys(start)
	open := make([]byte, initLen)
	up.XORKeyStream(open, start)
	t := Transport(binary.BigEndian.Uint32(open[tagAt:]))
	if t != Abridged && t != Intermediate && t != Padded {
		return nil, fmt.Errorf("mtproto: tag %08x", uint32(t))
	}
	return telegram(c, t, nil, down, up), nil
}

// envelope is before the text of an encrypted message: auth_key_id 8, msg_key 16,
// and here the text's length (core.telegram.org/mtproto/description).
const envelope = 8 + 16 + 4

// maxMessage is more than anything here is sent in: a longer one is somebody
// else's word.
const maxMessage = 1 << 20

// telegram frames a stream; head goes out before the first message.
func telegram(c net.Conn, t Transport, head []byte, seal, unseal cipher.Stream) net.Conn {
	r := bufio.NewReaderSize(&cipher.StreamReader{S: unseal, R: c}, 16<<10)
	f := &framed{Conn: c}
	f.pack = func(text []byte) error {
		b := sealed(t, text)
		seal.XORKeyStream(b, b)
		_, err := c.Write(append(head, b...))
		head = nil
		return err
	}
	var buf []byte
	f.unpack = func() ([]byte, error) {
		n, err := t.length(r)
		if err != nil {
			return nil, err
		}
		if n < envelope || n > maxMessage {
			return nil, fmt.Errorf("mtproto: message of %d bytes", n)
		}
		b, err := filled(r, &buf, n)
		if err != nil {
			return nil, err
		}
		return b[envelope:min(n, envelope+int(binary.LittleEndian.Uint32(b[envelope-4:])))], nil
	}
	return f
}

// sealed is a message in its frame, before the obfuscation.
func sealed(t Transport, text []byte) []byte {
	const quantum = 16 // of AES, by which texts are padded
	n := (envelope + len(text) + quantum - 1) / quantum * quantum
	n += 8 // 24 bytes are outside of the cipher
	body := make([]byte, n, n+quantum)
	copy(body, noise()[:envelope-4])
	binary.LittleEndian.PutUint32(body[envelope-4:], uint32(len(text)))
	copy(body[envelope:], text)
	if t == Padded {
		body = body[:n+rand.IntN(quantum)]
	}
	return append(t.appendLength(nil, len(body)), body...)
}

func (t Transport) appendLength(b []byte, n int) []byte {
	if t != Abridged {
		return binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	if n /= 4; n < 0x7f {
		return append(b, byte(n))
	}
	return append(b, 0x7f, byte(n), byte(n>>8), byte(n>>16))
}

// length reads how long the next message is. The most significant bit of an
// intermediate length asks for a quick acknowledgement.
func (t Transport) length(r *bufio.Reader) (int, error) {
	var b [4]byte
	if t != Abridged {
		_, err := io.ReadFull(r, b[:])
		return int(binary.LittleEndian.Uint32(b[:]) &^ (1 << 31)), err
	}
	first, err := r.ReadByte()
	if err != nil || first != 0x7f {
		return int(first) * 4, err
	}
	_, err = readFull(r, b[:3])
	return int(binary.LittleEndian.Uint32(b[:])) * 4, err
}
