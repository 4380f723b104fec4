package im

import "encoding/binary"

// KakaoTalk's LOCO handshake: sizes and ciphers in three u32 little-endian, then
// the AES key under RSA-2048 (node-kakao, loco-protocol-rs). RSA padding 5 was sent
// in 2015, 12 to 16 later; AES mode 2 is CFB, 3 GCM.
const (
	locoHead = 12
	locoKey  = 256
	maxRSA   = 16
)

// KakaoLOCO reports whether b starts a LOCO connection: the handshake alone, or
// encrypted frames behind it, each with its u32 little-endian length. Strong, 80
// bits.
func KakaoLOCO(b []byte, wireLen int) bool {
	if len(b) < locoHead || wireLen < locoHead+locoKey || binary.LittleEndian.Uint32(b) != locoKey {
		return false
	}
	rsa, aes := binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:])
	if rsa < 1 || rsa > maxRSA || aes < 2 || aes > 3 {
		return false
	}
	frame := locoHead + locoKey
	if wireLen == frame || len(b) < frame+4 {
		return true
	}
	return int64(binary.LittleEndian.Uint32(b[frame:])) <= int64(maxLOCO)
}

// maxLOCO bounds a frame behind the handshake, the login, bytes.
const maxLOCO = 1 << 16
