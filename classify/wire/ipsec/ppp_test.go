package ipsec

import "testing"

// ESP in UDP: scapy's ikev2_nat_t.pcapng, frames 5 to 7.
const (
	esp1    = "ac0faf0300000001625d849bdd263e4f853a00c3285ecb02d828157e"
	espBack = "c1a9656b00000001989a8211c6983ae1d966baa98f800e5b6df0bb75"
	esp2    = "ac0faf0300000002625d849bdd263e506e0ab794576fef4ccd418b25"
)

// Hand-made by RFC 2661 sections 4.4 and 6.1, 6.2: message type, protocol
// version, host name, framing, tunnel id 0x1f2e; and the reply to that tunnel.
const (
	sccrq = "c8020035" + "0000" + "0000" + "0000" + "0000" + "80080000000000" + "01" + "80080000000201" + "00" + "800900000007" + "6c6163" +
		"800800000009" + "1f2e" + "00080000000a" + "0004"
	sccrp = "c8020024" + "1f2e" + "0000" + "0000" + "0001" + "8008000000000002" + "8008000000020100" + "800800000009" + "4455"
)

// Hand-made by RFC 2637 sections 2.1 and 2.2.
const (
	pptpAsk  = "009c00011a2b3c4d" + "00010000" + "01000000" + "0000000300000003ffff0001"
	pptpTell = "009c00011a2b3c4d" + "00020000" + "01000100" + "0000000300000003ffff0001"
)

func TestESP(t *testing.T) {
	tests := []struct {
		name, b string
		wire    int
		ok      bool
	}{
		{"a packet", esp1, 120, true},
		{"the highest reserved SPI", "000000ff00000001", 120, false},
		{"the lowest SPI", "0000010000000001", 120, true},
		{"IKE behind its marker", natInit2.head, 304, false},
		{"sequence number 0", "ac0faf0300000000", 120, false},
		{"a size that does not end on a word", esp1, 121, false},
		{"too short", esp1[:16], 20, false},
		{"OpenVPN's data of peer 1", "480000010000000233aa55cc33aa55cc", 120, false},
		{"OpenVPN's data of no peer", "4bffffff0000000233aa55cc33aa55cc", 120, false},
		{"too little captured", esp1[:14], 120, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.b)
			if spi, seq, ok := ESP(b, tt.wire); ok != tt.ok {
				t.Fatalf("%x, %d, %v", spi, seq, ok)
			}
			laws(t, b, b, uint16(tt.wire))
		})
	}
}

func TestSameESP(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"the next packet", esp1, esp2, true},
		{"the one before", esp2, esp1, false},
		{"the same again", esp1, esp1, false},
		{"the other direction's", espBack, esp2, false},
		{"far away", esp1, "ac0faf0300010002", false},
		{"as far as is believed", esp1, "ac0faf0300010001", true},
		{"WireGuard's data", "0400000006f47dab0000000000000000a4ebc12e", "0400000006f47dab01000000000000007ccd2824", false},
		{"OpenVPN's data", "480000010000000133aa55cc", "480000010000000233aa55cc", false},
		{"RTP", "8060b40d0001fe5035a1c2b3", "8060b40e0001fef035a1c2b3", false},
		{"DTLS", "17fefd0001000000000001", "17fefd0001000000000002", false},
		{"a QUIC Initial", "c300000001088394c8f03e51", "c300000001088394c8f03e51", false},
		{"nothing", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := unhex(t, tt.a), unhex(t, tt.b)
			if got := SameESP(a, b); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			laws(t, a, b, uint16(len(a)))
		})
	}
}

func TestKeepalive(t *testing.T) {
	if !Keepalive([]byte{0xff}, 1) || Keepalive([]byte{0}, 1) || Keepalive([]byte{0xff, 0xff}, 2) || Keepalive([]byte{0xff}, 9) || Keepalive(nil, 1) {
		t.Error("a keepalive is the byte ff alone")
	}
}

