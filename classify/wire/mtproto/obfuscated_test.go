package mtproto

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"chokepoint/classify/wire"
)

// Inits made with openssl enc -aes-256-ctr from one block of random bytes.
const (
	initHead     = "2a9de7d9c579a1b956907dddba4fad5ba79b06d9b8436d063192c292d199c8f7380653baab7e326fa80b74cd09595720560adbd94db17372"
	initCarry    = "2a9de7d9c579a1b956907dddba4fad5ba79b06d9b8436d063192c292d199c8f7380653baab7e326fa80b74cd09595720ffffffffffffffff"
	tailAbridged = "2984dc250a62638b" // efefefef, 2
	tailPadded   = "1bb6ee17f49d638b" // dddddddd, -4
	tailTest     = "2885dd241945638b" // eeeeeeee, 10001
	tailCarry    = "d400647c1d21165e" // dddddddd, 203, behind an IV whose lower half overflows
	tailSecret   = "2c76aa3393729a6d" // dddddddd, 2, with the secret 000102..0f
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestObfuscatedInitsOfOpenSSL(t *testing.T) {
	tests := []struct {
		name, stream string
		want         Init
		st           wire.Status
	}{
		{"abridged, second data centre", initHead + tailAbridged, Init{TransportAbridged, 2, false, false, true}, wire.Done},
		{"padded, media of the fourth", initHead + tailPadded, Init{TransportPadded, 4, true, false, true}, wire.Done},
		{"intermediate, test servers", initHead + tailTest, Init{TransportIntermediate, 1, false, true, true}, wire.Done},
		{"the counter overflows into the upper half", initCarry + tailCarry, Init{TransportPadded, 203, false, false, true}, wire.Done},
		{"a proxy's secret is in the key", initHead + tailSecret, Init{Random: true}, wire.Alien},
		{"what follows does not count", initHead + tailAbridged + "16030100", Init{TransportAbridged, 2, false, false, true}, wire.Done},
		{"a byte is missing", (initHead + tailAbridged)[:126], Init{}, wire.NeedMore},
		{"a bit of the tag is wrong", initHead + "2884dc250a62638b", Init{Random: true}, wire.Alien},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if in, st := Obfuscated(unhex(t, tt.stream)); in != tt.want || st != tt.st {
				t.Fatalf("%+v, %v; want %+v, %v", in, st, tt.want, tt.st)
			}
		})
	}
}

// obfuscate makes an init as mtproto-transports says: all 64 bytes through CTR,
// the last 8 of the result behind the first 56 as they were.
func obfuscate(random *rand.ChaCha8, tag string, id int16, secret []byte) []byte {
	b := make([]byte, InitLen)
	for random.Read(b); forbidden(b); random.Read(b) {
	}
	copy(b[tagAt:], tag)
	binary.LittleEndian.PutUint16(b[tagAt+4:], uint16(id))
	key := b[keyAt:ivAt]
	if secret != nil {
		sum := sha256.Sum256(append(bytes.Clone(key), secret...))
		key = sum[:]
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	sent := make([]byte, InitLen)
	cipher.NewCTR(block, b[ivAt:tagAt]).XORKeyStream(sent, b)
	copy(sent, b[:tagAt])
	return sent
}

func TestObfuscatedReadsWhatClientsMake(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	tags := map[Transport]string{TransportAbridged: "\xef\xef\xef\xef", TransportIntermediate: "\xee\xee\xee\xee", TransportPadded: "\xdd\xdd\xdd\xdd"}
	ids := map[int16]Init{
		1: {DC: 1}, -5: {DC: 5, Media: true}, 203: {DC: 203}, -203: {DC: 203, Media: true},
		10002: {DC: 2, Test: true}, -10003: {DC: 3, Media: true, Test: true},
		// None of these is a data centre; the field is random then.
		0: {}, 6: {}, 204: {}, 10000: {}, 10004: {}, 10203: {}, -32768: {}, 32767: {},
	}
	for transport, tag := range tags {
		for id, want := range ids {
			in, st := Obfuscated(obfuscate(random, tag, id, nil))
			want.Transport, want.Random = transport, in.Random
			if st != wire.Done || in != want {
				t.Errorf("%v to %d: %+v, %v; want %+v", transport, id, in, st, want)
			}
		}
	}
}

func TestInitsWithASecretLookRandomAndNothingMore(t *testing.T) {
	random := rand.NewChaCha8([32]byte{2})
	const n = 20000
	alike := 0
	for range n {
		in, st := Obfuscated(obfuscate(random, "\xdd\xdd\xdd\xdd", 2, []byte("0123456789abcdef")))
		if st != wire.Alien || in.Transport != NoTransport || in.DC != 0 {
			t.Fatalf("%+v, %v", in, st)
		}
		if in.Random {
			alike++
		}
	}
	if alike < n*995/1000 {
		t.Fatalf("%d of %d look random", alike, n)
	}
}

func TestObfuscatedLeavesOthersAlone(t *testing.T) {
	noise := strings.Repeat("\xa7\x1c\x93\x58\xe2\x0d\xb6\x4f\x7a\x81", 7)
	tests := []struct{ name, stream string }{
		{"abridged", "\xef" + noise},
		{"intermediate", "\xee\xee\xee\xee" + noise},
		{"padded", "\xdd\xdd\xdd\xdd" + noise},
		{"HTTP", "GET / HTTP/1.1\r\nHost: web.telegram.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\n"},
		{"another method", "OPTIONS * HTTP/1.1\r\n"},
		{"TLS", "\x16\x03\x01\x07\x00" + noise},
		{"TLS application data", "\x17\x03\x03\x07\x00" + noise},
		{"zeros at 4", "\xa7\x1c\x93\x58\x00\x00\x00\x00" + noise},
		{"SSH", "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13.5\r\n" + strings.Repeat("abcdefghij", 4)},
		{"few byte values", noise},
		{"zeros", strings.Repeat("\x00", 64)},
		{"no high bits", "Zq8jK2mX0pL5vB7nT3wR9yH4cF6gD1sA-_aeiouQWERTUIOPxzbnmklYGVhJNMEC"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if in, st := Obfuscated([]byte(tt.stream)); st != wire.Alien || in != (Init{}) {
				t.Fatalf("%+v, %v; want nothing", in, st)
			}
		})
	}
}

