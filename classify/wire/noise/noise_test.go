package noise

import (
	"encoding/hex"
	"strings"
	"testing"

	"chokepoint/classify/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// hello is the ClientHello of whatsmeow's doHandshake with a made-up key: field 2,
// in it field 1 of 32 bytes.
const (
	ephemeral = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	hello     = "000024 1222 0a20" + ephemeral
)

func TestWhatsApp(t *testing.T) {
	resumed := "000158 12d502 0a20" + ephemeral // 3 + 341 = 344 = 0x158
	tests := []struct {
		name, stream string
		want         Kind
		st           wire.Status
	}{
		{"header and ClientHello, as whatsmeow sends them", "57410603" + hello, HeaderFrame, wire.Done},
		{"header and a length", "57410502 000024", HeaderFrame, wire.Done},
		{"header alone", "57410603", Header, wire.NeedMore},
		{"header and half a length", "57410603 0000", Header, wire.NeedMore},
		{"a resumed session", "57410603" + resumed, HeaderFrame, wire.Done},
		{"a resumed session, until its tag", "57410603 000158 12", Header, wire.NeedMore},
		{"a long frame whose lengths disagree", "57410603 000159 12d502 0a20" + ephemeral, None, wire.Alien},
		{"a long frame without a key", "57410603 000158 12d502 1220" + ephemeral, None, wire.Alien},
		{"FunXMPP of 2015", "57410105 000017 f80501", HeaderFrame, wire.Done},
		{"FunXMPP, until the list", "57410105 000017", Header, wire.NeedMore},
		{"a short frame that is no list", "57410105 000017 120501", None, wire.Alien},
		{"an empty frame", "57410603 000000", None, wire.Alien},
		{"a frame of 5000", "57410603 001388", None, wire.Alien},
		{"a frame of 64 KiB", "57410603 01", None, wire.Alien},
		{"routing information of two bytes", "45440001 000002 0802", EdgeRouting, wire.NeedMore},
		{"routing information without its end", "45440001 000004 08", EdgeRouting, wire.NeedMore},
		{"routing information and header", "45440001 000002 0802 57410603" + hello, EdgeThenHeader, wire.Done},
		{"routing information and half a header", "45440001 000002 0802 5741", EdgeRouting, wire.NeedMore},
		{"routing information and something else", "45440001 000002 0802 5750", None, wire.Alien},
		{"routing information of nothing", "45440001 000000", None, wire.Alien},
		{"routing information of 65", "45440001 000041", None, wire.Alien},
		{"routing information of 64 KiB", "45440001 010000", None, wire.Alien},
		{"ED and text", "454420697320", None, wire.Alien},
		{"a first byte", "57", None, wire.NeedMore},
		{"nothing", "", None, wire.NeedMore},
		{"a word", "5741495420", None, wire.Alien}, // "WAIT "
		{"version 16", "57411003", None, wire.Alien},
		{"dictionary 16", "57410610", None, wire.Alien},
		{"TLS", "1603010200", None, wire.Alien},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.stream)
			if k, st := WhatsApp(b, len(b)); k != tt.want || st != tt.st {
				t.Fatalf("%v, %v; want %v, %v", k, st, tt.want, tt.st)
			}
			noiseLaws(t, b)
		})
	}
}

func TestWhatsAppOfACutStreamWaitsForNothing(t *testing.T) {
	tests := []struct {
		stream string
		want   Kind
		st     wire.Status
	}{
		{"57", None, wire.Alien},
		{"57410603", Header, wire.Done},
		{"45440001 000002 0802", EdgeRouting, wire.Done},
		{"57410603 000024", HeaderFrame, wire.Done},
	}
	for _, tt := range tests {
		if k, st := WhatsApp(unhex(t, tt.stream), 600); k != tt.want || st != tt.st {
			t.Errorf("%s: %v, %v; want %v, %v", tt.stream, k, st, tt.want, tt.st)
		}
	}
}

