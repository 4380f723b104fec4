package synth

import (
	"encoding/binary"
	"slices"
	"time"
)

// WireGuard is a handshake and n data messages each way (WireGuard, section 5.4).
func WireGuard(s *Sim, n int) []Datagram {
	client, server := s.Bytes(4), s.Bytes(4)
	out := []Datagram{
		{From: Up, Data: WireGuardInitiation(s, client)},
		{From: Down, Data: slices.Concat([]byte{2, 0, 0, 0}, server, client, s.Bytes(32+16+16), make([]byte, 16)), Wait: serverThought},
	}
	data := func(to []byte, i, size int) []byte {
		return slices.Concat([]byte{4, 0, 0, 0}, to, binary.LittleEndian.AppendUint64(nil, uint64(i)), s.Bytes(size+16))
	}
	for i := range n {
		out = append(out, Datagram{From: Up, Data: data(server, i, 64+16*s.Rand.IntN(8)), Wait: 15 * time.Millisecond},
			Datagram{From: Down, Data: data(client, 2*i, 1392), Wait: serverThought}, Datagram{From: Down, Data: data(client, 2*i+1, 16*s.Rand.IntN(60))})
	}
	return out
}

// WireGuardInitiation is the first message, of a sender's index.
func WireGuardInitiation(s *Sim, sender []byte) []byte {
	return slices.Concat([]byte{1, 0, 0, 0}, sender, s.Bytes(32+48+28+16), make([]byte, 16))
}

// OpenVPN's packets by opcode, shifted as on the wire (OpenVPN wire protocol,
// "Packet opcodes").
const (
	vpnControl     = 4 << 3
	vpnAck         = 5 << 3
	vpnClientReset = 7 << 3
	vpnServerReset = 8 << 3
	vpnData        = 9 << 3
)

// OpenVPN is two resets, a handshake without wrapping and n data packets each way.
func OpenVPN(s *Sim, n int) []Datagram {
	client, server := s.Bytes(8), s.Bytes(8)
	zero := make([]byte, 4)
	id := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(i)) }
	hello := ClientHello{Name: ""}.Bytes(s)
	out := []Datagram{
		{From: Up, Data: slices.Concat([]byte{vpnClientReset}, client, []byte{0}, zero)},
		{From: Down, Data: slices.Concat([]byte{vpnServerReset}, server, []byte{1}, zero, client, zero), Wait: serverThought},
		{From: Up, Data: slices.Concat([]byte{vpnAck}, client, []byte{1}, zero, server)},
		{From: Up, Data: slices.Concat([]byte{vpnControl}, client, []byte{0}, id(1), hello), Wait: time.Millisecond},
		{From: Down, Data: slices.Concat([]byte{vpnControl}, server, []byte{1}, id(1), client, id(1), Records(s, 1100)), Wait: time.Millisecond},
		{From: Up, Data: slices.Concat([]byte{vpnAck}, client, []byte{1}, id(1), server)},
		{From: Up, Data: slices.Concat([]byte{vpnControl}, client, []byte{0}, id(2), Records(s, 380)), Wait: 2 * time.Millisecond},
		{From: Down, Data: slices.Concat([]byte{vpnControl}, server, []byte{1}, id(2), client, id(2), Records(s, 420)), Wait: time.Millisecond},
	}
	for i := range n {
		out = append(out, Datagram{From: Up, Data: slices.Concat([]byte{vpnData, 0, 0, 0}, id(i+1), s.Bytes(16+80)), Wait: 20 * time.Millisecond},
			Datagram{From: Down, Data: slices.Concat([]byte{vpnData, 0, 0, 1}, id(i+1), s.Bytes(16+1100)), Wait: serverThought})
	}
	return out
}

// IKEv2 exchanges and payloads (RFC 7296 sections 3.1 and 3.2).
const (
	ikeInit, ikeAuth           = 34, 35
	ikeSA, ikeKE, ikeNonce     = 33, 34, 40
	ikeSealed                  = 46
	ikeInitiator, ikeResponder = 0x08, 0x20
	ikeCurve25519              = 31
)

// IKE is IKE_SA_INIT and IKE_AUTH of a host that finds no address translated.
func IKE(s *Sim) []Datagram {
	i, r := s.Bytes(8), s.Bytes(8)
	return []Datagram{
		{From: Up, Data: ikeMessage(i, make([]byte, 8), ikeSA, ikeInit, ikeInitiator, 0, ikeOffer(s))},
		{From: Down, Data: ikeMessage(i, r, ikeSA, ikeInit, ikeResponder, 0, ikeOffer(s)), Wait: 4 * time.Millisecond},
		{From: Up, Data: ikeMessage(i, r, ikeSealed, ikeAuth, ikeInitiator, 1, ikePayload(39, s.Bytes(268))), Wait: 6 * time.Millisecond},
		{From: Down, Data: ikeMessage(i, r, ikeSealed, ikeAuth, ikeResponder, 1, ikePayload(36, s.Bytes(236))), Wait: 8 * time.Millisecond},
	}
}

func ikeMessage(i, r []byte, next, exchange, flags byte, id uint32, payloads []byte) []byte {
	b := slices.Concat(i, r, []byte{next, 0x20, exchange, flags}, binary.BigEndian.AppendUint32(nil, id))
	return append(binary.BigEndian.AppendUint32(b, uint32(28+len(payloads))), payloads...)
}

func ikePayload(next byte, body ...[]byte) []byte {
	b := slices.Concat(body...)
	return slices.Concat([]byte{next, 0}, u16s(uint16(4+len(b))), b)
}

// ikeOffer is one proposal, a key and a nonce.
func ikeOffer(s *Sim) []byte {
	var transforms []byte
	for k, t := range [][3]uint16{{1, 20}, {2, 5}, {4, ikeCurve25519}} { // AES-GCM of 16, PRF with SHA-256
		more, attr := byte(3), []byte(nil)
		if k == 0 {
			attr = u16s(0x800e, 256)
		}
		if k == 2 {
			more = 0
		}
		transforms = slices.Concat(transforms, []byte{more, 0}, u16s(uint16(8+len(attr))), []byte{byte(t[0]), 0}, u16s(t[1]), attr)
	}
	proposal := slices.Concat([]byte{0, 0}, u16s(uint16(8+len(transforms))), []byte{1, 1, 0, 3}, transforms)
	return slices.Concat(ikePayload(ikeKE, proposal), ikePayload(ikeNonce, u16s(ikeCurve25519, 0), s.Bytes(32)), ikePayload(0, s.Bytes(32)))
}

// SealedPackets are n packets of ESP each way (RFC 4303 section 2).
func SealedPackets(s *Sim, n int) (out []Datagram) {
	to, from := s.Bytes(4), s.Bytes(4)
	to[0], from[0] = to[0]|0x80, from[0]|0x80 // none that is reserved
	for i := range n {
		seq := binary.BigEndian.AppendUint32(nil, uint32(i+1))
		out = append(out, Datagram{From: Up, Data: slices.Concat(to, seq, s.Bytes(8+96+16)), Wait: 18 * time.Millisecond},
			Datagram{From: Down, Data: slices.Concat(from, seq, s.Bytes(8+1200+16)), Wait: serverThought})
	}
	return out
}