func TestOnlyRandomStartsAllocate(t *testing.T) {
	streams := [][]byte{
		[]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x8a\x35\xd1\x6e", 20)),
		[]byte("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nDate: Mon, 01\r\n"),
		unhex(t, initHead),
		make([]byte, 100),
	}
	for _, b := range streams {
		if n := testing.AllocsPerRun(100, func() { Obfuscated(b) }); n != 0 {
			t.Errorf("%x: %v allocations, want 0", b, n)
		}
	}
	b := unhex(t, initHead+tailAbridged)
	if n := testing.AllocsPerRun(100, func() { Obfuscated(b) }); n > 2 {
		t.Errorf("an init: %v allocations, want the cipher and a block", n)
	}
}

// obfuscatedLaws: what a prefix says for good the whole says too, nothing behind
// the init counts, and Done means that the tag comes out of CTR over all 64 bytes.
func obfuscatedLaws(t *testing.T, b []byte) {
	t.Helper()
	in, st := Obfuscated(b)
	for n := range min(len(b), InitLen+1) {
		if p, s := Obfuscated(b[:n]); s != wire.NeedMore && (s != st || p != in) {
			t.Fatalf("prefix of %d: %+v, %v; whole: %+v, %v", n, p, s, in, st)
		}
	}
	if st == wire.Malformed || st == wire.NeedMore && (len(b) >= InitLen || in != (Init{})) {
		t.Fatalf("%v after %d bytes, %+v", st, len(b), in)
	}
	if (st == wire.Done) != (in.Transport != NoTransport) || in.DC == 0 && (in.Media || in.Test) || in.DC < 0 {
		t.Fatalf("%+v, %v", in, st)
	}
	if len(b) < InitLen || !in.Random {
		return
	}
	block, _ := aes.NewCipher(b[keyAt:ivAt])
	clear := make([]byte, InitLen)
	cipher.NewCTR(block, b[ivAt:tagAt]).XORKeyStream(clear, b[:InitLen])
	if got := transportOf(binary.BigEndian.Uint32(clear[tagAt:])); got != in.Transport {
		t.Fatalf("%v, by CTR over the whole init %v", in.Transport, got)
	}
}

func FuzzObfuscated(f *testing.F) {
	random := rand.NewChaCha8([32]byte{3})
	f.Add(obfuscate(random, "\xef\xef\xef\xef", -2, nil))
	f.Add(obfuscate(random, "\xdd\xdd\xdd\xdd", 2, []byte("secret")))
	f.Add(unhex(f, initCarry+tailCarry))
	f.Add([]byte("\xef\x0a"))
	f.Fuzz(obfuscatedLaws)
}
