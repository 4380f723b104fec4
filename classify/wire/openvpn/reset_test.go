package openvpn

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
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

// Resets of nDPI's tests/cfgs/default/pcap/openvpn.pcap (frames 1 and 2, 312 and
// 313, 661 and 662, and 620 after its length) and openvpn-tlscrypt.pcap (frames
// 1 and 2).
const (
	plainClient = "38334857703d96db390000000000"
	plainServer = "40d31c3a6964602fa00100000000334857703d96db3900000000"
	sha1Client  = "38b02ccff1b5f0174fc091666e3b124bada39173317b939722d1fe63be0000000157a1c15f0000000000"
	sha1Server  = "40f77fc2efdbe23f57dec4c8d5654d0723bf8c0be54138563270cfae130000000157a1c15f0100000000b02ccff1b5f0174f00000000"
	sha5Client  = "389753568924842f7ba6451d00b204542cec1183d286579c7a0d1b4e77c933bd1e44c778043835399e46c15b986f91d1883467f203c379ef843943c991f4d7fa22093a4bff93864fb800000001669fcf310000000000"
	sha5Server  = "402612593ee3bb277ad1f14afd85cc02bc7bd0615254b1fdf887e59b3913dd9e009d4daf8706f0eff256430404eef14ca230b45db2615232414e8418694d40e747add432cadfbef62300000001669fcf3201000000009753568924842f7b00000000"
	cryptServer = "402f64c09039de36230000000163cf4ff53036751e70bae8a84698d78c132edcf685ea93abfb4eda16e29f47208abaeeb8b2c6d71c379474de67682231f35717fb54"
	keyClient   = "50aae06512392a3d710a010001625a9e9785ead7700d5d18dac8f1eb9b317b46a2fc3519cab585d134a9251798df506f18831d1778e9aece89e8c67f5743d0c3e4e22b9c779d05805b1a327a5d2afca997b7dc48bea88594971a6eead55058f2f29ef6e439da74f848d1316ca7989f309d71701fc24fc5a86802fed6efa0171cef869f910a4aee47457f8f664db7a9e539e62c63f35878e72cf94f89bf97bcdb2fcf49ed9de6aa4847a3dc89680a520e7c202b526577b9c2fb4cc651147ab81811e87ddb4f35c872c9214929b05d940f2d90ec0c8f053c013674b613c7c55cc58fa3707be8f03445616a57dd96ea5394b299fc4b2e4cf66fae1c79caaf73552bc215433cb04e7cd0509d5be75d05c2b820b77b82913f3919f5d32840854ffd7e12b6643164a99a4870055d9d8ad22f24d4c6b9d58c80d26681e99ee759027e3d85e90a522b3bd7a2d777b886fa438043ca69a9c2f7563bfa7ff4bdfeca21f4012b"
	keyServer   = "4053c96dd083724fd200000001625a9e9721ea783a859f9c2d8edd04f1e1c9f78f4493a69dfacd5cf0b0c1873cf1aa7d4000649f91fd227cf02fe525f9af94a91332159bb09c8c26"
)

// Hand-made resets: the client's to cryptServer, and a wrapping by SHA256, which
// has the size of --tls-crypt.
const (
	cryptClient = "382a56d979d99eccf40000000163cf4ff5" + hash32 + "a1a2a3a4a5"
	sha2Client  = "38b02ccff1b5f0174f" + hash32 + "0000000157a1c15f0000000000"
	sha2Server  = "40f77fc2efdbe23f57" + hash32 + "0000000157a1c15f0100000000b02ccff1b5f0174f00000000"
	hash32      = "c091666e3b124bada39173317b939722d1fe63bec091666e3b124bada3917331"
)

