package synth

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"chokepoint/classify/wire"
	"chokepoint/classify/wire/quic"
	"chokepoint/classify/wire/tls"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The hello, and what the client's first packet begins and ends with when sealed
// (RFC 9001 appendix A.2, RFC 9369 appendix A.2). The tag is over every byte.
const (
	vectorID    = "8394c8f03e515708"
	vectorHello = `010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c
		00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800
		1000070005 04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa
		71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c
		00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f0
		3e51570806048000ffff`
)

func TestInitialsAreSealedAsTheRFCsSeal(t *testing.T) {
	for _, v := range []struct {
		version   uint32
		head, tag string
	}{
		{QUICv1, "c000000001088394c8f03e5157080000449e7b9aec34", "e221af44860018ab0856972e194cd934"},
		{QUICv2, "d76b3343cf088394c8f03e5157080000449ea0c95e82", "a18b2faa745b6fe189cf772a9f84cbfc"},
	} {
		id := unhex(t, vectorID)
		b, err := initial{version: v.version, side: Up, first: id, dcid: id, number: 2}.seal(crypto(0, unhex(t, vectorHello)), quicSize)
		if err != nil || len(b) != quicSize || !bytes.HasPrefix(b, unhex(t, v.head)) || !bytes.HasSuffix(b, unhex(t, v.tag)) {
			t.Errorf("version %x: %d bytes, %x ... %x, %v", v.version, len(b), b[:22], b[len(b)-16:], err)
		}
	}
}

func TestQUICHellosAreReadByTheParser(t *testing.T) {
	for _, tt := range []struct {
		q       QUIC
		packets int
	}{
		{QUIC{Name: "www.instagram.com", Version: QUICv1}, 1},
		{QUIC{Name: "www.instagram.com", Version: QUICv2}, 1},
		{QUIC{Name: "web.whatsapp.com", Version: QUICv1, PostQuantum: true}, 2},
		{QUIC{Name: "web.whatsapp.com", Version: QUICv1, PostQuantum: true, Swapped: true}, 2},
	} {
		lines, err := tt.q.Opening(NewSim(start, 5))
		if err != nil || len(lines) != tt.packets {
			t.Fatalf("%+v: %d datagrams, %v", tt.q, len(lines), err)
		}
		var c quic.Client
		st := wire.NeedMore
		for i, l := range lines {
			if st != wire.NeedMore || len(l.Data) < quicSize || len(l.Data) > 1472 || l.From != Up {
				t.Errorf("%+v: datagram %d of %d bytes after %v", tt.q, i, len(l.Data), st)
			}
			st = c.Add(l.Data)
		}
		var h tls.ClientHello
		if s, _ := h.ParseMessage(c.Hello()); st != wire.Done || s != tls.Done || h.SNI != tt.q.Name || h.PostQuantum != tt.q.PostQuantum || uint32(c.Version()) != tt.q.Version {
			t.Errorf("%+v: %v, %v, %+v", tt.q, st, s, h)
		}
	}
}

func TestQUICDatagramsAreWholePackets(t *testing.T) {
	for _, q := range []QUIC{{Name: "a.example", Version: QUICv1, Page: 3}, {Name: "a.example", Version: QUICv2, PostQuantum: true, Page: 3}} {
		lines, err := q.Talk(NewSim(start, 6))
		if err != nil {
			t.Fatal(err)
		}
		short, kinds := 0, map[quic.Type]int{}
		for i, l := range lines {
			if l.Data[0]&0x80 == 0 {
				short++
				continue
			}
			var p quic.Packet
			for b := l.Data; len(b) > 0; {
				n, st := quic.Parse(b, &p)
				if st != wire.Done || n == 0 {
					t.Fatalf("%+v: datagram %d: %v behind %d bytes", q, i, st, len(l.Data)-len(b))
				}
				kinds[p.Type]++
				b = b[n:]
			}
		}
		if short != 3+q.Page || kinds[quic.Initial] < 3 || kinds[quic.Handshake] < 3 {
			t.Errorf("%+v: %d short ones, %v", q, short, kinds)
		}
	}
}
