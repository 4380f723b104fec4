package ipsec

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// filled is the hex string with zeros behind it, n bytes in all.
func filled(t testing.TB, s string, n int) []byte {
	b := unhex(t, s)
	return append(b, make([]byte, max(n-len(b), 0))...)
}

// Heads of real messages and their sizes: nDPI's ipsec_isakmp_esp.pcap (frames
// 16, 17, 1, 2), scapy's ikev2_nat_t.pcapng (1, 2), joy's ikev1.pcap (1, 2, 7, 9)
// and ikev2.pcap (1, 2), tcpdump's isakmp4500.pcap (7, 8).
var (
	init2     = sized{"b64ef32131a4895200000000000000002120220800000000000003082200020802000050", 776}
	cookie2   = sized{"b64ef32131a4895200000000000000002920222000000000000000340000001800004006", 52}
	auth2     = sized{"00000000b64ef32131a4895286babd39048869552e202308000000010000032c23000310c4ff8cdb", 816}
	authed2   = sized{"00000000b64ef32131a4895286babd39048869552e20232000000001000000cc240000b06b09ab78", 208}
	natInit2  = sized{"0000000089922c915f35570e000000000000000021202208000000000000012c2200002800000024", 304}
	natReply2 = sized{"0000000089922c915f35570e98d56d32e2a04742212022200000000000000131220000280000002401", 309}
	main1     = sized{"c6d1459285150c7e00000000000000000110020000000000000000fc0d000034000000010000", 252}
	reply1    = sized{"c6d1459285150c7e6e961f01bf179b350110020000000000000000ac0d000034000000010000", 172}
	secret1   = sized{"c6d1459285150c7e6e961f01bf179b35051002010000000000000044be02700f1db3d62cd747", 68}
	quick1    = sized{"c6d1459285150c7e6e961f01bf179b3508102001221faf3c0000009cceead5cd871edd2dc482", 156}
	natMain1  = sized{"000000009e89f2388f90bc1e0a74357ce3d1a4bf051002010000000000000144a02460dc0eb4dda5", 328}
	natBack1  = sized{"000000009e89f2388f90bc1e0a74357ce3d1a4bf05100201000000000000012cc263a57d2dcf8db5", 304}
	other2    = sized{"81f24c0acd8fa55c192383172724c7062120222000000000000000f8220000300000002c0101", 248}
)

type sized struct {
	head string
	n    int
}

func (s sized) bytes(t testing.TB) []byte { return filled(t, s.head, s.n) }

// with returns the message with other hex digits at one offset in bytes.
func (s sized) with(at int, digits string) sized {
	return sized{s.head[:2*at] + digits + s.head[2*at+len(digits):], s.n}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		m    sized
		ok   bool
	}{
		{"an IKE_SA_INIT", init2, true},
		{"a response without SPI that wants a cookie", cookie2, true},
		{"an IKE_SA_INIT behind the marker", natInit2, true},
		{"its response", natReply2, true},
		{"an IKE_AUTH", auth2, true},
		{"its response", authed2, true},
		{"an empty INFORMATIONAL", sized{"8e7779464044673e7b452c842bc4e8910020250000000000" + "0000001c", 28}, true},
		{"Main Mode", main1, true},
		{"its response", reply1, true},
		{"Main Mode, encrypted", secret1, true},
		{"Quick Mode", quick1, true},
		{"Main Mode, encrypted, behind the marker", natMain1, true},
		{"a length that is not the datagram's", sized{init2.head, 775}, false},
		{"a length that leaves the marker in", natInit2.with(26, "0130"), false},
		{"no initiator", init2.with(0, "0000000000000000"), false},
		{"version 3", init2.with(17, "30"), false},
		{"version 2.1", init2.with(17, "21"), false},
		{"an exchange that there is not", init2.with(18, "30"), false},
		{"an exchange of IKEv1 in IKEv2", init2.with(18, "02"), false},
		{"an exchange of IKEv2 in IKEv1", main1.with(18, "22"), false},
		{"a reserved flag", init2.with(19, "09"), false},
		{"a reserved flag of IKEv1", main1.with(19, "08"), false},
		{"a payload of IKEv1 in IKEv2", init2.with(16, "01"), false},
		{"a payload that there is not", init2.with(16, "37"), false},
		{"a payload that there is not in IKEv1", main1.with(16, "16"), false},
		{"a payload of IKEv2 in IKEv1", main1.with(16, "21"), false},
		{"an IKE_SA_INIT that begins with a responder", init2.with(8, "01"), false},
		{"an IKE_SA_INIT that is message 1", init2.with(23, "01"), false},
		{"an IKE_AUTH without responder", auth2.with(12, "0000000000000000"), false},
		{"Main Mode that is message 1", main1.with(23, "01"), false},
		{"a payload longer than the message", init2.with(30, "0400"), false},
		{"a payload shorter than its header", init2.with(30, "0003"), false},
		{"a reserved bit of a payload", init2.with(29, "01"), false},
		{"the critical bit of a payload", init2.with(29, "80"), true},
		{"the critical bit in IKEv1", main1.with(29, "80"), false},
		{"no payload, and bytes behind the header", init2.with(16, "00"), false},
		{"a header alone", sized{init2.head[:56], 28}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.m.bytes(t)
			if m, ok := Parse(b, tt.m.n); ok != tt.ok {
				t.Fatalf("%+v, %v", m, ok)
			}
			laws(t, b, b, uint16(len(b)))
		})
	}
}

