package mtproto

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"chokepoint/classify/wire"
)

// The first two messages of the example in core.telegram.org/mtproto/samples-auth_key.
const (
	sampleReqPQ = "0000000000000000 4a967027c47ae551 14000000 78974660 3e0549828cca27e966b301a48fece2fc"
	sampleResPQ = "0000000000000000 01c8831ec97ae551 40000000 63241605 3e0549828cca27e966b301a48fece2fc" +
		"a5cf4d33f4a11ea877ba4aa573907330 0817ed48941a08f981000000 15c4b51c 01000000 216be86c022bb4c3"
	sampleTime = 0x51e57ac4 // 2013-07-16
	sampleCRC  = "aca5e60f" // of sampleReqPQ in the full transport, by zlib
)

// encrypted is an encrypted message of 24 + 48 bytes.
const encrypted = "0102030405060708 1112131415161718191a1b1c1d1e1f20" +
	"303132333435363738393a3b3c3d3e3f 404142434445464748494a4b4c4d4e4f 505152535455565758595a5b5c5d5e5f"

// full puts a message into the full transport.
func full(t testing.TB, message string, seq uint32) []byte {
	m := unhex(t, message)
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(m)+12))
	b = append(binary.LittleEndian.AppendUint32(b, seq), m...)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func TestPlainTransports(t *testing.T) {
	type test struct {
		name, stream string
		of           Transport
	}
	tests := []test{
		{"abridged req_pq", "ef 0a" + sampleReqPQ, TransportAbridged},
		{"abridged, encrypted", "ef 12" + encrypted, TransportAbridged},
		{"abridged, with a quick acknowledgement asked for", "ef 92" + encrypted, TransportAbridged},
		{"abridged, long form", "ef 7f120000" + encrypted, TransportAbridged},
		{"intermediate req_pq", "eeeeeeee 28000000" + sampleReqPQ, TransportIntermediate},
		{"intermediate, encrypted", "eeeeeeee 48000000" + encrypted, TransportIntermediate},
		{"intermediate, two messages", "eeeeeeee 48000000" + encrypted + "48000080" + encrypted, TransportIntermediate},
		{"padded, with three bytes of padding", "dddddddd 4b000000" + encrypted + "aabbcc", TransportPadded},
		{"full", "34000000 00000000" + sampleReqPQ + sampleCRC, TransportFull},

		{"abridged of a wrong length", "ef 0b" + sampleReqPQ, NoTransport},
		{"abridged, encrypted part no multiple of 16", "ef 13" + encrypted + "60616263", NoTransport},
		{"abridged, tag alone", "ef", NoTransport},
		{"padding bytes of dd", "dddddddd dddddddd dddddddd dddddddd dddddddd dddddddd", NoTransport},
		{"padding bytes of ee", "eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee eeeeeeee", NoTransport},
		{"intermediate, something else behind the message", "eeeeeeee 48000000" + encrypted + "ffffffff", NoTransport},
		{"intermediate, too short to be a message", "eeeeeeee 10000000 0102030405060708090a0b0c0d0e0f10", NoTransport},
		{"intermediate, unencrypted of an unknown constructor", "eeeeeeee 28000000 0000000000000000 4a967027c47ae551 14000000 78974661 3e0549828cca27e966b301a48fece2fc", NoTransport},
		{"full, later in a stream", "34000000 01000000" + sampleReqPQ + "00000000", NoTransport},
		{"full, with a wrong CRC", "34000000 00000000" + sampleReqPQ + "00000000", NoTransport},
		{"length and zero of another protocol", "40000000 00000000 0102030405060708 0000000000000000000000000000000000000000000000000000000000000000 0000000000000000 0000000000000000", NoTransport},
		{"TLS", "1603010200010001fc0303", NoTransport},
		{"nothing", "", NoTransport},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.stream)
			got := map[Transport]bool{TransportAbridged: Abridged(b, len(b)), TransportIntermediate: Intermediate(b, len(b)),
				TransportPadded: Padded(b, len(b)), TransportFull: Full(b, len(b))}
			for tr, fires := range got {
				if fires != (tr == tt.of) {
					t.Errorf("%v: %v", tr, fires)
				}
			}
		})
	}
}

func TestFullOfACutPayloadGoesByItsShape(t *testing.T) {
	b := full(t, encrypted, 0)
	if !Full(b[:40], len(b)) {
		t.Error("cut behind the message key: not found")
	}
	if Full(b[:20], len(b)) {
		t.Error("cut in the message key: found")
	}
}

