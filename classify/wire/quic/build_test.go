package quic

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// Builders of hand-made packets.

func cat(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// varint encodes in as few bytes as it takes (RFC 9000 section 16).
func varint(n uint64) []byte {
	switch {
	case n < 1<<6:
		return []byte{byte(n)}
	case n < 1<<14:
		return binary.BigEndian.AppendUint16(nil, uint16(n)|0x4000)
	case n < 1<<30:
		return binary.BigEndian.AppendUint32(nil, uint32(n)|0x80000000)
	}
	return binary.BigEndian.AppendUint64(nil, n|0xc000000000000000)
}

func crypto(offset int, data []byte) []byte {
	return cat([]byte{frameCrypto}, varint(uint64(offset)), varint(uint64(len(data))), data)
}

func padding(n int) []byte { return make([]byte, n) }

// spec is a long packet to be sealed.
type spec struct {
	version Version
	typ     Type // Initial when 0
	dcid    string
	scid    string
	token   string
	key     string  // the id the keys are of, dcid when empty
	under   Version // the version of the keys, version when 0
	side    string  // clientIn when empty
	pn      uint32
	pnLen   int // 4 when 0
}

// seal protects the frames (RFC 9001 section 5), padded to what a sample needs.
func (s spec) seal(frames []byte) []byte {
	if s.typ == 0 {
		s.typ = Initial
	}
	if s.key == "" {
		s.key = s.dcid
	}
	if s.under == 0 {
		s.under = s.version
	}
	if s.side == "" {
		s.side = clientIn
	}
	if s.pnLen == 0 {
		s.pnLen = 4
	}
	if need := maxPN - s.pnLen; len(frames) < need {
		frames = cat(frames, padding(need-len(frames)))
	}
	var k keys
	if !k.derive(s.under, []byte(s.key), s.side) {
		panic("no salt")
	}
	bits := byte(s.typ - Initial)
	if s.version == V2 {
		bits = (bits + 1) & 3
	}
	head := []byte{longForm | fixedBit | bits<<4 | byte(s.pnLen-1)}
	head = binary.BigEndian.AppendUint32(head, uint32(s.version))
	head = cat(head, []byte{byte(len(s.dcid))}, []byte(s.dcid), []byte{byte(len(s.scid))}, []byte(s.scid))
	if s.typ == Initial {
		head = cat(head, varint(uint64(len(s.token))), []byte(s.token))
	}
	n := uint16(s.pnLen + len(frames) + tagLen)
	head = binary.BigEndian.AppendUint16(head, n|0x4000)
	at := len(head)
	head = append(head, binary.BigEndian.AppendUint32(nil, s.pn)[4-s.pnLen:]...)
	nonce := k.iv
	for i, b := range binary.BigEndian.AppendUint32(nil, s.pn) {
		nonce[ivLen-4+i] ^= b
	}
	out := k.aead.Seal(head, nonce[:], frames, head)
	var mask [aes.BlockSize]byte
	k.hp.Encrypt(mask[:], out[at+maxPN:at+maxPN+sampleLen])
	out[0] ^= mask[0] & 0x0f
	for i := range s.pnLen {
		out[at+i] ^= mask[1+i]
	}
	return out
}

// message is something like a ClientHello of n bytes, header included; two of
// another seed have hardly a byte in common.
func message(n int, seed byte) []byte {
	out := []byte{msgClientHello, byte((n - 4) >> 16), byte((n - 4) >> 8), byte(n - 4)}
	for i := 4; i < n; i++ {
		out = append(out, byte(i*31)^byte(i>>8)+seed)
	}
	return out
}
