package im_test

import (
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"chokepoint/classify/wire/im"
)

// unhex reads hex; "xx*n" stands for n times the byte xx.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	var out []byte
	for word := range strings.FieldsSeq(s) {
		what, times, repeated := strings.Cut(word, "*")
		b, err := hex.DecodeString(what)
		n := 1
		if err == nil && repeated {
			n, err = strconv.Atoi(times)
		}
		if err != nil {
			t.Fatalf("%s: %v", word, err)
		}
		for range n {
			out = append(out, b...)
		}
	}
	return out
}

// single are the functions of one payload.
var single = map[string]func([]byte, int) bool{
	"ViberTCP": im.ViberTCP, "ViberUDP": im.ViberUDP,
	"DiscordDiscovery": im.DiscordDiscovery, "DiscordDiscovered": im.DiscordDiscovered, "DiscordKeepalive": im.DiscordKeepalive,
	"LineCall": im.LineCall, "KakaoLOCO": im.KakaoLOCO, "MMTLS": im.MMTLS, "OICQ": im.OICQ, "QQ": im.QQ,
	"TeamsMux": im.TeamsMux, "FLAPSignOn": im.FLAPSignOn, "ZoomPeer": im.ZoomPeer, "ZoomMedia": im.ZoomMedia, "Imo": im.Imo,
}

