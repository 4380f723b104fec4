package track

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// Builders of QUIC packets, version 1 and 2, by RFC 9001 section 5 and RFC 9369
// section 3.3.

const (
	quicV1 = 0x00000001
	quicV2 = 0x6b3343cf
)

// initial is an Initial of a client, or of the server if it says so.
type initial struct {
	dcid, scid, token string
	version           uint32 // quicV1 when 0
	pn                uint32
	key               string // the connection id the keys are of; dcid when empty
	server            bool
}

func mustExpand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	b, err := hkdf.Expand(sha256.New, secret, string([]byte{0, byte(n), byte(len(label))})+label+"\x00", n)
	if err != nil {
		panic(err)
	}
	return b
}

func (i initial) keys() (aead cipher.AEAD, iv []byte, hp cipher.Block) {
	salt, prefix, side := "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a", "quic ", "client in"
	if i.version == quicV2 {
		salt, prefix = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9", "quicv2 "
	}
	if i.server {
		side = "server in"
	}
	if i.key == "" {
		i.key = i.dcid
	}
	secret, err := hkdf.Extract(sha256.New, []byte(i.key), []byte(salt))
	if err != nil {
		panic(err)
	}
	secret = mustExpand(secret, side, 32)
	block, _ := aes.NewCipher(mustExpand(secret, prefix+"key", 16))
	aead, _ = cipher.NewGCM(block)
	hp, _ = aes.NewCipher(mustExpand(secret, prefix+"hp", 16))
	return aead, mustExpand(secret, prefix+"iv", 12), hp
}

// seal makes the packet around frames, padded to what a client's datagram has at
// least.
func (i initial) seal(frames []byte) []byte {
	if i.version == 0 {
		i.version = quicV1
	}
	aead, iv, hp := i.keys()
	frames = cat(frames, make([]byte, max(0, 1150-len(frames))))
	first := byte(0xc3)
	if i.version == quicV2 {
		first |= 0x10
	}
	head := binary.BigEndian.AppendUint32([]byte{first}, i.version)
	head = cat(head, []byte{byte(len(i.dcid))}, []byte(i.dcid), []byte{byte(len(i.scid))}, []byte(i.scid))
	head = cat(head, []byte{0x40, byte(len(i.token))}, []byte(i.token), u16(4+len(frames)+16|0x4000))
	at := len(head)
	head = binary.BigEndian.AppendUint32(head, i.pn)
	nonce := append([]byte(nil), iv...)
	for k := range 4 {
		nonce[8+k] ^= head[at+k]
	}
	out := aead.Seal(append([]byte(nil), head...), nonce, frames, head)
	var mask [16]byte
	hp.Encrypt(mask[:], out[at+4:at+20])
	out[0] ^= mask[0] & 0x0f
	for k := range 4 {
		out[at+k] ^= mask[1+k]
	}
	return out
}

// crypto is a CRYPTO frame (RFC 9000 section 19.6).
func crypto(offset int, b []byte) []byte {
	return cat([]byte{6}, u16(offset|0x4000), u16(len(b)|0x4000), b)
}

// hello is an Initial with all of a hello for a name.
func (i initial) hello(name string) []byte { return i.seal(crypto(0, clientHello(name, 0))) }

// answer is what a server says first to a client of this source connection id.
func (i initial) answer() []byte {
	return initial{dcid: i.scid, scid: "SERVERID", version: i.version, key: i.dcid, server: true}.seal([]byte{2, 0, 0, 0, 0})
}

// retryFor asks the client of i to come back with a token and this id.
func (i initial) retryFor(scid, token string) []byte {
	head := binary.BigEndian.AppendUint32([]byte{0xf0}, quicV1)
	return cat(head, []byte{byte(len(i.scid))}, []byte(i.scid), []byte{byte(len(scid))}, []byte(scid), []byte(token), make([]byte, 16))
}

// negotiation lists versions to the client of i.
func (i initial) negotiation(versions ...uint32) []byte {
	b := cat([]byte{0xc0, 0, 0, 0, 0, byte(len(i.scid))}, []byte(i.scid), []byte{byte(len(i.dcid))}, []byte(i.dcid))
	for _, v := range versions {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// short is a packet with a short header.
func short(n int) []byte { return cat([]byte{0x45}, make([]byte, n-1)) }
