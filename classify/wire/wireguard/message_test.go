package wireguard

import (
	"bytes"
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

// Heads of real messages. The first four are of nDPI's
// tests/cfgs/default/pcap/wireguard.pcap (frames 1 to 5), the cookie reply of
// PcapPlusPlus's WireGuard.pcap (frame 4), the last two of nDPI's
// cloudflare-warp.pcap (frames 66 and 67).
const (
	initiation  = "01000000d837d0305fcec7c8e5c8e2e3f7989eef60c228d8"
	response    = "0200000006f47dabd837d030b18d5550bd4042a37a46823a"
	data0       = "0400000006f47dab0000000000000000a4ebc12ee3f990da"
	dataBack    = "04000000d837d03000000000000000006f4f080e9f52691b"
	data1       = "0400000006f47dab01000000000000007ccd2824a229fccd"
	cookieReply = "03000000ab7df4060100000000000000010000000000000001000000"
	decoy       = "01000000053fa03f793219e2b0c19463809a368eca4b075d" // zapret, wireguard_initiation.bin
	warp0       = "c40278006884ee00010000000000000077f597b966c0cebe"
	warp1       = "c40278006884ee0002000000000000005bd7c45d1d853d79"
)

func TestKind(t *testing.T) {
	tests := []struct {
		name, b string
		wire    int
		want    Type
	}{
		{"an initiation", initiation, 148, Initiation},
		{"a decoy is an initiation", decoy, 148, Initiation},
		{"a response", response, 92, Response},
		{"a cookie reply", cookieReply, 64, Cookie},
		{"data", data0, 128, Data},
		{"a keepalive", data1, 32, Data},
		{"an initiation of another size", initiation, 204, None},
		{"a response of an initiation's size", response, 148, None},
		{"a cookie reply of another size", cookieReply, 92, None},
		{"data without its tag", data0, 16, None},
		{"data that is not padded", data0, 129, None},
		{"data with a counter no session reaches", "0400000006f47dab00000000000100007ccd2824", 128, None},
		{"data with the highest counter believed", "0400000006f47dabffffffffff0000007ccd2824", 128, Data},
		{"a reserved byte is set", "01000100d837d0305fcec7c8", 148, None},
		{"another reserved byte is set", "01010000d837d0305fcec7c8", 148, None},
		{"the third reserved byte is set", "01000001d837d0305fcec7c8", 148, None},
		{"an index that is a small number", "01000000ffff00005fcec7c8", 148, None},
		{"the smallest index believed", "01000000000001005fcec7c8", 148, Initiation},
		{"type 5", "05000000d837d0305fcec7c8", 148, None},
		{"type 0", "00000000d837d0305fcec7c8", 148, None},
		{"WARP's types are nobody's", warp0, 96, None},
		{"too little of an initiation was captured", "01000000d837d0", 148, None},
		{"too little of a response was captured", response[:22], 92, None},
		{"too little of data was captured", data0[:30], 128, None},
		{"nothing", "", 148, None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.b)
			if got := Kind(b, tt.wire); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			laws(t, b, b, uint16(tt.wire))
		})
	}
}