// payloads are whole payloads and the one function that knows them, if any. The
// constant bytes are those of the sources named at the functions.
var payloads = []struct{ name, hex, want string }{
	{"Viber's first TCP pattern", "1000 00000000 fcff 01 80 00*6", "ViberTCP"},
	{"Viber's second TCP pattern", "1000 0000 0380 00000000 0a 00*5", "ViberTCP"},
	{"Viber, a length of one more", "1100 00000000 fcff 01 80 00*6", ""},
	{"Viber's first UDP pattern", "8a3c 0300 11*10", "ViberUDP"},
	{"Viber's 20 bytes", "8a3c 0900 11*16", "ViberUDP"},
	{"Viber's 20 bytes and one", "8a3c 0900 11*17", ""},
	{"Viber's longer pattern", "8a3c 0100 0500 11*16", "ViberUDP"},
	{"Viber's 34 bytes", "8a3c 1900 11*30", "ViberUDP"},

	{"Discord's discovery", "00010046 0000ace3 00*64 0000", "DiscordDiscovery"},
	{"Discord's discovery with a port", "00010046 0000ace3 00*64 c35a", "DiscordDiscovery"},
	{"Discord's discovery with an address", "00010046 0000ace3 3139 00*62 0000", ""},
	{"Discord's answer", "00020046 0000ace3 3139322e302e322e31 00*55 e263", "DiscordDiscovered"},
	{"Discord's answer of IPv6", "00020046 0000ace3 323030313a6462383a3a31 00*53 e263", "DiscordDiscovered"},
	{"Discord's answer without an address", "00020046 0000ace3 00*64 e263", ""},
	{"Discord's answer with text", "00020046 0000ace3 6c6f63616c686f7374 00*55 e263", ""},
	{"Discord's keepalive", "1337cafe 0e000000", "DiscordKeepalive"},
	{"a longer keepalive", "1337cafe 0e00000000", ""},

	{"LINE's setup", "d8ee 0066 0602 57*236", "LineCall"},
	{"LINE's setup, long", "db64 00b9 0602 1b*866", "LineCall"},
	{"LINE's setup of a wrong length", "d8ef 0066 0602 57*236", ""},
	{"LINE's media", "d083 0068 1871 4a*129", ""},
	{"LINE's 110 bytes", "b618006a 00*106", "LineCall"},
	{"LINE's 46 bytes", "b6130006 00*42", "LineCall"},
	{"LINE's 8 bytes", "b6070004 00*4", "LineCall"},
	{"LINE's 16 bytes", "b609000c 00*12", "LineCall"},
	{"LINE's 16 bytes and one", "b609000c 00*13", ""},

	{"LOCO, RSA 12 and AES 2", "00010000 0c000000 02000000 5a*256", "KakaoLOCO"},
	{"LOCO, RSA 16 and AES 3", "00010000 10000000 03000000 5a*256", "KakaoLOCO"},
	{"LOCO of 2015 with a login behind", "00010000 05000000 02000000 5a*256 3d010000 a5*317", "KakaoLOCO"},
	{"LOCO with something else behind", "00010000 05000000 02000000 5a*256 a5*16", ""},
	{"LOCO without its key", "00010000 0c000000 02000000 5a*255", ""},
	{"LOCO, AES 1", "00010000 0c000000 01000000 5a*256", ""},
	{"LOCO, RSA 17", "00010000 11000000 02000000 5a*256", ""},

	{"mmtls, handshake", "16f104 0005 01*5", "MMTLS"},
	{"mmtls, early data, handshake, alert", "19f104 0005 01*5 16f104 0001 aa 15f104 0003 01*3", "MMTLS"},
	{"mmtls, a record that goes on", "16f103 0400 01*600", "MMTLS"},
	{"mmtls, a short payload that goes on", "16f103 0400 01*100", ""},
	{"mmtls, TLS behind", "16f104 0005 01*5 170303 0001 aa", ""},
	{"mmtls, data first", "17f104 0005 01*5", ""},
	{"mmtls, an empty record", "16f103 0000", ""},
	{"TLS", "160301 0005 01*5", ""},
	{"OICQ", "02 3b0b 0062 1234 00012345 5a*20 03", "OICQ"},
	{"OICQ, command 3f7", "02 3b0b 03f7 1234 00012345 5a*20 03", "OICQ"},
	{"OICQ without its end", "02 3b0b 0062 1234 00012345 5a*20", ""},
	{"OICQ, another version", "02 3b0c 0062 1234 00012345 5a*20 03", ""},
	{"OICQ, no command", "02 3b0b 0000 1234 00012345 5a*20 03", ""},
	{"QQ, 72 bytes", "02004800 5a*68", "QQ"},
	{"QQ, 64 bytes", "02004000 5a*60", "QQ"},
	{"QQ, 60 bytes", "02004200 5a*56", "QQ"},
	{"QQ, 84 bytes", "02005a00 5a*80", "QQ"},
	{"QQ, 56 bytes", "02003800 5a*52", "QQ"},
	{"QQ's head of another length", "02004800 5a*60", ""},
	{"SLP 2", "0202006b 4000 00000000 8811 0002656e 5a*91", ""},
	{"RIP 2", "02020000 00020000 0a000000 ff000000 00000000 00000001", ""},

	{"Teams' multiplexed TURN", "ff10 0060 deaa296708f708fc 0101 0044 2112a442 5a*80", "TeamsMux"},
	{"Teams' head and RTP", "ff10 0060 deaa296708f708fc 8078 0044 00000000 5a*80", ""},
	{"Teams' head of a wrong length", "ff10 0061 deaa296708f708fc 0101 0044 2112a442 5a*80", ""},
	{"Teams' STUN longer than the datagram", "ff10 0060 deaa296708f708fc 0101 0048 2112a442 5a*80", ""},
	{"STUN", "0101 0044 2112a442 5a*80", ""},

	{"FLAP sign-on", "2a01 1234 0004 00000001", "FLAPSignOn"},
	{"FLAP sign-on with a cookie", "2a01 1234 0014 00000001 0006 000c 5a*12", "FLAPSignOn"},
	{"FLAP sign-on with another frame", "2a01 1234 0004 00000001 2a02 1235 0001 00", "FLAPSignOn"},
	{"FLAP sign-on with something else", "2a01 1234 0004 00000001 170303", ""},
	{"FLAP data", "2a02 1234 0004 00000001", ""},
	{"FLAP of version 2", "2a01 1234 0004 00000002", ""},
	{"FLAP longer than the payload", "2a01 1234 0005 00000001", ""},
	{"Redis", "2a310d0a24340d0a50494e470d0a", ""},

	{"Zoom's peers", "1f0201 5a*21 00000009 3139322e302e322e31 00000004 41424344 00000000", "ZoomPeer"},
	{"Zoom's peers without an address", "1f0201 5a*21 00000009 414243444546474849 00000004 41424344 00000000", ""},
	{"Zoom's peers of lengths that disagree", "1f0201 5a*21 00000009 3139322e302e322e31 00000005 41424344 00000000", ""},
	{"Zoom's peers with a huge length", "1f0201 5a*21 ffffffff 3139322e302e322e31 00000004 41424344 00000000", ""},
	{"Zoom's audio", "05 0001 00000000 04 0f 5a*18 8070 0001 5a*40", "ZoomMedia"},
	{"Zoom's video", "05 0001 00000000 00 10 5a*19 8062 0001 5a*40", "ZoomMedia"},
	{"Zoom's video with a frame number", "05 0001 00000000 00 10 5a*19 02 000103 8062 0001 5a*40", "ZoomMedia"},
	{"Zoom's audio without RTP", "05 0001 00000000 04 0f 5a*18 0070 0001 5a*40", ""},
	{"Zoom's other media", "05 0001 00000000 04 15 5a*18 8070 0001 5a*40", ""},
	{"Zoom's direction of 1", "05 0001 00000000 01 0f 5a*18 8070 0001 5a*40", ""},

	{"imo's 10 bytes", "0902 5a*8", "Imo"},
	{"imo's 11 bytes", "000903 5a*8", "Imo"},
	{"imo's 1099 bytes", "88491a00 5a*1095", "Imo"},
	{"imo's head in 12 bytes", "0902 5a*10", ""},
	{"a keepalive", "ff", ""},

	{"nothing", "", ""},
	{"zeros", "00*74", ""},
	{"ff all over", "ff*100", ""},
	{"DNS", "1234 0100 0001 0000 0000 0000 08 77686174736170 70 03 636f6d 00 0001 0001", ""},
	{"QUIC", "c3 00000001 08 5a*8 00 00 449e 5a*1170", ""},
	{"RTP", "8078 1356 380e74a3 0000ace3 b8*160", ""},
	{"DTLS", "16fefd 0000 000000000000 0065 02*101", ""},
	{"WireGuard", "01000000 5a*144", ""},
	{"NTP", "23 00*47", ""},
	{"SSDP", "4d2d534541524348202a20485454502f312e310d0a 5a*80", ""},
	{"HTTP", "474554202f20485454502f312e310d0a486f73743a20782e636f6d0d0a0d0a", ""},
}

