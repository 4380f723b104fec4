package im

import "encoding/binary"

// Discord's IP discovery (Discord developer documentation, "Voice connections"):
// type, length 70, SSRC, an address as text in 64 bytes, a port.
const (
	discoveryLen = 74
	discoveryAt  = 8
	portAt       = 72
)

// DiscordDiscovery reports whether b asks a Discord voice server for the address
// it sees. The port may be filled in (zapret). Strong, more than 500 bits.
func DiscordDiscovery(b []byte, wireLen int) bool {
	return discovery(b, wireLen, 0x00010046) && zero(b[discoveryAt:portAt])
}

// DiscordDiscovered reports whether b is the answer. Strong.
func DiscordDiscovered(b []byte, wireLen int) bool {
	if !discovery(b, wireLen, 0x00020046) {
		return false
	}
	n := discoveryAt
	for n < portAt && addressByte(b[n]) {
		n++
	}
	return n-discoveryAt >= len("::1") && zero(b[n:portAt])
}

func discovery(b []byte, wireLen int, head uint32) bool {
	return wireLen == discoveryLen && len(b) >= portAt && binary.BigEndian.Uint32(b) == head
}

// DiscordKeepalive reports whether b keeps a voice connection's path open or
// measures it, in either direction (nDPI discord.c). Strong, 32 bits and the length.
func DiscordKeepalive(b []byte, wireLen int) bool {
	return wireLen == 8 && len(b) >= 4 && binary.BigEndian.Uint32(b) == 0x1337cafe
}

// addressByte: what addresses of IPv4 and IPv6 are written with.
func addressByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.' || c == ':'
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
