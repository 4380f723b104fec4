package service

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// everyBuiltin has one rule for each builtin, of its own name, that asks for
// nothing else.
func everyBuiltin(t testing.TB) *Rules {
	doc := ours + "magic:\n"
	for _, name := range sortedKeys(builtins) {
		if name == "stun" || name == "ip_proto" {
			continue
		}
		for _, proto := range []string{"tcp", "udp"} {
			doc += "  - {id: " + name + "-" + proto + ", proto: " + proto + ", where: early, weight: 50, builtin: " + name + "}\n"
		}
	}
	return alone(t, doc)
}

// padded is hex and so many bytes more that the whole has n.
func padded(t testing.TB, n int, s string) []byte {
	b := unhex(t, s)
	for i := len(b); i < n; i++ {
		b = append(b, byte(i*37+11))
	}
	return b
}

// after adds what was seen of a flow before.
func after(p Payload, first, answer []byte) Payload {
	for i, b := range [][]byte{first, answer} {
		if b != nil {
			p.First[i] = Head{Len: len(b), Bytes: b[:min(len(b), HeadBytes)]}
		}
	}
	return p
}

func downwards(p Payload) Payload { p.Up = false; return p }

func again(p Payload) Payload { p.Nth++; return p }

// ikeV2 is a message of IKEv2: SPIs, next payload, version, exchange, flags, id,
// length (RFC 7296 section 3.1), and a payload that fills it.
func ikeV2(t testing.TB, responder, flags string) []byte {
	b := padded(t, 232, "1122334455667788"+responder+"212022"+flags+"00000000"+"000000e8"+"220000cc")
	return b
}

