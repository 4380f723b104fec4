package mtproto

import (
	"crypto/aes"
	"encoding/binary"
	"math/bits"

	"chokepoint/classify/wire"
)

// The 64 bytes a client sends first (mtproto-transports, "Transport
// obfuscation"): 8 random, a key of 32, an IV of 16, tag of 4, data centre of
// 2, 2 random. All 64 are run through AES-256-CTR from its start, and the last 8
// are sent as that made them.
const (
	InitLen = 64
	keyAt   = 8
	ivAt    = 40
	tagAt   = 56
)

// Init is what the start of an obfuscated stream says.
type Init struct {
	Transport Transport // of what follows; NoTransport when the tag does not decrypt
	// DC is the data centre, 1..5 or 203, without sign and test offset. It is 0
	// when none was named: clients that connect to Telegram itself leave the field
	// random (TDLib, Telegram for Android). A random field looks like a data centre
	// once in 3600 times.
	DC    int16
	Media bool // a connection for media; only with DC
	Test  bool // of the test servers; only with DC
	// Random: the 64 bytes are what an init with a proxy's secret looks like. So
	// does every other protocol that looks like noise, and any encrypted or
	// compressed stream seen from its middle: a weak sign. Among 1973 foreign
	// captures 107 flows without a trace of Telegram had it.
	Random bool
}

// Obfuscated reads the first 64 bytes of a client's stream. The key of an init
// meant for Telegram itself, not for a proxy with a secret, is in it, so anybody
// can decrypt its tag. Done says that the tag is one of three: by chance that
// happens to 7 of 10^10 random streams. Alien with Random set is the weak case.
//
// It allocates (one AES key schedule) for a start that looks random, and for
// nothing else.
func Obfuscated(b []byte) (Init, wire.Status) {
	if forbidden(b) {
		return Init{}, wire.Alien
	}
	if len(b) < InitLen {
		return Init{}, wire.NeedMore
	}
	b = b[:InitLen]
	if !scattered(b) {
		return Init{}, wire.Alien
	}
	in := Init{Random: balanced(b)}
	tail := decryptTail(b)
	in.Transport = transportOf(binary.BigEndian.Uint32(tail[:]))
	if in.Transport == NoTransport {
		return in, wire.Alien
	}
	in.dataCentre(int16(binary.LittleEndian.Uint16(tail[4:])))
	return in, wire.Done
}

// forbidden reports whether b starts as an init must not, by the list of
// mtproto-transports: another transport, an HTTP method, a TLS record, or zeros
// at 4. Any TLS or SSL 3 record is taken for one, not only those of 512 bytes.
func forbidden(b []byte) bool {
	switch {
	case len(b) == 0:
		return false
	case b[0] == 0xef:
		return true
	case len(b) < 4:
		return false
	}
	switch binary.LittleEndian.Uint32(b) {
	case 0x44414548, 0x54534f50, 0x20544547, 0x4954504f, // HEAD POST GET OPTI
		0xdddddddd, 0xeeeeeeee:
		return true
	}
	if b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] <= 4 {
		return true
	}
	return len(b) >= 8 && binary.LittleEndian.Uint32(b[4:]) == 0
}

// Bounds of what random bytes do, each more than four standard deviations from
// the mean, so that no init is lost to them: of 64 bytes 56.7 are distinct and
// 32 have the high bit set.
const (
	minDistinct = 46
	minHigh     = 14
	maxHigh     = InitLen - minHigh
)

// scattered keeps text, and binary headers with their zeros, from being tried as
// a key.
func scattered(b []byte) bool {
	var seen [4]uint64
	high := 0
	for _, c := range b {
		seen[c>>6] |= 1 << (c & 63)
		high += int(c >> 7)
	}
	distinct := 0
	for _, s := range seen {
		distinct += bits.OnesCount64(s)
	}
	return distinct >= minDistinct && high >= minHigh && high <= maxHigh
}

// balanced reports whether 3.4 to 4.6 bits a byte are set, the exemption from
// "fully encrypted" turned round (GFW measurement, USENIX Security 2023; OpenGFW).
func balanced(b []byte) bool {
	ones := 0
	for i := 0; i < InitLen; i += 8 {
		ones += bits.OnesCount64(binary.LittleEndian.Uint64(b[i:]))
	}
	return ones*10 >= 34*InitLen && ones*10 <= 46*InitLen
}

// decryptTail returns the last 8 bytes of an init as they were before the cipher.
// They are the second half of the fourth block of the key stream.
func decryptTail(b []byte) (tail [8]byte) {
	cipher, err := aes.NewCipher(b[keyAt:ivAt])
	if err != nil {
		return tail // cannot be: the key has 32 bytes
	}
	var block [aes.BlockSize]byte
	hi, lo := binary.BigEndian.Uint64(b[ivAt:]), binary.BigEndian.Uint64(b[ivAt+8:])
	lo, carry := bits.Add64(lo, tagAt/aes.BlockSize, 0)
	binary.BigEndian.PutUint64(block[:], hi+carry)
	binary.BigEndian.PutUint64(block[8:], lo)
	cipher.Encrypt(block[:], block[:])
	for i := range tail {
		tail[i] = b[tagAt+i] ^ block[tagAt%aes.BlockSize+i]
	}
	return tail
}

// transportOf returns what a tag stands for.
func transportOf(tag uint32) Transport {
	switch tag {
	case 0xefefefef:
		return TransportAbridged
	case 0xeeeeeeee:
		return TransportIntermediate
	case 0xdddddddd:
		return TransportPadded
	}
	return NoTransport
}

// Data centres: five, and 203 for files (tdesktop, TDLib); of the test servers
// three. testOffset is added for those (mtproto-transports).
const (
	lastDC     = 5
	fileDC     = 203
	lastTestDC = 3
	testOffset = 10000
)

// dataCentre takes the field apart if it can be a data centre: negative for
// media, above 10000 for the test servers.
func (in *Init) dataCentre(id int16) {
	n := int32(id) // -32768 has no opposite in 16 bits
	media := n < 0
	if media {
		n = -n
	}
	test := n > testOffset
	if test {
		n -= testOffset
	}
	if n < 1 || test && n > lastTestDC || !test && n > lastDC && n != fileDC {
		return
	}
	in.DC, in.Media, in.Test = int16(n), media, test
}
