package quic

import (
	stdhkdf "crypto/hkdf"
	stdhmac "crypto/hmac"
	"crypto/sha256"
	"testing"
)

// TestHMACAndHKDFAreThoseOfTheStandardLibrary: for keys and messages of every
// length, those that no connection id has among them.
func TestHMACAndHKDFAreThoseOfTheStandardLibrary(t *testing.T) {
	text := message(200, 3)
	var h hmac
	for n := range len(text) {
		key := text[:n%(sha256.BlockSize+1)]
		want := stdhmac.New(sha256.New, key)
		want.Write(text[n:])
		h.set(key)
		if got := h.sum(append(h.head(), text[n:]...)); string(got[:]) != string(want.Sum(nil)) {
			t.Fatalf("a key of %d bytes, %d of message", len(key), len(text)-n)
		}
		size := n % (sha256.Size + 1)
		label := string(text[:n%32])
		info := string([]byte{0, byte(size), byte(6 + 5 + len(label))}) + "tls13 quic " + label + "\x00"
		out, err := stdhkdf.Expand(sha256.New, key, info, size)
		if got := h.expand("quic ", label, size); err != nil || string(got[:size]) != string(out) {
			t.Fatalf("a label of %d bytes, %d of result: %v", len(label), size, err)
		}
	}
}

func TestDerivationAllocations(t *testing.T) {
	id := []byte(first)
	if n := testing.AllocsPerRun(100, func() { derive(V2, id, serverIn) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