// full is a message of the full transport: length, sequence number, an
// unencrypted req_pq_multi, CRC-32 (core.telegram.org/mtproto/mtproto-transports).
func full(t testing.TB) []byte {
	b := unhex(t, "34000000 00000000"+unencrypted)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// unencrypted is an unencrypted req_pq_multi: no key, message id of 2023-11, 20 bytes,
// constructor, nonce (core.telegram.org/mtproto/description).
const unencrypted = "0000000000000000 00000000 00005565 14000000 f18e7ebe 00112233445566778899aabbccddeeff"

// TestBuiltinsHoldForTheirOwn holds one payload of each kind against all
// builtins: what else may hold is written out.
func TestBuiltinsHoldForTheirOwn(t *testing.T) {
	r := everyBuiltin(t)
	const tag = "0b1c2d3e4f5061728394a5b6 00000001"
	noiseFrame := padded(t, 43, "57410603 000024 1222 0a20")
	initiation, response := padded(t, 148, "01000000 a1a2a3a4"), padded(t, 92, "02000000 b1b2b3b4 a1a2a3a4")
	reset, answer := unhex(t, "38 1122334455667788 00 00000000"), unhex(t, "40 8877665544332211 01 00000000 1122334455667788 00000000")
	tcpLen := func(b []byte) []byte { return append([]byte{0, byte(len(b))}, b...) }
	ping := unhex(t, tag+"ffffffffffffffffffffffff feffffff 000000000000007b")
	data := padded(t, 16+4+4+32, tag+"01020304 00000020")
	request, granted := ikeV2(t, "0000000000000000", "08"), ikeV2(t, "99aabbccddeeff00", "20")
	esp, esp2 := padded(t, 96, "c0ffee01 00000001"), padded(t, 96, "c0ffee01 00000002")
	wgFirst, wgLater := padded(t, 96, "04000000 b1b2b3b4 0100000000000000"), padded(t, 96, "04000000 b1b2b3b4 0300000000000000")
	for _, x := range []struct {
		why  string
		p    Payload
		want string // builtins but for the transport
	}{
		{"WhatsApp's header", up(tcp, 5222, unhex(t, "57410603")), "wa_noise"},
		{"and a frame", up(tcp, 5222, noiseFrame), "wa_noise wa_noise_frame"},
		{"the frame by itself", again(after(up(tcp, 5222, noiseFrame[4:]), noiseFrame[:4], nil)), "wa_noise_frame"},
		{"after something else", again(after(up(tcp, 5222, noiseFrame[4:]), []byte("GET "), nil)), ""},
		{"routing information", up(tcp, 5222, unhex(t, "45440001 000002 0802")), "wa_edge"},
		{"and the header", up(tcp, 5222, unhex(t, "45440001 000002 0802 57410603")), "wa_edge wa_edge_noise"},
		{"intermediate", up(tcp, 443, unhex(t, "eeeeeeee 28000000"+unencrypted)), "mtproto_intermediate mtproto_plain"},
		{"full", up(tcp, 443, full(t)), "mtproto_full mtproto_plain"},
		{"a ping to a reflector", up(udp, 599, ping), "tg_reflector_ping"},
		{"its data", again(after(up(udp, 599, data), ping, nil)), "tg_reflector_data"},
		{"data of another call", again(after(up(udp, 599, data), padded(t, 40, "ff"), nil)), ""},
		{"discovery", up(udp, 50001, append(unhex(t, "00010046 01020304"), make([]byte, 66)...)), "discord_discovery"},
		{"a keepalive", up(udp, 50001, unhex(t, "1337cafe 01000000")), "discord_keepalive"},
		{"LOCO", up(tcp, 995, padded(t, 268, "00010000 0c000000 02000000")), "kakao_loco"},
		{"mmtls", up(tcp, 443, padded(t, 5+32, "16f104 0020")), "mmtls"},
		{"QQ", up(udp, 8000, append(padded(t, 40, "02 3b0b 0017"), 3)), "qq_oicq"},
		{"a length of QQ's", up(udp, 8000, padded(t, 72, "02004800")), "qq_udp"},
		{"the third length of Threema's", again(after(up(tcp, 5222, padded(t, 191, "77")), padded(t, 48, "77"), padded(t, 80, "77"))), "threema_hello"},
		{"another third length", again(after(up(tcp, 5222, padded(t, 190, "77")), padded(t, 48, "77"), padded(t, 80, "77"))), ""},
		{"Teams", up(udp, 3478, unhex(t, "ff10 001c 0000000000000000 00010000 2112a442 0102030405060708090a0b0c")), "ms_mux_turn"},
		{"FLAP", up(tcp, 5190, unhex(t, "2a01 0001 0004 00000001")), "oscar_flap"},
		{"imo", up(udp, 443, unhex(t, "0902 0102030405060708")), "imo_udp"},
		{"LINE", up(udp, 12000, unhex(t, "b6070004 01020304")), "line_call"},
		{"Viber over TCP", up(tcp, 5242, unhex(t, "0b00 010203 04 fcff 01 80 00")), "viber_tcp"},
		{"Viber over UDP", up(udp, 5243, padded(t, 20, "0102 0900")), "viber_udp"},
		{"Zoom's echo", downwards(after(up(udp, 8801, padded(t, 40, "02 00 03 a1a2a3a4a5a6a7a8")), padded(t, 40, "01 00 03 a1a2a3a4a5a6a7a8"), nil)), "zoom_udp"},
		{"WireGuard", up(udp, 51820, initiation), "wg_initiation"},
		{"its answer", downwards(after(up(udp, 51820, response), initiation, nil)), "wg_response"},
		{"an answer to nothing", downwards(up(udp, 51820, response)), ""},
		{"an answer to another", downwards(after(up(udp, 51820, response), padded(t, 148, "01000000 a1a2a3a5"), nil)), ""},
		{"a cookie", downwards(after(up(udp, 51820, padded(t, 64, "03000000 a1a2a3a4")), initiation, nil)), "wg_cookie"},
		{"its data", again(after(up(udp, 51820, wgFirst), initiation, padded(t, 92, "02000000 b1b2b3b4 a1a2a3a4"))), "wg_data"},
		{"more of it", again(after(up(udp, 51820, wgLater), wgFirst, nil)), "wg_data"},
		{"the same once more", again(after(up(udp, 51820, wgFirst), wgFirst, nil)), ""},
		{"data of another session", downwards(after(up(udp, 51820, wgFirst), initiation, nil)), ""},
		{"WARP", up(udp, 2408, padded(t, 148, "c1000000")), "warp"},
		{"OpenVPN", up(udp, 1194, reset), "ovpn_reset"},
		{"its answer", downwards(after(up(udp, 1194, answer), reset, nil)), "ovpn_answer"},
		{"an answer to another", downwards(after(up(udp, 1194, answer), unhex(t, "38 1122334455667789 00 00000000"), nil)), ""},
		{"OpenVPN over TCP", up(tcp, 1194, tcpLen(reset)), "ovpn_tcp"},
		{"its answer", downwards(after(up(tcp, 1194, tcpLen(answer)), tcpLen(reset), nil)), "ovpn_tcp"},
		{"IKE", up(udp, 500, request), "ike"},
		{"its answer", downwards(after(up(udp, 500, granted), request, nil)), "ike_answer"},
		{"ESP", again(after(up(udp, 4500, esp2), esp, nil)), "esp_udp"},
		{"ESP once more", again(after(up(udp, 4500, esp), esp, nil)), ""},
		{"L2TP", up(udp, 1701, unhex(t, "c802 0014 00000000 00000000 8008 0000 0000 0001")), "l2tp"},
		{"PPTP", up(tcp, 1723, append(unhex(t, "009c 0001 1a2b3c4d 0001 0000 0100"), make([]byte, 142)...)), "pptp"},
		{"disco", up(udp, 41641, padded(t, 62, "5453f09f92ac")), "ts_disco"},
		{"a hello of TLS", up(tcp, 443, padded(t, 300, "16 0301 0127 01 000123 0303")), ""},
		{"an answer of TLS", downwards(up(tcp, 443, padded(t, 300, "16 0303 0127 02 000123 0303"))), ""},
		{"HTTP", up(tcp, 80, []byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")), ""},
		{"SSH", up(tcp, 22, []byte("SSH-2.0-OpenSSH_9.6\r\n")), ""},
		{"a query", up(udp, 53, unhex(t, "1234 0100 0001 0000 0000 0000 07 6578616d706c65 03 6f7267 00 0001 0001")), ""},
		{"QUIC", up(udp, 443, padded(t, 1200, "c3 00000001 08 0102030405060708 00 00 449e")), ""},
		{"RTP", up(udp, 16384, padded(t, 172, "80 00 0001 00000001 00000001")), ""},
	} {
		var got []string
		for _, s := range r.Recognise(&x.p, nil) {
			if strings.HasPrefix(s.Rule, "mtproto_obfuscated_random") {
				continue // what pads payloads here looks like noise, as it should
			}
			got = append(got, strings.TrimSuffix(strings.TrimSuffix(s.Rule, "-tcp"), "-udp"))
		}
		slices.Sort(got)
		if s := strings.Join(slices.Compact(got), " "); s != x.want {
			t.Errorf("%s: %q, want %q", x.why, s, x.want)
		}
	}
}

// obfuscated makes the start of a stream as clients do: the tag, and the data
// centre after it, are under a key that stands before them
// (core.telegram.org/mtproto/mtproto-transports).
func obfuscated(t testing.TB, tail string) []byte {
	b := padded(t, 64, "a7")
	copy(b[56:], unhex(t, tail))
	block, err := aes.NewCipher(b[8:40])
	if err != nil {
		t.Fatal(err)
	}
	sent := make([]byte, len(b))
	cipher.NewCTR(block, b[40:56]).XORKeyStream(sent, b)
	copy(sent, b[:56])
	return sent
}

func TestObfuscatedStartsAreTold(t *testing.T) {
	r := everyBuiltin(t)
	for _, x := range []struct{ why, tail, want string }{
		{"a data centre", "eeeeeeee 0400", "mtproto_obfuscated-tcp dc4"},
		{"for media", "eeeeeeee feff", "mtproto_obfuscated-tcp dc2 media"},
		{"for files", "eeeeeeee cb00", "mtproto_obfuscated-tcp dc203 media"},
		{"none", "eeeeeeee 0000", "mtproto_obfuscated-tcp"},
		{"none that is", "eeeeeeee 0600", "mtproto_obfuscated-tcp"},
		{"a test server", "eeeeeeee 1227", "mtproto_obfuscated-tcp"},
		{"no tag", "eeeeeeef 0400", "mtproto_obfuscated_random-tcp"},
	} {
		p := up(tcp, 443, obfuscated(t, x.tail))
		if got := shows(r, &p); got != x.want {
			t.Errorf("%s: %q, want %q", x.why, got, x.want)
		}
	}
}
