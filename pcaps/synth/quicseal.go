package synth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
)

// Versions of QUIC (RFC 9000 section 15, RFC 9369 section 3.1).
const (
	QUICv1 = 0x00000001
	QUICv2 = 0x6b3343cf
)

// Salts of the Initial secrets (RFC 9001 section 5.2, RFC 9369 section 3.3.1).
const (
	quicSaltV1 = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
	quicSaltV2 = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
)

// quicSize is the least size of a datagram with an Initial packet (RFC 9000
// section 14.1), quicTag that of what AES-GCM appends.
const (
	quicSize = 1200
	quicTag  = 16
)

// initial is an Initial packet to be sealed (RFC 9000 section 17.2.2). Its packet
// number has 4 bytes. A version without a salt is sealed as the first one is.
type initial struct {
	version    uint32
	side       Dir    // who sends it
	first      []byte // destination of the client's first Initial
	dcid, scid []byte
	number     uint32
}

// seal protects frames, padded so that the packet has size bytes; 0 leaves them.
func (q initial) seal(frames []byte, size int) ([]byte, error) {
	form := byte(0xc3)
	if q.version == QUICv2 {
		form = 0xd3 // RFC 9369 section 3.2
	}
	head := binary.BigEndian.AppendUint32([]byte{form}, q.version)
	head = slices.Concat(head, vec8(q.dcid), vec8(q.scid), []byte{0})
	if n := size - len(head) - 2 - 4 - quicTag - len(frames); n > 0 {
		frames = append(slices.Clone(frames), make([]byte, n)...)
	}
	head = append(head, u16s(0x4000|uint16(4+len(frames)+quicTag))...)
	at := len(head)
	head = binary.BigEndian.AppendUint32(head, q.number)
	aead, mask, iv, err := q.keys()
	if err != nil {
		return nil, err
	}
	for i := range 4 {
		iv[8+i] ^= head[at+i]
	}
	b := aead.Seal(slices.Clone(head), iv, frames, head)
	var m [aes.BlockSize]byte // header protection, RFC 9001 section 5.4
	mask.Encrypt(m[:], b[at+4:at+4+aes.BlockSize])
	b[0] ^= m[0] & 0x0f
	for i := range 4 {
		b[at+i] ^= m[1+i]
	}
	return b, nil
}

// keys derives what the packet is sealed with (RFC 9001 section 5.1 and 5.2).
func (q initial) keys() (cipher.AEAD, cipher.Block, []byte, error) {
	salt, label := quicSaltV1, "quic "
	if q.version == QUICv2 {
		salt, label = quicSaltV2, "quicv2 "
	}
	side := "client in"
	if q.side == Down {
		side = "server in"
	}
	var err error
	expand := func(secret []byte, label string, n int) []byte {
		info := slices.Concat(u16s(uint16(n)), vec8([]byte("tls13 "+label)), []byte{0})
		out, e := hkdf.Expand(sha256.New, secret, string(info), n)
		if e != nil {
			err = e
		}
		return out
	}
	common, e := hkdf.Extract(sha256.New, q.first, []byte(salt))
	if e != nil {
		return nil, nil, nil, fmt.Errorf("secret of an Initial: %w", e)
	}
	secret := expand(common, side, sha256.Size)
	key, iv, hp := expand(secret, label+"key", 16), expand(secret, label+"iv", 12), expand(secret, label+"hp", 16)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("keys of an Initial: %w", err)
	}
	block, e1 := aes.NewCipher(key)
	mask, e2 := aes.NewCipher(hp)
	if e1 != nil || e2 != nil {
		return nil, nil, nil, fmt.Errorf("keys of an Initial: %w, %w", e1, e2)
	}
	aead, err := cipher.NewGCM(block)
	return aead, mask, iv, err
}
