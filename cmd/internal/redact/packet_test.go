package redact

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/classify/finding"
)

// samples are packets of IP, each from its header on.
func samples() [][]byte {
	var out [][]byte
	for _, s := range []string{
		// SYN of 10.0.0.2:51334 to 149.154.167.51:443 with MSS, SACK, timestamps, window scale.
		"4500003c1c46400040060000 0a000002 959aa733 c88601bb 11223344 00000000 a002faf0 00000000 020405b4 0402080a 0001e240 00000000 01030307",
		// PSH of it with a payload and a SACK block.
		"450000401c47400040060000 0a000002 959aa733 c88601bb 11223345 55667788 b018faf0 00000000 01010 50a 00000001 00000002 53454352 45542053 45435245",
		// UDP of DNS to 10.0.0.1.
		"4500002800010000ff110000 0a000002 0a000001 d4310035 00141234 53454352 45545345 43524554",
		// ICMP port unreachable by 10.0.0.1 for UDP of 10.0.0.2:54321.
		"4500003800010000 40010000 0a000001 0a000002 03030000 00000000 4500002800010000 40110000 0a000002 08080808 d4310035 00141234",
		// ICMP echo.
		"4500002400010000 40010000 0a000002 08080808 08001234 00010001 53454352 45545345",
		// The first and a later fragment.
		"4500002400012000 40110000 0a000002 08080808 d4310035 01001234 53454352 45545345",
		"4500001c00010003 40110000 0a000002 08080808 53454352 45545345",
		// ESP.
		"4500002000010000 40320000 0a000002 08080808 00000001 00000002 53454352",
		// SYN over IPv6, and packet too big for it.
		"6000000000140640 fd000000000000000000000000000002 2a032880f25f00c6face b00c9df0cd35 c88601bb 11223344 00000000 5002faf0 00000000",
		"60000000 0038 3a40 fd000000000000000000000000000001 fd000000000000000000000000000002 02000000 00000500" +
			"6000000000080640 fd000000000000000000000000000002 2a032880f25f00c6faceb00c9df0cd35 c88601bb11223344",
		// A neighbour solicitation with a MAC.
		"60000000 0020 3aff fe800000000000000000000000000002 ff0200000000000000000001ff000001 87000000 00000000 fe800000000000000000000000000001 0101aabbccddee0f",
		// A fragment of IPv6.
		"60000000 0010 2c40 fd000000000000000000000000000002 2a032880f25f00c6faceb00c9df0cd35 11000001 00000007 5345435245542020",
	} {
		raw, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			panic(err) // they are above
		}
		out = append(out, raw)
	}
	return out
}

func decoded(frame []byte) *capture.Packet {
	var d decode.Decoder
	p := &capture.Packet{Frame: frame, WireLen: uint32(len(frame)), Link: capture.LinkRaw}
	d.Decode(p)
	return p
}

// TestPacketsSayNothingOfOthers: no address, port or byte of payload is left, in
// headers, quotes and messages.
func TestPacketsSayNothingOfOthers(t *testing.T) {
	r := fixed()
	for i, frame := range samples() {
		p := decoded(frame)
		if p.Has&capture.HasIP == 0 {
			t.Fatalf("sample %d is no packet", i)
		}
		out := r.Packet(p, p.Payload)
		if len(out) < len(frame)-20 || len(out) > len(frame)+20 {
			t.Errorf("sample %d: %d bytes became %d", i, len(frame), len(out))
		}
		lawOfPacket(t, r, p, out)
		for _, left := range []string{"0a000002", "0a000001", "fd0000000000000000000000000000", "fe80000000", "534543", "d431", "aabbccddee0f", "ff000001"} {
			if raw, _ := hex.DecodeString(left); bytes.Contains(out, raw) {
				t.Errorf("sample %d: %s is left in % x", i, left, out)
			}
		}
		if i != 0 && i != 1 && i < 8 {
			continue
		}
		if raw := []byte{0xc8, 0x86}; bytes.Contains(out, raw) && i != 10 && i != 11 {
			t.Errorf("sample %d: the client's port is left in % x", i, out)
		}
	}
}

// TestPacketAgreesWithItsRecord: a filter made of the record finds the packet.
func TestPacketAgreesWithItsRecord(t *testing.T) {
	for _, swapped := range []bool{false, true} { // also where the known end is the client
		r := fixed()
		p := decoded(samples()[0])
		client := finding.Endpoint{IP: p.Key.SrcAddr(), Port: p.Key.SrcPort}
		server := finding.Endpoint{IP: p.Key.DstAddr(), Port: p.Key.DstPort}
		if swapped {
			client, server = server, client
		}
		f := r.Finding(&finding.Finding{Proto: "tcp", Client: &client, Server: &server})
		out := decoded(r.Packet(p, nil))
		if swapped {
			out.Key = out.Key.Reverse()
		}
		if out.Key.SrcAddr() != f.Client.IP || out.Key.SrcPort != f.Client.Port || out.Key.DstAddr() != f.Server.IP || out.Key.DstPort != f.Server.Port {
			t.Errorf("the packet is of %v, the record of %v and %v", out.Key, f.Client, f.Server)
		}
		if known := netip.MustParseAddr("149.154.167.51"); (r.Addr(known) == known) == swapped {
			t.Error("a client whom the rules take for a server is shown")
		}
	}
}

// TestPacketsThatWereCut: what the capture has not all of keeps its length.
func TestPacketsThatWereCut(t *testing.T) {
	p := decoded(samples()[1][:48])
	p.WireLen = 64
	p.PayloadLen = 1 << 20 // merged
	out := fixed().Packet(p, nil)
	if n := WireLen(out); n != 65535 {
		t.Errorf("%d bytes on the wire", n)
	}
	if out := fixed().Packet(&capture.Packet{}, nil); out != nil {
		t.Errorf("% x of nothing", out)
	}
}
