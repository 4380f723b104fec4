package stun

import (
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// unhex reads hex with spaces and line breaks.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return b
}

// attr writes an attribute with padding to a multiple of pad.
func attr(typ uint16, v []byte, pad int) []byte {
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = binary.BigEndian.AppendUint16(b, uint16(len(v)))
	b = append(b, v...)
	for len(b)%pad != 0 {
		b = append(b, 0)
	}
	return b
}

// message writes a header with a fixed transaction before the attributes.
func message(typ uint16, attrs ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, typ)
	b = append(b, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	for _, a := range attrs {
		b = append(b, a...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-HeaderLen))
	return b
}

// printed appends a right FINGERPRINT.
func printed(b []byte) []byte {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+8-HeaderLen))
	return append(b, attr(AttrFingerprint, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)^0x5354554e), 4)...)
}

// RFC 5769 sections 2.1 to 2.4.
var (
	sampleRequest = unhex(`00010058 2112a442 b7e7a701 bc34d686 fa87dfae
		80220010 5354554e 20746573 7420636c 69656e74 00240004 6e0001ff 80290008 932ff9b1 51263b36
		00060009 6576746a 3a683676 59202020 00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
		80280004 e57a3bcf`)
	sampleResponse4 = unhex(`0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
		8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
		00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`)
	sampleResponse6 = unhex(`01010048 2112a442 b7e7a701 bc34d686 fa87dfae
		8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
		00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`)
	sampleLongTerm = unhex(`00010060 2112a442 78ad3433 c6ad72c0 29da412e
		00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
		0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
		0014000b 6578616d 706c652e 6f726700 00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666`)
)

// Made by hand after the forms of RFC 8656 sections 7 and 12, of nDPI's stun.c,
// and of what Teams sends.
var (
	relayAnswer = printed(message(0x0103, attr(AttrXorRelayed, unhex("0001 e113 e112a643"), 4), attr(AttrXorMapped, unhex("0001 a147 e112a643"), 4),
		attr(AttrLifetime, unhex("00000258"), 4), attr(AttrSoftware, []byte("None"), 4), attr(AttrIntegrity, make([]byte, 20), 4)))
	relayRefusal = message(0x0113, attr(AttrErrorCode, append(unhex("00000401"), "Unauthorized"...), 4), attr(AttrNonce, []byte("abcdef"), 4),
		attr(AttrRealm, []byte("telegram.org"), 4))
	channelBind = message(0x0009, attr(AttrChannelNumber, unhex("40030000"), 4), attr(AttrXorPeer, unhex("0001 a147 e112a643"), 4))
	whatsApp    = message(0x0800, attr(0x4000, make([]byte, 0x66), 1))
	teamsError  = message(0x0113, attr(AttrMagicCookie, unhex("72c64bc6"), 1), attr(AttrErrorCode, append(unhex("00000401"), "No!"...), 1),
		attr(0x000e, unhex("0001 0d96 c0000201"), 1), attr(0x0014, make([]byte, 20), 1), attr(0x0015, []byte(`"rtcmedia"`), 1),
		attr(AttrXorMappedOld, unhex("0001 a147 e112a643"), 1), attr(AttrIntegrity, make([]byte, 32), 1))
	// The sum is right for the header as it is, 12 bytes long.
	early = message(0x0001, attr(AttrFingerprint, binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(append([]byte{0, 1, 0, 12}, message(0x0001)[4:]...))^0x5354554e), 4),
		attr(0x7777, nil, 4))
	oldRequest = unhex("00010008 00112233 44556677 8899aabb ccddeeff 00030004 00000006")
)