func TestFieldsOfAMessage(t *testing.T) {
	got, _ := Parse(authed2.bytes(t), authed2.n)
	want := Message{Initiator: 0xb64ef32131a48952, Responder: 0x86babd3904886955, Next: 46, Version: 2, Exchange: 35,
		Flags: FlagResponse, ID: 1, Length: 204, Marked: true}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	got, _ = Parse(quick1.bytes(t), quick1.n)
	want = Message{Initiator: 0xc6d1459285150c7e, Responder: 0x6e961f01bf179b35, Next: 8, Version: 1, Exchange: 32,
		Flags: FlagEncrypted, ID: 0x221faf3c, Length: 156}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name string
		a, b sized
		want bool
	}{
		{"a cookie is wanted", init2, cookie2, true},
		{"IKE_SA_INIT", natInit2, natReply2, true},
		{"IKE_AUTH", auth2, authed2, true},
		{"Main Mode", main1, reply1, true},
		{"Main Mode, encrypted", natMain1, natBack1, true},
		{"of another initiator", init2, other2, false},
		{"of another responder", auth2.with(12, "01"), authed2, false},
		{"to another message", auth2.with(27-4, "01").with(24, "00000002"), authed2, false},
		{"to another exchange", natInit2, authed2, false},
		{"no response flag", auth2, auth2, false},
		{"a response to a response", authed2, authed2, false},
		{"both of the initiator", auth2, authed2.with(23, "28"), false},
		{"Main Mode, the request again", main1, main1, false},
		{"Main Mode against IKEv2", main1, natReply2, false},
		{"the wrong way round", natReply2, natInit2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := tt.a.bytes(t), tt.b.bytes(t)
			if got := Answers(a, b); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			laws(t, a, b, uint16(len(a)))
		})
	}
}

// foreign are first payloads of other protocols.
var foreign = map[string]string{
	"a WireGuard initiation":   "01000000d837d0305fcec7c8e5c8e2e3f7989eef60c228d8",
	"a WireGuard response":     "0200000006f47dabd837d030b18d5550bd4042a37a46823a",
	"OpenVPN's client reset":   "38334857703d96db390000000000",
	"OpenVPN's server reset":   "40d31c3a6964602fa00100000000334857703d96db3900000000",
	"a DNS query":              "1234010000010000000000000377656208776861747361707003636f6d0000010001",
	"a DNS query with id 0":    "0000010000010000000000000377656208776861747361707003636f6d0000010001",
	"an mDNS answer":           "000084000000000100000000085f7365727669636573075f646e732d7364045f756470056c6f63616c",
	"a QUIC Initial":           "c300000001088394c8f03e5157080000449e00000002",
	"a STUN binding request":   "000100002112a442b7e7a701bc34d686fa87dfae",
	"RTP":                      "8000b40d0001fe5035a1c2b3d5d5d5d5",
	"BitTorrent's handshake":   "13426974546f7272656e742070726f746f636f6c",
	"BitTorrent's uTP":         "410085ae21ba7ce100000000000f00003a4f0000",
	"a DTLS ClientHello":       "16feff000000000000000000c3010000b7",
	"an NTP request":           "23000000000000000000000000000000000000000000000000000000000000000000000000000000e0b8d2a4",
	"TLS":                      "16030100b5010000b10303d5c911a90ea478a17818562261b7f2",
	"zeros":                    "00000000000000000000000000000000",
	"L2TP's Hello":             "c80200141234000000010001800800000000" + "0006",
	"L2TP of a later sequence": "c802001412340000000100018008000000000001",
}

func TestOthersAreNotTaken(t *testing.T) {
	for name, s := range foreign {
		for n := 1; n < 400; n++ {
			b := filled(t, s, 400)[:n]
			if m, ok := Parse(b, n); ok {
				t.Errorf("%s of %d bytes: %+v", name, n, m)
			}
			if L2TP(b, n) || PPTP(b, n) || Keepalive(b, n) {
				t.Errorf("%s of %d bytes: L2TP %v, PPTP %v, keepalive %v", name, n, L2TP(b, n), PPTP(b, n), Keepalive(b, n))
			}
		}
	}
}

func TestRandomBytesAreNotTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 64)
	for range 500_000 {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		b[17], b[19] = 0x20, 8 // even so
		if m, ok := Parse(b, len(b)); ok {
			t.Fatalf("%x: %+v", b, m)
		}
	}
}

func TestMessagesDoNotAllocate(t *testing.T) {
	q, a, e, l := natInit2.bytes(t), natReply2.bytes(t), unhex(t, esp1), unhex(t, sccrq)
	if n := testing.AllocsPerRun(100, func() {
		Parse(q, len(q))
		Answers(q, a)
		SameESP(e, e)
		AnswersL2TP(l, l)
		PPTP(l, len(l))
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	q := natInit2.bytes(b)
	b.ReportAllocs()
	for b.Loop() {
		Parse(q, len(q))
	}
}