func TestServer(t *testing.T) {
	static := strings.Repeat("a5", 48)
	// 2 + 32 + 2 + 48 + 3 + 250 = 337 = 0x151; with the head 340 = 0x154.
	whole := "0001541ad1020a20" + ephemeral + "1230" + static + "1afa01" + strings.Repeat("5a", 250)
	tests := []struct {
		name, stream string
		st           wire.Status
	}{
		{"a ServerHello", whole, wire.Done},
		{"until the static key", whole[:2*(3+3+2+32+2)], wire.Done},
		{"until the ephemeral key's end", whole[:2*(3+3+2+32)], wire.NeedMore},
		{"half a length", "0001", wire.NeedMore},
		{"a client's field", strings.Replace(whole, "1ad102", "12d102", 1), wire.Alien},
		{"lengths that disagree", strings.Replace(whole, "000154", "000155", 1), wire.Alien},
		{"a static key of 49", strings.Replace(whole, "1230a5", "1231a5", 1), wire.Alien},
		{"a frame too short for both keys", "000040", wire.Alien},
		{"a frame of 5000", "001388", wire.Alien},
		{"FunXMPP", "000005 f803013a91", wire.Alien},
		{"a frame of 64 KiB", "01", wire.Alien},
		{"TLS", "1603030200", wire.Alien},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.stream)
			if st := Server(b); st != tt.st {
				t.Fatalf("%v, want %v", st, tt.st)
			}
			noiseLaws(t, b)
		})
	}
}

// noiseLaws: what is final for a prefix is what the whole says; a kind grows or
// is taken back, and nothing says NeedMore for ever.
func noiseLaws(t *testing.T, b []byte) {
	t.Helper()
	k, st := WhatsApp(b, len(b))
	server := Server(b)
	for n := range min(len(b), 150) {
		p, s := WhatsApp(b[:n], n)
		if s != wire.NeedMore && (s != st || p != k) || p > k && st != wire.Alien {
			t.Fatalf("prefix of %d: %v, %v; whole: %v, %v", n, p, s, k, st)
		}
		if s := Server(b[:n]); s != wire.NeedMore && s != server {
			t.Fatalf("prefix of %d: %v; whole: %v", n, s, server)
		}
	}
	if (st == wire.NeedMore || server == wire.NeedMore) && len(b) > 80 {
		t.Fatalf("%v and %v after %d bytes", st, server, len(b))
	}
	if st == wire.Malformed || (st == wire.Alien) != (k == None) && st != wire.NeedMore {
		t.Fatalf("%v, %v", k, st)
	}
	if ck, cs := WhatsApp(b, len(b)+1); cs == wire.NeedMore || ck != k {
		t.Fatalf("cut: %v, %v; not cut: %v, %v", ck, cs, k, st)
	}
}

func FuzzWhatsApp(f *testing.F) {
	f.Add(unhex(f, "57410603"+hello))
	f.Add(unhex(f, "57410105 000017 f80501"))
	f.Add(unhex(f, "45440001 000002 0802 57410603"))
	f.Add(unhex(f, "000154 1ad102 0a20"+ephemeral+"1230"))
	f.Fuzz(noiseLaws)
}

func TestNothingAllocates(t *testing.T) {
	b, s := unhex(t, "45440001 000002 0802 57410603"+hello), unhex(t, "000154 1ad102 0a20"+ephemeral+"1230")
	if n := testing.AllocsPerRun(100, func() { WhatsApp(b, len(b)); WhatsApp(b[9:], 100); Server(s) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestKindNames(t *testing.T) {
	for k, want := range map[Kind]string{None: "none", Header: "header", HeaderFrame: "header and frame", EdgeRouting: "edge routing", EdgeThenHeader: "edge routing and header", 9: "invalid kind"} {
		if k.String() != want {
			t.Errorf("Kind(%d) is %q, want %q", k, k, want)
		}
	}
}