func TestUnencrypted(t *testing.T) {
	multi := "0000000000000000 4a967027c47ae551 14000000 f18e7ebe 3e0549828cca27e966b301a48fece2fc"
	tests := []struct {
		name, stream string
		now          int64
		want         Hello
		st           wire.Status
	}{
		{"abridged", "ef 0a" + sampleReqPQ, 0, Hello{TransportAbridged, ReqPQ, false, sampleTime}, wire.Done},
		{"intermediate", "eeeeeeee 28000000" + multi, sampleTime + 60, Hello{TransportIntermediate, ReqPQMulti, false, sampleTime}, wire.Done},
		{"padded, 200 bytes of padding", "dddddddd f0000000" + multi, 0, Hello{TransportPadded, ReqPQMulti, false, sampleTime}, wire.Done},
		{"full", "34000000 00000000" + sampleReqPQ, 0, Hello{TransportFull, ReqPQ, false, sampleTime}, wire.Done},
		{"the server's answer, abridged", "15" + sampleResPQ, 0, Hello{TransportAbridged, ResPQ, true, sampleTime + 5}, wire.Done},
		{"the server's answer, intermediate", "54000000" + sampleResPQ, 0, Hello{TransportIntermediate, ResPQ, true, sampleTime + 5}, wire.Done},
		{"the server's answer, full", "60000000 00000000" + sampleResPQ, 0, Hello{TransportFull, ResPQ, true, sampleTime + 5}, wire.Done},
		{"only the tag", "eeee", 0, Hello{}, wire.NeedMore},
		{"up to the constructor", "ef 0a 0000000000000000 4a967027c47ae551 14000000 789746", 0, Hello{}, wire.NeedMore},
		{"a client without a tag", "28000000" + sampleReqPQ, 0, Hello{}, wire.Alien},
		{"a server with a tag", "ef 15" + sampleResPQ, 0, Hello{}, wire.Alien},
		{"a server's constructor in a client's id", "ef 0a 0000000000000000 4a967027c47ae551 14000000 63241605", 0, Hello{}, wire.Alien},
		{"years from now", "ef 0a" + sampleReqPQ, 1700000000, Hello{}, wire.Alien},
		{"an id of 1997", "ef 0a 0000000000000000 4a96702700000034 14000000 78974660", 0, Hello{}, wire.Alien},
		{"a body longer than its frame", "ef 0a 0000000000000000 4a967027c47ae551 24000000 78974660", 0, Hello{}, wire.Alien},
		{"an authorization key", "ef 12" + encrypted, 0, Hello{}, wire.Alien},
		{"zeros", "00000000000000000000000000000000000000000000000000000000000000000000000000000000", 0, Hello{}, wire.Alien},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := unhex(t, tt.stream)
			if h, st := Unencrypted(b, tt.now); h != tt.want || st != tt.st {
				t.Fatalf("%+v, %v; want %+v, %v", h, st, tt.want, tt.st)
			}
			plainLaws(t, b, tt.now)
		})
	}
}

// plainLaws: what Unencrypted says for good of a prefix it says of the whole;
// Done comes with a known constructor; and a stream has one plain transport at most.
func plainLaws(t *testing.T, b []byte, now int64) {
	t.Helper()
	h, st := Unencrypted(b, now)
	for n := range min(len(b), 64) {
		if p, s := Unencrypted(b[:n], now); s != wire.NeedMore && (s != st || p != h) {
			t.Fatalf("prefix of %d: %+v, %v; whole: %+v, %v", n, p, s, h, st)
		}
	}
	if st == wire.Malformed || st == wire.NeedMore && len(b) >= 40 {
		t.Fatalf("%v after %d bytes", st, len(b))
	}
	if (st == wire.Done) != known(h.Constructor, h.Server) || st != wire.Done && h != (Hello{}) {
		t.Fatalf("%+v, %v", h, st)
	}
	found := 0
	for _, f := range [...]func([]byte, int) bool{Abridged, Intermediate, Padded, Full} {
		for _, n := range [...]int{len(b), len(b) + 1000} {
			if f(b, n) {
				found++
			}
		}
	}
	if found > 2 {
		t.Fatalf("%d transports", found)
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"ef 0a" + sampleReqPQ, "dddddddd 28000000" + sampleReqPQ, "54000000" + sampleResPQ, "ef 7f120000" + encrypted} {
		f.Add(unhex(f, s), int64(0))
	}
	f.Add(full(f, sampleReqPQ, 0), int64(sampleTime))
	f.Fuzz(plainLaws)
}

func TestPlainDoesNotAllocate(t *testing.T) {
	for _, b := range [][]byte{unhex(t, "ef 0a"+sampleReqPQ), full(t, encrypted, 0), unhex(t, "54000000"+sampleResPQ)} {
		if n := testing.AllocsPerRun(100, func() {
			Unencrypted(b, 0)
			Abridged(b, len(b))
			Intermediate(b, len(b))
			Padded(b, len(b))
			Full(b, len(b))
			Reflector(b, len(b))
			ReflectorData(b, len(b), b)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func TestTransportAndKindNames(t *testing.T) {
	for v, want := range map[Transport]string{NoTransport: "none", TransportAbridged: "abridged", TransportIntermediate: "intermediate",
		TransportPadded: "padded intermediate", TransportFull: "full", 99: "invalid transport"} {
		if v.String() != want {
			t.Errorf("Transport(%d) is %q, want %q", v, v, want)
		}
	}
	for v, want := range map[ReflectorKind]string{ReflectorNone: "none", ReflectorPing: "ping", ReflectorReply: "reply",
		ReflectorLegacy: "legacy", ReflectorSpecial: "special", 99: "invalid kind"} {
		if v.String() != want {
			t.Errorf("ReflectorKind(%d) is %q, want %q", v, v, want)
		}
	}
}
