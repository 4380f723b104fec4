package talk

import (
	"bufio"
	"context"
	"crypto/cipher"
	"fmt"
	"io"
	"net"
	"slices"
)

// Noise is a stream of a WhatsApp client to g.whatsapp.net: the protocol header,
// three messages of a Noise handshake in protobuf, then frames that look random.
type Noise struct {
	// Routing is how many bytes of routing information lead the way to an edge, 1 to
	// 64; 0 none, as on the first connection of a client.
	Routing int
	Version [2]byte // and dictionary; 6 and 3 when zero
}

// Lengths of the handshake's parts, bytes (whatsmeow, handshake.go): keys and
// certificates with the tags of AES-GCM where they are encrypted.
const (
	ephemeralLen = 32
	staticLen    = 32 + tagLen
	serverCert   = 192 // a chain of two
	clientInfo   = 180 // what a client says about itself
	tagLen       = 16
)

func vec24(b []byte) []byte {
	return append([]byte{byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
}

// field is a protobuf field of bytes, up to 16383.
func field(tag byte, parts ...[]byte) []byte {
	b := slices.Concat(parts...)
	if len(b) < 0x80 {
		return append([]byte{tag, byte(len(b))}, b...)
	}
	return append([]byte{tag, byte(len(b)) | 0x80, byte(len(b) >> 7)}, b...)
}

func (n Noise) open(_ context.Context, c net.Conn) (voice, error) {
	if n.Version == [2]byte{} {
		n.Version = [2]byte{6, 3}
	}
	var hello []byte
	if n.Routing > 0 {
		hello = slices.Concat([]byte("ED\x00\x01"), vec24(random(n.Routing)))
	}
	hello = slices.Concat(hello, []byte("WA"), n.Version[:])
	mine := random(ephemeralLen)
	hello = append(hello, vec24(field(0x12, field(0x0a, mine)))...) // clientHello, ephemeral
	if _, err := c.Write(hello); err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(c, 16<<10)
	theirs, err := ephemeral(r, 0x1a)
	if err != nil {
		return nil, err
	}
	finish := field(0x22, field(0x0a, random(staticLen)), field(0x12, random(clientInfo))) // clientFinish
	if _, err := c.Write(vec24(finish)); err != nil {
		return nil, err
	}
	return newSpeaker(whatsApp(c, r, ctr(mine, noIV), ctr(theirs, noIV))), nil
}

// acceptNoise is the server's side.
func acceptNoise(c net.Conn) (net.Conn, error) {
	r := bufio.NewReaderSize(c, 16<<10)
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if string(head) == "ED\x00\x01" {
		if _, err := frame(r); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(r, head); err != nil {
			return nil, err
		}
	}
	theirs, err := ephemeral(r, 0x12)
	if err != nil {
		return nil, err
	}
	mine := random(ephemeralLen)
	hello := field(0x1a, field(0x0a, mine), field(0x12, random(staticLen)), field(0x1a, random(serverCert)))
	if _, err := c.Write(vec24(hello)); err != nil {
		return nil, err
	}
	if _, err := frame(r); err != nil { // clientFinish
		return nil, err
	}
	return whatsApp(c, r, ctr(mine, noIV), ctr(theirs, noIV)), nil
}

func frame(r io.Reader) ([]byte, error) {
	var b [3]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, err
	}
	out := make([]byte, int(b[0])<<16|int(b[1])<<8|int(b[2]))
	_, err := readFull(r, out)
	return out, err
}

// ephemeral reads a hello, of which the key comes first.
func ephemeral(r io.Reader, tag byte) ([]byte, error) {
	b, err := frame(r)
	if err != nil {
		return nil, err
	}
	const short, long = 2, 3 // the field's head
	for _, at := range [...]int{short, long} {
		if len(b) >= at+2+ephemeralLen && b[0] == tag && b[at] == 0x0a && b[at+1] == ephemeralLen {
			return b[at+2:][:ephemeralLen], nil
		}
	}
	return nil, fmt.Errorf("noise: no hello")
}

// noIV is the first counter. The keys are not agreed on but sent: nobody is to be
// kept out, the bytes are to look random.
var noIV = make([]byte, 16)

// whatsApp frames a stream after its handshake.
func whatsApp(c net.Conn, r io.Reader, seal, unseal cipher.Stream) net.Conn {
	f := &framed{Conn: c}
	f.pack = func(text []byte) error {
		b := vec24(append(slices.Clone(text), make([]byte, tagLen)...))
		seal.XORKeyStream(b[3:], b[3:])
		_, err := c.Write(b)
		return err
	}
	f.unpack = func() ([]byte, error) {
		b, err := frame(r)
		if err != nil {
			return nil, err
		}
		unseal.XORKeyStream(b, b)
		return b[:max(len(b)-tagLen, 0)], nil
	}
	return f
}

// readFull is io.ReadFull where an end is always too early.
func readFull(r io.Reader, b []byte) (int, error) {
	n, err := io.ReadFull(r, b)
	if err == io.EOF && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
