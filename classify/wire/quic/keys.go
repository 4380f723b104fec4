package quic

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
)

// keys open the Initial packets of one side of a connection: AES-128-GCM
// whatever the handshake agrees on (RFC 9001 section 5.2).
type keys struct {
	aead cipher.AEAD
	hp   cipher.Block // header protection
	iv   [ivLen]byte
}

const (
	keyLen = 16
	ivLen  = 12
	// keysSize is about what the standard library holds for one set: two AES key
	// schedules and GCM's tables, measured with Go 1.26 on amd64, bytes.
	keysSize = 2048
)

// Labels of the two sides' secrets (RFC 9001 section 5.2).
const (
	clientIn = "client in"
	serverIn = "server in"
)

// derive makes the keys of the side that the label names. cid is the destination
// connection id of the client's first Initial. It reports false for versions
// without a salt.
func (k *keys) derive(v Version, cid []byte, side string) bool {
	m, ok := derive(v, cid, side)
	if !ok {
		return false
	}
	block, err := aes.NewCipher(m.key[:])
	if err != nil {
		return false
	}
	if k.aead, err = cipher.NewGCM(block); err != nil {
		return false // in a restricted FIPS mode alone
	}
	k.iv = m.iv
	k.hp, err = aes.NewCipher(m.hp[:])
	return err == nil
}

// material is what keys are made from.
type material struct {
	key, hp [keyLen]byte
	iv      [ivLen]byte
}

// derive makes the material of one side's keys (RFC 9001 section 5.1 and 5.2). It
// reports false for versions without a salt.
func derive(v Version, cid []byte, side string) (m material, ok bool) {
	salt := v.salt()
	if salt == "" {
		return m, false
	}
	prefix := "quic "
	if v == V2 {
		prefix = "quicv2 " // RFC 9369 section 3.3.2
	}
	var h hmac
	h.set([]byte(salt))
	secret := h.sum(append(h.head(), cid...)) // HKDF-Extract: RFC 5869 section 2.2
	h.set(secret[:])
	secret = h.expand("", side, sha256.Size)
	h.set(secret[:])
	key, iv, hp := h.expand(prefix, "key", keyLen), h.expand(prefix, "iv", ivLen), h.expand(prefix, "hp", keyLen)
	copy(m.key[:], key[:])
	copy(m.iv[:], iv[:])
	copy(m.hp[:], hp[:])
	return m, true
}

// opener removes the protection of packets, in memory of its own.
type opener struct {
	out   []byte // header as authenticated, then the frames
	mask  [aes.BlockSize]byte
	nonce [ivLen]byte
}

const (
	// leastOut spares a second allocation for datagrams of the usual size.
	leastOut = 2048
	// maxPacket is the largest Initial that is opened, bytes. Paths carry 1500,
	// rarely 9000.
	maxPacket = 16 << 10
)

// open returns the frames of a packet and its packet number, or false if it was
// not sealed with these keys. next is the packet number expected. The frames are
// good until the next call.
func (o *opener) open(k *keys, p *Packet, next uint64) (frames []byte, number uint64, ok bool) {
	size := len(p.Header) + len(p.Protected)
	if size > maxPacket || len(p.Protected) < maxPN+sampleLen {
		return nil, 0, false
	}
	k.hp.Encrypt(o.mask[:], p.Protected[maxPN:maxPN+sampleLen])
	if cap(o.out) < size {
		o.out = make([]byte, 0, max(size, leastOut))
	}
	// RFC 9001 section 5.4.1: four bits of the first byte, and the number itself.
	head := append(o.out[:0], p.Header...)
	head[0] ^= o.mask[0] & 0x0f
	n := int(head[0]&3) + 1
	truncated := uint64(0)
	for i := range n {
		c := p.Protected[i] ^ o.mask[1+i]
		head = append(head, c)
		truncated = truncated<<8 | uint64(c)
	}
	number = fullNumber(next, truncated, n)
	o.nonce = k.iv
	for i := range 8 {
		o.nonce[ivLen-1-i] ^= byte(number >> (8 * i))
	}
	frames, err := k.aead.Open(head[len(head):], o.nonce[:], p.Protected[n:], head)
	return frames, number, err == nil
}

// fullNumber restores a packet number of which n bytes were sent: the one
// nearest to the number expected (RFC 9000 appendix A.3).
func fullNumber(next, truncated uint64, n int) uint64 {
	window := uint64(1) << (8 * n)
	number := next&^(window-1) | truncated
	switch {
	case number+window/2 <= next:
		return number + window
	case number > next+window/2 && number >= window:
		return number - window
	}
	return number
}
