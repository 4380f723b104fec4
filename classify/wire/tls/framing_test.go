package tls

import (
	"bytes"
	"testing"
)

func TestClientHelloFraming(t *testing.T) {
	msg := chrome("signal.org")
	plain := hello(0x0301, []uint16{0x2f}) // no extensions at all
	var sixteen []byte
	for range maxEmpty + 1 {
		sixteen = append(sixteen, record(typeHandshake, nil)...)
	}
	tests := []struct {
		name    string
		stream  []byte
		st      Status
		n, recs int
	}{
		{"one record", records(msg, 1<<14), Done, len(msg) + 5, 1},
		{"records of one byte", records(msg, 1), Done, 6 * len(msg), len(msg)},
		{"a cut inside the message header", records(msg, 3), Done, len(records(msg, 3)), (len(msg) + 2) / 3},
		{"an empty record before it", cat(record(typeHandshake, nil), records(msg, 1<<14)), Done, len(msg) + 10, 2},
		{"a second message in the same record", record(typeHandshake, cat(plain, []byte{20, 0, 0, 1, 9})), Done, len(plain) + 5, 1},
		{"early data behind it", cat(records(plain, 99), record(typeAppData, counting(50))), Done, len(plain) + 5, 1},
		{"too many empty records", cat(sixteen, records(msg, 1<<14)), Malformed, 0, 0},
		{"an alert between its records", cat(record(typeHandshake, msg[:50]), record(typeAlert, []byte{1, 0}), record(typeHandshake, msg[50:])), Malformed, 0, 0},
		{"a broken second header", cat(record(typeHandshake, msg[:50]), []byte("GET / HTTP")), Malformed, 0, 0},
		{"a message longer than the quota", record(typeHandshake, []byte{1, 1, 0, 0, 3, 3}), Malformed, 0, 0},
		{"a server's message", records(serverHello(0x0303, counting(32), 0x2f), 1<<14), NotTLS, 0, 0},
		{"a server's message after an empty record", cat(record(typeHandshake, nil), records(serverHello(0x0303, counting(32), 0x2f), 1<<14)), NotTLS, 0, 0},
		{"application data in the middle of a stream", record(typeAppData, counting(40)), NotTLS, 0, 0},
		{"a record longer than allowed", []byte{22, 3, 1, 0xff, 0xff, 1}, NotTLS, 0, 0},
		{"HTTP", []byte("GET / HTTP/1.1\r\n"), NotTLS, 0, 0},
		{"an unknown major version", []byte{22, 4}, NotTLS, 0, 0},
		{"nothing", nil, NeedMore, 0, 0},
		{"suites cut by the message", records(cat([]byte{1}, vec24(u16s(0x303), counting(32), []byte{0}, u16s(99), counting(9))), 99), Malformed, 0, 0},
		{"an extension cut by its block", records(hello(0x0303, []uint16{1}, u16s(0, 9, 1)), 999), Malformed, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h ClientHello
			st, n := h.Parse(tt.stream)
			if st != tt.st || n != tt.n || st == Done && h.Records != tt.recs {
				t.Fatalf("Parse = %v, %d in %d records; want %v, %d in %d", st, n, h.Records, tt.st, tt.n, tt.recs)
			}
			helloLaws(t, tt.stream)
		})
	}
}

func TestClientHelloWantLeadsToTheEnd(t *testing.T) {
	for _, size := range []int{1 << 14, 700, 7, 1} {
		stream := records(chrome("signal.org"), size)
		var h ClientHello
		calls, have := 0, 0
		for st := NeedMore; st == NeedMore; calls++ {
			if st, _ = h.Parse(stream[:have]); st == NeedMore {
				if h.Want() <= 0 || have+h.Want() > len(stream) {
					t.Fatalf("records of %d: wants %d at %d of %d", size, h.Want(), have, len(stream))
				}
				have += h.Want()
			}
		}
		if have != len(stream) || calls > 50 {
			t.Errorf("records of %d: done at %d of %d after %d calls", size, have, len(stream), calls)
		}
	}
}

func TestClientHelloInSSLv2Form(t *testing.T) {
	challenge := bytes.Repeat([]byte{7}, 16)
	body := cat([]byte{1, 3, 1}, u16s(9, 0, 16), []byte{0, 0, 0x2f, 0, 0, 0x35, 1, 0, 0x80}, challenge)
	stream := cat([]byte{0x80, byte(len(body))}, body)
	var h ClientHello
	if st, n := h.Parse(cat(stream, []byte("more"))); st != Done || n != len(stream) {
		t.Fatalf("Parse = %v, %d", st, n)
	}
	if !h.SSLv2 || h.Version != 0x0301 || len(h.CipherSuites) != 2 || h.Random[15] != 0 || h.Random[16] != 7 {
		t.Fatalf("%+v", h)
	}
	helloLaws(t, stream)
	stream[1]++ // lengths no longer add up
	if st, _ := h.Parse(stream); st != NotTLS {
		t.Fatalf("inconsistent lengths: %v", st)
	}
}

func TestClientHelloPartial(t *testing.T) {
	stream := records(chrome("signal.org"), 1<<14)
	var h ClientHello
	if !h.ParsePartial(stream[:1400]) || h.SNI != "signal.org" || !h.Partial || h.Length != len(stream)-9 {
		t.Fatalf("first segment: %+v", h)
	}
	if h.ParsePartial(stream[:40]) {
		t.Fatal("40 bytes do not hold version and random")
	}
	if h.ParsePartial(stream) {
		t.Fatal("a complete hello is not partial")
	}
	split := records(chrome("signal.org"), 60)
	if !h.ParsePartial(split[:500]) || h.SNI != "signal.org" {
		t.Fatalf("split in records: %+v", h)
	}
}

func TestClientHelloMessageWithoutRecords(t *testing.T) {
	msg := chrome("t.me")
	var h ClientHello
	if st, n := h.ParseMessage(append(msg, 1, 2, 3)); st != Done || n != len(msg) || h.SNI != "t.me" || h.Records != 0 {
		t.Fatalf("%v, %d, %+v", st, n, h)
	}
	if st, _ := h.ParseMessage(msg[:100]); st != NeedMore || h.Want() != len(msg)-100 {
		t.Fatalf("%v, wants %d", st, h.Want())
	}
	if st, _ := h.ParseMessage([]byte{2}); st != NotTLS {
		t.Fatal(st)
	}
}