func TestReset(t *testing.T) {
	tests := []struct {
		name, b string
		want    Side
	}{
		{"a client's", plainClient, Client},
		{"a server's", plainServer, Server},
		{"a client's of key method 1", "08334857703d96db390000000000", Client},
		{"a server's of key method 1", "10d31c3a6964602fa00100000000334857703d96db3900000000", Server},
		{"a client's with SHA1", sha1Client, Client},
		{"a server's with SHA1", sha1Server, Server},
		{"a client's with SHA256", sha2Client, Client},
		{"a server's with SHA256", sha2Server, Server},
		{"a client's with SHA512", sha5Client, Client},
		{"a server's with SHA512", sha5Server, Server},
		{"an encrypted client's", cryptClient, Client},
		{"an encrypted client's of early negotiation", "382a56d979d99eccf40f00000163cf4ff5" + hash32 + "a1a2a3a4a5", Client},
		{"an encrypted server's", cryptServer, Server},
		{"a client's with a wrapped key", keyClient, Client},
		{"a server's that asks for the key again", keyServer, Server},
		{"key id 1", "39334857703d96db390000000000", Neither},
		{"session id 0", "3800000000000000000000000000", Neither},
		{"a session id with three zeros", "38334857700000003900" + "00000000", Neither},
		{"a session id with two zeros", "38334857700000113900" + "00000000", Client},
		{"a client's that acknowledges something", "38334857703d96db390100000000", Neither},
		{"a client's with another message id", "38334857703d96db390000000001", Neither},
		{"a client's one byte longer", plainClient + "00", Neither},
		{"a server's without acknowledgement", "40d31c3a6964602fa00000000000334857703d96db3900000000", Neither},
		{"a server's that acknowledges message 1", "40d31c3a6964602fa00100000001334857703d96db3900000000", Neither},
		{"a server's with another message id", "40d31c3a6964602fa00100000000334857703d96db3900000001", Neither},
		{"a server's that acknowledges itself", "40d31c3a6964602fa00100000000d31c3a6964602fa000000000", Neither},
		{"a server's that acknowledges session 0", "40d31c3a6964602fa00100000000000000000000000000000000", Neither},
		{"SHA1's size with packet number 0", "38b02ccff1b5f0174fc091666e3b124bada39173317b939722d1fe63be0000000057a1c15f0000000000", Neither},
		{"SHA1's size with a high packet number", "38b02ccff1b5f0174fc091666e3b124bada39173317b939722d1fe63be0000010057a1c15f0000000000", Neither},
		{"SHA1's size with a time before OpenVPN", "38b02ccff1b5f0174fc091666e3b124bada39173317b939722d1fe63be000000013000c15f0000000000", Neither},
		{"SHA1's size with an acknowledgement", "38b02ccff1b5f0174fc091666e3b124bada39173317b939722d1fe63be0000000157a1c15f0100000000", Neither},
		{"an encrypted one with a high packet number", "382a56d979d99eccf40100000163cf4ff5" + hash32 + "a1a2a3a4a5", Neither},
		{"an encrypted client's six bytes longer", cryptClient + "000100020001", Neither},
		{"a wrapped key of another length", keyClient[:len(keyClient)-2] + "2a", Neither},
		{"a wrapped key of the least size", "50aae06512392a3d710a010001625a9e97" + strings.Repeat("a5", 37+288) + "0122", Client},
		{"a wrapped key too short for a key", "50aae06512392a3d710a010001625a9e97" + strings.Repeat("a5", 37+287) + "0121", Neither},
		{"a wrapped key of the highest size", "50aae06512392a3d710a010001625a9e97" + strings.Repeat("a5", 37+1022) + "0400", Client},
		{"a wrapped key that is too long", "50aae06512392a3d710a010001625a9e97" + strings.Repeat("a5", 37+1023) + "0401", Neither},
		{"a wrapped key with a time before OpenVPN", keyClient[:26] + "025a9e97" + keyClient[34:], Neither},
		{"a control packet", "20334857703d96db39000000000116030101100100010c", Neither},
		{"an acknowledgement", "28334857703d96db390100000000d31c3a6964602fa0", Neither},
		{"a soft reset", "18334857703d96db390000000000", Neither},
		{"nothing", "", Neither},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.b)
			if got, ok := Reset(b, len(b)); got != tt.want || ok != (tt.want != Neither) {
				t.Fatalf("%v, %v, want %v", got, ok, tt.want)
			}
			laws(t, b, b, uint16(len(b)))
			tcp := append([]byte{byte(len(b) >> 8), byte(len(b))}, b...)
			if got, ok := TCP(append(tcp, 0, 42), 99999); got != tt.want || ok != (tt.want != Neither) {
				t.Fatalf("over TCP: %v, %v, want %v", got, ok, tt.want)
			}
		})
	}
}

func TestResetsCutByTheCaptureAreNotTaken(t *testing.T) {
	for _, s := range []string{plainClient, plainServer, sha1Client, sha1Server, sha5Client, sha5Server, keyClient} {
		b := unhex(t, s)
		for i := range b {
			if side, ok := Reset(b[:i], len(b)); ok {
				t.Errorf("%d of %d bytes: %v", i, len(b), side)
			}
		}
	}
	b := unhex(t, cryptClient) // what is encrypted is not looked at
	if _, ok := Reset(b[:16], len(b)); ok {
		t.Error("16 bytes were enough")
	}
	if _, ok := Reset(b[:17], len(b)); !ok {
		t.Error("17 bytes were not enough")
	}
}

