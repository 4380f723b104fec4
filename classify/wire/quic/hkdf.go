package quic

import "crypto/sha256"

// hmac is HMAC-SHA256 (RFC 2104) under one key of at most a block. Its memory is
// on the stack: keys are derived for every hello, and the standard library's
// hash takes some forty allocations to do it.
type hmac struct {
	inner [2 * sha256.BlockSize]byte // the padded key, then room for a message
	outer [sha256.BlockSize + sha256.Size]byte
}

// The bytes that pad the key (RFC 2104 section 2).
const (
	innerPad = 0x36
	outerPad = 0x5c
)

// set changes the key.
func (h *hmac) set(key []byte) {
	for i := range sha256.BlockSize {
		h.inner[i], h.outer[i] = innerPad, outerPad
	}
	for i, b := range key {
		h.inner[i] ^= b
		h.outer[i] ^= b
	}
}

// head is where a message begins: append it to this, and hand the whole to sum.
func (h *hmac) head() []byte { return h.inner[:sha256.BlockSize] }

// sum authenticates the message behind head.
func (h *hmac) sum(padded []byte) [sha256.Size]byte {
	digest := sha256.Sum256(padded)
	copy(h.outer[sha256.BlockSize:], digest[:])
	return sha256.Sum256(h.outer[:])
}

// expand is HKDF-Expand-Label without context (RFC 8446 section 7.1), the key
// being the secret. What takes one round of HKDF (RFC 5869 section 2.3) is
// enough: n is sha256.Size at most, and so many bytes of the result count.
func (h *hmac) expand(prefix, label string, n int) [sha256.Size]byte {
	const tls = "tls13 "
	info := append(h.head(), byte(n>>8), byte(n), byte(len(tls)+len(prefix)+len(label)))
	info = append(append(append(info, tls...), prefix...), label...)
	return h.sum(append(info, 0, 1)) // no context; the first round
}