func TestL2TP(t *testing.T) {
	ask := sized{sccrq, len(sccrq) / 2}
	tests := []struct {
		name     string
		ask, ans sized
		is, got  bool
	}{
		{"a request and its reply", ask, sized{sccrp, 36}, true, true},
		{"the reply goes to another tunnel", ask, sized{sccrp, 36}.with(4, "1f2f"), true, false},
		{"the reply has received nothing", ask, sized{sccrp, 36}.with(11, "00"), true, false},
		{"a request in place of the reply", ask, ask, true, false},
		{"a request that assigns no tunnel", ask.with(42, "0a"), sized{sccrp, 36}, true, false},
		{"no tunnel is assigned, and none answers", ask.with(42, "0a"), sized{sccrp, 36}.with(4, "0000"), true, false},
		{"a reserved bit before the tunnel is assigned", ask.with(20, "84"), sized{sccrp, 36}, true, false},
		{"a length that is not the datagram's", ask.with(3, "36"), sized{sccrp, 36}, false, false},
		{"data", ask.with(0, "4802"), sized{sccrp, 36}, false, false},
		{"version 3", ask.with(1, "03"), sized{sccrp, 36}, false, false},
		{"a tunnel already", ask.with(5, "01"), sized{sccrp, 36}, false, false},
		{"a session already", ask.with(7, "01"), sized{sccrp, 36}, false, false},
		{"not the first message", ask.with(9, "01"), sized{sccrp, 36}, false, false},
		{"a first AVP that may be ignored", ask.with(12, "00"), sized{sccrp, 36}, false, false},
		{"a first AVP of a vendor", ask.with(15, "09"), sized{sccrp, 36}, false, false},
		{"a message of another type", ask.with(19, "03"), sized{sccrp, 36}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := tt.ask.bytes(t), tt.ans.bytes(t)
			if is, got := L2TP(a, len(a)), AnswersL2TP(a, b); is != tt.is || got != tt.got {
				t.Fatalf("%v, %v, want %v, %v", is, got, tt.is, tt.got)
			}
			laws(t, a, b, uint16(len(a)))
		})
	}
	// tcpdump's l2tp-avp-overflow.pcap, frame 1, of which 16 bytes were captured.
	if L2TP(unhex(t, "f00202020230080808080000ee230530"), 6624) {
		t.Error("a damaged one was taken")
	}
}

func TestPPTP(t *testing.T) {
	ask, tell := sized{pptpAsk, 156}, sized{pptpTell, 156}
	tests := []struct {
		name     string
		ask, ans sized
		is, got  bool
	}{
		{"a request and its reply", ask, tell, true, true},
		{"two requests", ask, ask, true, false},
		{"another length", ask.with(1, "9d"), tell, false, false},
		{"a management message", ask.with(3, "02"), tell, false, false},
		{"another cookie", ask.with(4, "1b"), tell, false, false},
		{"a reserved byte", ask.with(11, "01"), tell, false, false},
		{"version 2", ask.with(12, "02"), tell, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := tt.ask.bytes(t), tt.ans.bytes(t)
			if is, got := PPTP(a, len(a)), AnswersPPTP(a, b); is != tt.is || got != tt.got {
				t.Fatalf("%v, %v, want %v, %v", is, got, tt.is, tt.got)
			}
		})
	}
	if b := ask.bytes(t); PPTP(b[:155], 155) || !PPTP(b[:14], 156) || PPTP(b[:13], 156) {
		t.Error("14 bytes of at least 156 decide")
	}
}

// laws: what little of a message says, all of it says; an answer is not its own
// question, and only grows.
func laws(t *testing.T, a, b []byte, wire uint16) {
	t.Helper()
	n := max(int(wire), len(a))
	whole, ok := Parse(a, n)
	if ok && int(whole.Length)+map[bool]int{true: marker}[whole.Marked] != n {
		t.Fatalf("%+v of %d bytes", whole, n)
	}
	for i := range min(len(a), 64) {
		if m, is := Parse(a[:i], n); is && (!ok || m != whole) {
			t.Fatalf("%d bytes: %+v, whole: %+v, %v", i, m, whole, ok)
		}
		if _, _, is := ESP(a[:i], n); is {
			if _, _, is = ESP(a, n); !is {
				t.Fatalf("%d bytes are ESP, all are not", i)
			}
		}
		if L2TP(a[:i], n) && !L2TP(a, n) || PPTP(a[:i], n) && !PPTP(a, n) {
			t.Fatalf("%d bytes say more than all", i)
		}
	}
	if _, _, is := ESP(a, n); is && ok && whole.Marked {
		t.Fatal("IKE behind a marker and ESP at once")
	}
	if SameESP(a, b) && SameESP(b, a) || AnswersL2TP(a, b) && AnswersL2TP(b, a) {
		t.Fatalf("%x and %x, either way", a, b)
	}
	if Answers(a, b) && whole.Version == 2 && Answers(b, a) {
		t.Fatalf("%x and %x answer each other", a, b)
	}
}

func FuzzMessages(f *testing.F) {
	for _, p := range [][2]sized{{init2, cookie2}, {natInit2, natReply2}, {auth2, authed2}, {main1, reply1}, {secret1, quick1},
		{sized{esp1, 28}, sized{esp2, 28}}, {sized{sccrq, 53}, sized{sccrp, 36}}, {sized{pptpAsk, 156}, sized{pptpTell, 156}}} {
		f.Add(p[0].bytes(f), p[1].bytes(f), uint16(p[0].n))
	}
	f.Fuzz(laws)
}
