package im

import "encoding/binary"

// mmtls is TLS 1.3 made over: record types 15 alert, 16 handshake, 17 data, 19
// early data; version f103 or f104; u16 length (WeMobileDev, "mmtls"; Citizen Lab,
// "Should we chat, too?", 2024).
const (
	mmtlsHead  = 5
	maxMMTLS   = 1 << 14
	segmentMin = 500 // a record may go on in the next segment when this one is full
)

// MMTLS reports whether b, the first payload of a direction, starts WeChat's
// mmtls: a handshake or early data, and all records in b follow each other. Strong
// when they end with the payload, 39 bits; 25 bits, which is weak, when the last goes on
// after it or was cut by capturing.
func MMTLS(b []byte, wireLen int) bool {
	if len(b) < mmtlsHead || b[0] != 0x16 && b[0] != 0x19 {
		return false
	}
	off := 0
	for off < wireLen {
		if len(b)-off < mmtlsHead {
			return off > 0 && wireLen-off >= mmtlsHead
		}
		n, ok := mmtlsRecord(b[off:])
		if !ok {
			return false
		}
		off += mmtlsHead + n
	}
	return off == wireLen || wireLen >= segmentMin
}

func mmtlsRecord(b []byte) (n int, ok bool) {
	switch b[0] {
	case 0x15, 0x16, 0x17, 0x19:
	default:
		return 0, false
	}
	n = int(binary.BigEndian.Uint16(b[3:]))
	return n, b[1] == 0xf1 && (b[2] == 3 || b[2] == 4) && n > 0 && n <= maxMMTLS
}

// OICQ reports whether b is a datagram of QQ's own protocol: tag 02, version 3b0b,
// a command of 1 to b5 or 3f7 (nDPI oicq.c), and the tag 03 at the end (Wireshark
// packet-oicq.c, pidgin qq). Strong, 41 bits; 33 where capturing cut the end.
func OICQ(b []byte, wireLen int) bool {
	if len(b) < 11 || wireLen < 12 || b[0] != 2 || b[1] != 0x3b || b[2] != 0x0b {
		return false
	}
	if cmd := binary.BigEndian.Uint16(b[3:]); (cmd == 0 || cmd > 0xb5) && cmd != 0x3f7 {
		return false
	}
	return len(b) < wireLen || b[len(b)-1] == 3
}

// QQ reports whether b is one of the datagrams by whose length and head nDPI's
// qq.c knows QQ. 32 bits and the length, but most heads are just that length, as
// other protocols have it: weak beside anything but a name or address.
func QQ(b []byte, wireLen int) bool {
	if len(b) < 4 {
		return false
	}
	switch head := binary.BigEndian.Uint32(b); wireLen {
	case 72:
		return head == 0x02004800
	case 64:
		return head == 0x02004000
	case 60:
		return head == 0x02004200
	case 84:
		return head == 0x02005a00
	case 56:
		return head == 0x02003800
	}
	return false
}