func TestAnswers(t *testing.T) {
	other := "02000000aabbccddd837d031b18d5550"
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"the response names the initiation's index", initiation, response, true},
		{"the response to another initiation", decoy, response, false},
		{"one bit of the index differs", initiation, other, false},
		{"a cookie reply names the initiation's index", "01000000ab7df406b18d5550", cookieReply, true},
		{"a cookie reply to a response", "02000000ab7df406d837d030", cookieReply, true},
		{"a cookie reply to another", initiation, cookieReply, false},
		{"the wrong way round", response, initiation, false},
		{"an initiation again", initiation, initiation, false},
		{"data in place of the response", initiation, dataBack, false},
		{"a response to a response", response, response, false},
		{"a cookie reply to data", "04000000ab7df4060100000000000000", cookieReply, false},
		{"a response cut before its receiver", initiation, response[:22], false},
		{"nothing", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Answers(unhex(t, tt.a), unhex(t, tt.b)); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestRepeats(t *testing.T) {
	first := append(unhex(t, initiation), bytes.Repeat([]byte{7}, 30)...)
	fresh := bytes.Clone(first)
	fresh[39]++ // the last byte of the ephemeral key
	after := bytes.Clone(first)
	after[40]++
	tests := []struct {
		name string
		a, b []byte
		want bool
	}{
		{"another ephemeral key", first, fresh, true},
		{"a copy", first, first, false},
		{"a copy with other bytes behind the key", first, after, false},
		{"cut within the key", first, fresh[:39], false},
		{"the first one cut within the key", first[:39], fresh, false},
		{"a response", first, append(unhex(t, response), fresh...), false},
		{"nothing", nil, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Repeats(tt.a, tt.b); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestSameSession(t *testing.T) {
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"the counter grew", data0, data1, true},
		{"the counter fell", data1, data0, false},
		{"the same message again", data1, data1, false},
		{"another receiver", dataBack, data1, false},
		{"the counter grew beyond what is possible", data0, "0400000006f47dab000000000001000000000000", false},
		{"a response before data", response, data1, false},
		{"WARP's data is nobody's", warp0, warp1, false},
		{"cut within the counter", data0, data1[:30], false},
		{"nothing", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := SameSession(unhex(t, tt.a), unhex(t, tt.b)); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

// foreign are first payloads of other protocols.
var foreign = map[string]string{
	"a DNS query with id 0x0100":     "010000000001000000000000",
	"a DNS query with id 0x0400":     "0400000000010000000000000377656208",
	"a DNS answer":                   "0400818000010001000000000377656208",
	"a QUIC Initial":                 "c300000001088394c8f03e5157080000449e00000002",
	"a STUN binding request":         "000100002112a442b7e7a701bc34d686fa87dfae",
	"a STUN binding success":         "0101000c2112a442b7e7a701bc34d686fa87dfae",
	"RTP":                            "8000b40d0001fe5035a1c2b3d5d5d5d5",
	"BitTorrent's uTP":               "410085ae21ba7ce100000000000f00003a4f0000",
	"BitTorrent's DHT":               "64313a6164323a696432303a6162636465666768",
	"OpenVPN's client reset":         "38334857703d96db390000000000",
	"OpenVPN's data":                 "480000010000000233aa55cc33aa55cc",
	"an IKE_SA_INIT":                 "89922c915f35570e00000000000000002120220800000000",
	"an IKE_SA_INIT behind a marker": "0000000089922c915f35570e00000000000000002120220800000000000000",
	"ESP in UDP":                     "ac0faf0300000001625d849bdd263e4f853a00c3",
	"an L2TP SCCRQ":                  "c80200690000000000000000800800000000000180080000",
	"a DTLS ClientHello":             "16feff000000000000000000c3010000b7",
	"a counter as header":            "04000000010000000100000000000000",
	"zeros":                          "00000000000000000000000000000000",
}

func TestOthersAreNotTaken(t *testing.T) {
	for name, s := range foreign {
		b := append(unhex(t, s), make([]byte, 160)...)
		for _, n := range []int{16, 20, 28, 32, 64, 92, 96, 148, 160} {
			if got := Kind(b[:n], n); got != None {
				t.Errorf("%s of %d bytes: %v", name, n, got)
			}
		}
		if later := append(bytes.Clone(b[:8]), 9, 0, 0, 0, 0, 0, 0, 0); SameSession(b, later) {
			t.Errorf("%s: a session", name)
		}
	}
}

func TestRandomBytesAreNotTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 160)
	for range 2_000_000 {
		for i := 0; i < 16; i++ {
			b[i] = byte(r.Uint32())
		}
		for _, n := range []int{64, 92, 128, 148} {
			if k := Kind(b[:n], n); k != None { // expected 0.0005 times in all
				t.Fatalf("%x: %v", b[:16], k)
			}
		}
	}
}

// laws: what little of a message says, all of it says; what belongs together
// has a kind; order matters.
func laws(t *testing.T, a, b []byte, wire uint16) {
	t.Helper()
	n := max(int(wire), len(a))
	whole := Kind(a, n)
	for i := range min(len(a), 20) {
		if k := Kind(a[:i], n); k != None && k != whole {
			t.Fatalf("%d bytes: %v, whole: %v", i, k, whole)
		}
	}
	ha, hb := a[:min(len(a), 16)], b[:min(len(b), 16)]
	if Answers(a, b) && (Kind(ha, 148) != Initiation && Kind(hb, 64) != Cookie || Answers(b, a)) {
		t.Fatalf("%x answers %x", b, a)
	}
	if SameSession(a, b) && (SameSession(b, a) || !bytes.Equal(a[:8], b[:8])) {
		t.Fatalf("%x and %x", a, b)
	}
	if Repeats(a, b) != Repeats(b, a) || Repeats(a, a) {
		t.Fatalf("%x repeats %x one way only, or itself", b, a)
	}
	if SameSession(a, a) {
		t.Fatalf("%x after itself", a)
	}
}

func FuzzMessages(f *testing.F) {
	for _, p := range [][2]string{{initiation, response}, {data0, data1}, {initiation, cookieReply}, {dataBack, data1}} {
		f.Add(unhex(f, p[0]), unhex(f, p[1]), uint16(148))
		f.Add(unhex(f, p[1]), unhex(f, p[0]), uint16(128))
	}
	f.Fuzz(laws)
}

func TestTypeNames(t *testing.T) {
	for ty, want := range map[Type]string{None: "none", Initiation: "initiation", Response: "response", Cookie: "cookie reply", Data: "data", 9: "invalid type"} {
		if got := ty.String(); got != want {
			t.Errorf("Type(%d) is %q, want %q", ty, got, want)
		}
	}
}

func TestMessagesDoNotAllocate(t *testing.T) {
	i, r, d, e := unhex(t, initiation), unhex(t, response), unhex(t, data0), unhex(t, data1)
	if n := testing.AllocsPerRun(100, func() { Kind(i, 148); Answers(i, r); SameSession(d, e); Repeats(i, i) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkKind(b *testing.B) {
	d := append(unhex(b, data0), make([]byte, 104)...)
	b.ReportAllocs()
	for b.Loop() {
		Kind(d, 128)
	}
}