func TestTCP(t *testing.T) {
	whole := unhex(t, "000e38507a28a78275788d0000000000") // nDPI's openvpn.pcap, frame 25
	if side, ok := TCP(whole, 16); !ok || side != Client {
		t.Fatalf("%v, %v", side, ok)
	}
	for name, b := range map[string]string{
		"a length beyond the segment": "000f38507a28a78275788d0000000000",
		"a length that cuts it":       "000d38507a28a78275788d0000000000",
		"no length":                   plainClient,
		"length 0":                    "0000",
		"a lone byte":                 "00",
	} {
		if side, ok := TCP(unhex(t, b), len(b)/2); ok {
			t.Errorf("%s: %v", name, side)
		}
	}
	if p, ok := Packet(append(whole, 0, 9)); !ok || len(p) != 14 || p[0] != 0x38 {
		t.Errorf("packet %x, %v", p, ok)
	}
	for _, s := range []string{"", "00", "0000", "000e38507a28"} {
		if p, ok := Packet(unhex(t, s)); ok {
			t.Errorf("packet %x of %s", p, s)
		}
	}
}

// foreign are first payloads of other protocols, to be cut and filled to every
// size a reset can have.
var foreign = map[string]string{
	"a QUIC short header like a reset":   "40d31c3a6964602fa0b1c7d9e3f5a7",
	"gQUIC's 0x38":                       "38a7b3c9d5e1f70219513035300000",
	"a QUIC Initial":                     "c300000001088394c8f03e5157080000449e00000002",
	"QUIC without its fixed bit":         "1000000001088394c8f03e5157080000449e00000002",
	"a DNS query with id 0x3800":         "380001000001000000000000037765620877686174",
	"a DNS query with id 0x5000":         "500001000001000000000000037765620877686174",
	"a STUN binding request":             "000100002112a442b7e7a701bc34d686fa87dfae",
	"TURN channel data":                  "40000064800054cf0007b8c4515ae2f3",
	"RTP":                                "8000b40d0001fe5035a1c2b3d5d5d5d5",
	"BitTorrent's handshake":             "13426974546f7272656e742070726f746f636f6c",
	"BitTorrent's uTP":                   "110085ae21ba7ce100000000000f00003a4f0000",
	"an HTTP request":                    "504f5354202f20485454502f312e310d0a486f73743a2061",
	"a WireGuard initiation":             "01000000d837d0305fcec7c8e5c8e2e3f7989eef60c228d8",
	"an IKE_SA_INIT":                     "89922c915f35570e00000000000000002120220800000000",
	"a Geneve header that nDPI mistakes": "08000800000000000108010231e129cdc0cd863301080202", // suricata-verify bug-6402
	"a VXLAN header that nDPI mistakes":  "080000000000640000308801000200163e37f60408004500", // tcpdump vxlan_port_8472
}

func TestOthersAreNotTaken(t *testing.T) {
	for name, s := range foreign {
		for _, fill := range []byte{0, 0xa5} {
			b := unhex(t, s)
			for len(b) < 1400 {
				b = append(b, fill)
			}
			for n := range b {
				if side, ok := Reset(b[:n], n); ok {
					t.Errorf("%s of %d bytes: %v's reset", name, n, side)
				}
				if side, ok := TCP(b[:n], n); ok {
					t.Errorf("%s of %d bytes over TCP: %v's reset", name, n, side)
				}
			}
		}
	}
}

func TestRandomBytesAreNotTaken(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 72)
	for range 200_000 {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		b[0] = [...]byte{0x38, 0x40, 0x08, 0x10}[r.IntN(4)]
		for _, n := range []int{14, 26, 42, 54, 66, 72} {
			if side, ok := Reset(b[:n], n); ok { // expected 0.05 times in all
				t.Fatalf("%x: %v", b[:n], side)
			}
		}
	}
}

func TestResetsDoNotAllocate(t *testing.T) {
	c, s, k := unhex(t, sha5Client), unhex(t, sha5Server), unhex(t, keyClient)
	if n := testing.AllocsPerRun(100, func() { Reset(c, len(c)); TCP(k, len(k)); Answers(c, s); Data(c, len(c)) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkReset(b *testing.B) {
	c := unhex(b, sha5Client)
	b.ReportAllocs()
	for b.Loop() {
		Reset(c, len(c))
	}
}
