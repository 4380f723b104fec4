package dtls

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
)

// unhex reads hexadecimal digits with blanks between.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fragment builds one fragment of a handshake message with its header.
func fragment(typ byte, seq uint16, body []byte, off, n int) []byte {
	b := []byte{typ, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = append(b, byte(off>>16), byte(off>>8), byte(off), byte(n>>16), byte(n>>8), byte(n))
	return append(b, body[off:off+n]...)
}

// record builds a record of an epoch.
func record(typ byte, version, epoch uint16, content []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{typ}, version)
	b = binary.BigEndian.AppendUint16(b, epoch)
	b = append(b, 0, 0, 0, 0, 0, 7)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(content))), content...)
}

// datagram builds a datagram with a part of a hello.
func datagram(seq uint16, body []byte, off, n int) []byte {
	return record(Handshake, DTLS12, 0, fragment(clientHello, seq, body, off, n))
}

// counting returns n bytes that tell where they belong.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// wolfSSL is the first datagram of dtls13-wolfssl.pcap of Zeek's test suite: a
// ClientHello of DTLS 1.3.
const wolfSSL = `16 fefd 0000 000000000000 00f6
01 0000ea 0000 000000 0000ea
fefd 0343b89394fb36658f2088e629d2923ad4358824163e30b8715f52b560e661d1 00 00
0036 130113021303c02cc02bc030c02f009f009ecca9cca8ccaac027c023c028c024c00ac009c014c013006b006700390033cc14cc13cc15
0100 008a
0033 0047 00450017004104edd8395a8f8d25707b4ba43e4a9a3faee4ff4248967667fb4257c407c94d50ca3f6f93c01d953489620ce31221c53f6f0f13d31aa5418138d2a05a00a9b6af3f
002b 0003 02fefc
000d 0020 001e06030503040302030806080b0805080a0804080906010501040103010201
000a 000c 000a00190018001700150100
0016 0000`

// openSSL is the first datagram of wireshark-dtls0.pcap of Arkime's test suite:
// a ClientHello of OpenSSL before DTLS was done.
const openSSL = `16 0100 0000 000000000000 006a
01 00005e 0000 000000 00005e
0100 448d75287c77401e8ac822a0a018ff9308caac0a642fc92264bc08a81689193f 00 00
0036 00390038003500160013000a00330032002f000700660005000400630062006100150012000900650064006000140011000800060003
01 00`
