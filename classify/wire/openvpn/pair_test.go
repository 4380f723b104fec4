package openvpn

import (
	"bytes"
	"testing"
)

func TestPair(t *testing.T) {
	tests := []struct {
		name, client, server string
		want                 Bond
	}{
		{"in the clear", plainClient, plainServer, Acked},
		{"with SHA1", sha1Client, sha1Server, Acked},
		{"with SHA256", sha2Client, sha2Server, Acked},
		{"with SHA512", sha5Client, sha5Server, Acked},
		{"of key method 1", "08334857703d96db390000000000", "10d31c3a6964602fa00100000000334857703d96db3900000000", Acked},
		{"encrypted", cryptClient, cryptServer, Alike},
		{"encrypted, with a wrapped key", keyClient, keyServer, Alike},
		{"encrypted, with a wrapped key that need not be sent again", keyClient, keyServer[:len(keyServer)-12], Alike},
		{"the acknowledgement names another session", plainClient, "40d31c3a6964602fa00100000000334857703d96db3a00000000", Unrelated},
		{"one in the clear, one with SHA1", plainClient, sha1Server, Unrelated},
		{"of two digests", sha2Client, sha1Server, Unrelated},
		{"of two key methods", "08334857703d96db390000000000", plainServer, Unrelated},
		{"SHA1, clocks two days apart", sha1Client, sha1Server[:66] + "57a4645f" + sha1Server[74:], Unrelated},
		{"encrypted, clocks years apart", cryptClient, keyServer[:len(keyServer)-12], Unrelated},
		{"encrypted, and a key is asked for that was not sent", cryptClient[:26] + "625a9e97" + cryptClient[34:], keyServer, Unrelated},
		{"encrypted, one session id for both", "382f64c09039de36230000000163cf4ff5" + hash32 + "a1a2a3a4a5", cryptServer, Unrelated},
		{"encrypted against SHA256", cryptClient, sha2Server, Unrelated},
		{"the wrong way round", plainServer, plainClient, Unrelated},
		{"two clients", plainClient, plainClient, Unrelated},
		{"two servers", plainServer, plainServer, Unrelated},
		{"nothing", "", "", Unrelated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, s := unhex(t, tt.client), unhex(t, tt.server)
			if got := Pair(c, s); got != tt.want || Answers(c, s) != (tt.want != Unrelated) {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			laws(t, c, s, uint16(len(c)))
		})
	}
}

func TestData(t *testing.T) {
	tests := []struct {
		name, b string
		wire    int
		want    bool
	}{
		{"V1", "30", 80, true},
		{"V1, key 5", "35", 21, true},
		{"V2", "48000001", 80, true},
		{"V2 too short", "48000001", 23, false},
		{"V1 too short", "30", 20, false},
		{"a control packet", "20", 80, false},
		{"nothing captured", "", 80, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Data(unhex(t, tt.b), tt.wire); got != tt.want {
				t.Fatalf("%v, want %v", got, tt.want)
			}
		})
	}
}

// laws: what little of a reset says, all of it says; a pair is made of resets of
// either side, and an acknowledged one holds the client's session id.
func laws(t *testing.T, a, b []byte, wire uint16) {
	t.Helper()
	n := max(int(wire), len(a))
	side, ok := Reset(a, n)
	if ok != (side != Neither) {
		t.Fatalf("%v, %v", side, ok)
	}
	if n >= 1200 && ok {
		t.Fatalf("reset of %d bytes", n)
	}
	for i := range a {
		if s, ok := Reset(a[:i], n); ok && s != side {
			t.Fatalf("%d bytes: %v, whole: %v", i, s, side)
		}
		if s, ok := TCP(a[:i], n); ok {
			if w, _ := TCP(a, n); w != s {
				t.Fatalf("%d bytes over TCP: %v, whole: %v", i, s, w)
			}
		}
	}
	if p, ok := Packet(a); ok {
		one, _ := Reset(p, len(p))
		if s, _ := TCP(a, len(a)); s != one {
			t.Fatalf("over TCP %v, the packet alone %v", s, one)
		}
	}
	bond := Pair(a, b)
	if bond == Unrelated {
		return
	}
	ca, _ := Reset(a, len(a))
	sb, _ := Reset(b, len(b))
	if ca != Client || sb != Server || Pair(b, a) != Unrelated {
		t.Fatalf("%v of %v and %v", bond, ca, sb)
	}
	if bond == Acked && !bytes.Contains(b[9:], a[1:9]) {
		t.Fatalf("%x does not name %x", b, a[1:9])
	}
}

func FuzzResets(f *testing.F) {
	for _, p := range [][2]string{{plainClient, plainServer}, {sha1Client, sha1Server}, {sha5Client, sha5Server}, {cryptClient, cryptServer}, {keyClient, keyServer}} {
		c, s := unhex(f, p[0]), unhex(f, p[1])
		f.Add(c, s, uint16(len(c)))
		f.Add(append([]byte{0, byte(len(s))}, s...), c, uint16(2+len(s)))
	}
	f.Fuzz(laws)
}

func TestNames(t *testing.T) {
	for s, want := range map[Side]string{Neither: "neither", Client: "client", Server: "server", 9: "invalid side"} {
		if got := s.String(); got != want {
			t.Errorf("Side(%d) is %q, want %q", s, got, want)
		}
	}
	for b, want := range map[Bond]string{Unrelated: "unrelated", Alike: "alike", Acked: "acked", 9: "invalid bond"} {
		if got := b.String(); got != want {
			t.Errorf("Bond(%d) is %q, want %q", b, got, want)
		}
	}
}
