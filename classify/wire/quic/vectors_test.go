package quic

import (
	"bytes"
	"encoding/hex"
	"testing"

	"chokepoint/classify/wire"
)

// The vectors of RFC 9001 appendix A and RFC 9369 appendix A share connection
// ids, hellos and packet numbers.
const (
	vectorDCID  = "8394c8f03e515708"
	vectorHello = `010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c
		00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018
		001000070005 04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171
		fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d0002010100
		1c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8
		f03e51570806048000ffff`
	// The server's frames: ACK, then CRYPTO with a ServerHello (RFC 9001 A.3).
	vectorServer = `02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a
		045a1200130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da
		1a002b00020304`
)

var vectors = []struct {
	version                         Version
	key, iv, hp, key2, iv2, hp2     string // client's, then server's: A.1
	head, tag                       string // of the client's Initial of 1200 bytes: A.2
	server                          string // the server's Initial: A.3
	retry, retrySCID, retryTokenHex string // A.4
}{
	{V1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c", "9f50449e04a0e810283a1e9933adedd2",
		"cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e", "c206b8d9b9f0f37644430b490eeaa314",
		"c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399",
		"e221af44860018ab0856972e194cd934",
		`cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3
		8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
		022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee`,
		"ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba", "f067a5502a4262b5", "746f6b656e"},
	{V2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f", "45b95e15235d6f45a6b19cbcb0294ba9",
		"82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652", "edf6d05c83121201b436e16877593c3a",
		"d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04",
		"a18b2faa745b6fe189cf772a9f84cbfc",
		`dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf872630
		17915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2
		c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140`,
		"cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6", "f067a5502a4262b5", "746f6b656e"},
}

func TestKeysAreThoseOfTheRFCs(t *testing.T) {
	for _, v := range vectors {
		for side, want := range map[string][3]string{clientIn: {v.key, v.iv, v.hp}, serverIn: {v.key2, v.iv2, v.hp2}} {
			m, ok := derive(v.version, unhex(t, vectorDCID), side)
			if got := [3]string{hex.EncodeToString(m.key[:]), hex.EncodeToString(m.iv[:]), hex.EncodeToString(m.hp[:])}; !ok || got != want {
				t.Errorf("%v %s: %v, want %v", v.version, side, got, want)
			}
		}
	}
}

// TestClientInitialOfTheRFCs seals the hello of A.2 anew. That the tag comes out
// as published says that every byte did: it is over all of them.
func TestClientInitialOfTheRFCs(t *testing.T) {
	hello := unhex(t, vectorHello)
	for _, v := range vectors {
		frames := crypto(0, hello)
		frames = cat(frames, padding(1162-len(frames)))
		d := spec{version: v.version, dcid: string(unhex(t, vectorDCID)), pn: 2}.seal(frames)
		head, tag := unhex(t, v.head), unhex(t, v.tag)
		if len(d) != 1200 || !bytes.HasPrefix(d, head) || !bytes.HasSuffix(d, tag) {
			t.Fatalf("%v: sealed %x ... %x, %d bytes", v.version, d[:len(head)], d[len(d)-tagLen:], len(d))
		}
		var c Client
		if st := c.Add(d); st != wire.Done || !bytes.Equal(c.Hello(), hello) {
			t.Errorf("%v: %v, %x", v.version, st, c.Hello())
		}
		if c.Version() != v.version || hex.EncodeToString(c.DCID()) != vectorDCID || len(c.SCID()) != 0 || c.next != 3 {
			t.Errorf("%v: version %v, dcid %x, scid %x, next %d", v.version, c.Version(), c.DCID(), c.SCID(), c.next)
		}
	}
}

func TestServerPacketsOfTheRFCs(t *testing.T) {
	for _, v := range vectors {
		d := unhex(t, v.server)
		var p Packet
		n, st := Parse(d, &p)
		if st != wire.Done || n != len(d) || p.Type != Initial || p.Version != v.version || len(p.DCID) != 0 || hex.EncodeToString(p.SCID) != v.retrySCID {
			t.Fatalf("%v: %d %v %+v", v.version, n, st, p)
		}
		var k keys
		var o opener
		k.derive(v.version, unhex(t, vectorDCID), serverIn)
		frames, number, ok := o.open(&k, &p, 0)
		if !ok || number != 1 || !bytes.Equal(frames, unhex(t, vectorServer)) {
			t.Errorf("%v: %v, number %d, %x", v.version, ok, number, frames)
		}
		var c Client // a server's packet is not a client's
		if st := c.Add(d); st != wire.Malformed || c.Unopened() != 1 {
			t.Errorf("%v: as a client's: %v", v.version, st)
		}
		d = unhex(t, v.retry)
		n, st = Parse(d, &p)
		if st != wire.Done || n != len(d) || p.Type != Retry || hex.EncodeToString(p.SCID) != v.retrySCID || hex.EncodeToString(p.Token) != v.retryTokenHex {
			t.Errorf("%v retry: %d %v %+v", v.version, n, st, p)
		}
	}
}

// TestPacketNumbers: the example of RFC 9000 appendix A.3, and the ends.
func TestPacketNumbers(t *testing.T) {
	for _, c := range []struct {
		next, truncated uint64
		n               int
		want            uint64
	}{
		{0xa82f30eb, 0x9b32, 2, 0xa82f9b32},
		{0, 0, 1, 0}, {0, 255, 1, 255}, {0, 0xffffffff, 4, 0xffffffff},
		{255, 0, 1, 256}, {256, 255, 1, 255}, {300, 44, 1, 300},
	} {
		if got := fullNumber(c.next, c.truncated, c.n); got != c.want {
			t.Errorf("expected %d, sent %#x in %d: %d, want %d", c.next, c.truncated, c.n, got, c.want)
		}
	}
}

// TestEverySaltOpens: each version with a salt opens what it sealed, and only as
// itself.
func TestEverySaltOpens(t *testing.T) {
	hello := message(300, 0)
	for _, v := range []Version{V1, V2, draft22, draft23, 0xff00001b, 0xff00001c, Draft29, 0xff000020, draft33, draft34, Mvfst22, Mvfst27, MvfstExp} {
		var c Client
		if st := c.Add(spec{version: v, dcid: "12345678"}.seal(crypto(0, hello))); st != wire.Done {
			t.Errorf("%v: %v", v, st)
		}
		under := V2
		if v == V2 {
			under = V1
		}
		c.Reset()
		if st := c.Add(spec{version: v, dcid: "12345678", under: under}.seal(crypto(0, hello))); st != wire.Malformed {
			t.Errorf("%v under the salt of %v: %v", v, under, st)
		}
	}
}