func TestOnePayload(t *testing.T) {
	for _, tt := range payloads {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.hex)
			for name, fires := range single {
				if got := fires(b, len(b)); got != (name == tt.want) {
					t.Errorf("%s: %v", name, got)
				}
			}
		})
	}
}

func TestAnswersOfZoom(t *testing.T) {
	const id = "7d464d35fffda234495d0d6d3b51e896"
	const stamp = "00000001762a8d74005a0e3e"
	tests := []struct {
		name, b, other string
		want           bool
	}{
		{"an opening is answered", "02 00 01" + " " + id + " 005a0e3e 00*12", "01 00 02 " + id + " 00*80", true},
		{"a ping is answered", "04 " + stamp, "03 " + stamp, true},
		{"a ping is answered at length", "04 " + stamp + " 5a*68", "03 " + stamp + " 41*68", true},
		{"another opening is answered", "02 00 01 " + id + " 00*16", "01 00 02 7e464d35fffda234495d0d6d3b51e896 00*80", false},
		{"a ping after a ping", "03 " + stamp, "03 " + stamp, false},
		{"another ping is answered", "04 " + stamp, "03 00000002762a8d74005a0e3e", false},
		{"zeros are repeated", "04 00*12", "03 00*12", false},
		{"an identifier of zeros", "02 00 01 00*20", "01 00 02 00*20", false},
		{"cut within", "04 00000001762a8d74", "03 " + stamp, false},
		{"nothing before", "04 " + stamp, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := im.ZoomEcho(unhex(t, tt.b), unhex(t, tt.other)); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestLineMedia(t *testing.T) {
	tests := []struct {
		name, b, prev string
		want          bool
	}{
		{"one after the other", "d080 0073 18 5a*127", "d080 0072 18 5a*127", true},
		{"of other lengths", "d098 020b 18 5a*151", "d219 0209 4a 5a*536", true},
		{"the counter starts anew", "d080 0001 18 5a*127", "d080 ffff 18 5a*127", true},
		{"the same again", "d080 0073 18 5a*127", "d080 0073 18 5a*127", false},
		{"too many lost", "d080 0073 18 5a*127", "d080 006a 18 5a*127", false},
		{"a wrong length", "d081 0073 18 5a*127", "d080 0072 18 5a*127", false},
		{"a wrong length before", "d080 0073 18 5a*127", "d081 0072 18 5a*127", false},
		{"RTP", "8080 0073 18 5a*127", "8080 0072 18 5a*127", false},
		{"nothing before", "d080 0073 18 5a*127", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, prev := unhex(t, tt.b), unhex(t, tt.prev)
			if got := im.LineMedia(b, len(b), prev, len(prev)); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

// TestCutPayloads: where capturing cut a payload, what is there must still agree.
func TestCutPayloads(t *testing.T) {
	tests := []struct {
		name, b string
		wire    int
		fires   func([]byte, int) bool
		want    bool
	}{
		{"mmtls, the second record is cut off", "19f104 0005 01*5", 60, im.MMTLS, true},
		{"mmtls, within the second head", "19f104 0005 01*5 16f1", 60, im.MMTLS, true},
		{"mmtls, no room for a second record", "19f104 0005 01*5", 13, im.MMTLS, false},
		{"mmtls, within the first head", "19f104", 60, im.MMTLS, false},
		{"OICQ, whose end is not there", "02 3b0b 0062 1234 00012345 5a", 60, im.OICQ, true},
		{"LOCO's head", "00010000 0c000000 02000000", 268, im.KakaoLOCO, true},
		{"Zoom's peers, which must be whole", "1f0201 5a*21 00000009 3139322e302e322e31 00000004 41424344 00000000", 60, im.ZoomPeer, false},
	}
	for _, tt := range tests {
		if got := tt.fires(unhex(t, tt.b), tt.wire); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestThreema(t *testing.T) {
	tests := []struct {
		name     string
		c2s, s2c []int
		want     bool
	}{
		{"hello, answer, login", []int{48, 191}, []int{80}, true},
		{"and more", []int{48, 191, 444}, []int{80, 54}, true},
		{"before the login", []int{48}, []int{80}, false},
		{"no answer seen", []int{48, 191}, nil, false},
		{"another login", []int{48, 190}, []int{80}, false},
		{"another answer", []int{48, 191}, []int{81}, false},
		{"another hello", []int{49, 191}, []int{80}, false},
	}
	for _, tt := range tests {
		if got := im.Threema(tt.c2s, tt.s2c); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
