package tls

import (
	"testing"
)

func TestServerFlight(t *testing.T) {
	hello12 := serverHello(0x0303, counting(32), 0xc02f, alpn("h2"))
	hello13 := serverHello(0x0303, counting(32), 0x1301, ext(extKeyShare, share(0x11ec, 1120)), ext(extSupportedVersions, u16s(0x0304)))
	retry := serverHello(0x0303, helloRetry[:], 0x1301, ext(extKeyShare, u16s(29)), ext(extSupportedVersions, u16s(0x0304)))
	ccs := record(typeChangeCipher, []byte{1})
	garbage := cat([]byte{msgCertificate}, vec24(vec24(vec24(counting(40)), vec24(counting(9)))))
	warning, fatal := record(typeAlert, []byte{1, 112}), record(typeAlert, []byte{2, 40})
	tests := []struct {
		name   string
		stream []byte
		st     Status
		n      int
		ok     func(*ServerFlight) bool
	}{
		{"TLS 1.3 ends with the hello", cat(records(hello13, 500), ccs, record(typeAppData, counting(99))), Done, len(records(hello13, 500)),
			func(f *ServerFlight) bool {
				return f.Hello.Version == 0x0304 && f.Hello.KeyShareGroup == 0x11ec && !f.Retried && f.Records == 3
			}},
		{"a retry is followed to the second hello", cat(records(retry, 999), ccs, records(hello13, 1<<14)), Done, len(retry) + 5 + 6 + len(hello13) + 5,
			func(f *ServerFlight) bool { return f.Retried && !f.Hello.HelloRetryRequest }},
		{"a retry alone needs more", records(retry, 999), NeedMore, 0,
			func(f *ServerFlight) bool {
				return f.HelloSeen && f.Hello.HelloRetryRequest && f.Hello.KeyShareGroup == 29
			}},
		{"TLS 1.2 goes on to the certificate", cat(records(cat(hello12, garbage), 70), []byte("rest")), Done, len(records(cat(hello12, garbage), 70)),
			func(f *ServerFlight) bool {
				return f.Hello.ALPN == "h2" && f.Hello.Version == 0x0303 && f.CertSeen && f.Cert.Chain == 2 && f.Cert.Length == 40 && !f.Cert.Readable
			}},
		{"resumption ends at the change of cipher", cat(records(hello12, 999), ccs, record(typeHandshake, counting(40))), Done, len(hello12) + 5,
			func(f *ServerFlight) bool { return f.HelloSeen && !f.CertSeen }},
		{"an anonymous suite ends at the hello's end", records(cat(hello12, []byte{msgServerHelloDone, 0, 0, 0}), 999), Done, len(hello12) + 9,
			func(f *ServerFlight) bool { return !f.CertSeen }},
		{"a warning goes before the hello", cat(warning, records(hello13, 1<<14)), Done, 7 + len(hello13) + 5,
			func(f *ServerFlight) bool {
				return f.HelloSeen && len(f.Alerts) == 1 && f.Alerts[0].String() == "warning unrecognized_name"
			}},
		{"a fatal alert ends it", cat(fatal, fatal), Done, 7,
			func(f *ServerFlight) bool {
				return !f.HelloSeen && len(f.Alerts) == 1 && f.Alerts[0].String() == "fatal handshake_failure"
			}},
		{"no alerts beyond the fourth are kept", cat(warning, warning, warning, warning, warning), NeedMore, 0,
			func(f *ServerFlight) bool { return len(f.Alerts) == maxAlerts }},
		{"an encrypted alert is not the start of a stream", record(typeAlert, counting(26)), NotTLS, 0, nil},
		{"application data is not the start of a stream", record(typeAppData, counting(26)), NotTLS, 0, nil},
		{"a client's hello is not a server's", records(chrome("t.me"), 999), NotTLS, 0, nil},
		{"HTTP is not TLS", []byte("HTTP/1.1 403 Forbidden\r\n"), NotTLS, 0, nil},
		{"nonsense behind the hello is malformed", cat(records(hello12, 999), []byte("HTTP/1.1")), Malformed, 0,
			func(f *ServerFlight) bool { return f.HelloSeen }},
		{"a hello cut by its length is malformed", records([]byte{2, 0, 0, 3, 3, 3, 0}, 99), Malformed, 0, nil},
		{"extensions longer than the hello are malformed", records(cat([]byte{2}, vec24(u16s(0x303), counting(32), []byte{0}, u16s(0x2f), []byte{0}, u16s(50))), 99), Malformed, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f ServerFlight
			st, n := f.Parse(tt.stream)
			if st != tt.st || n != tt.n || tt.ok != nil && !tt.ok(&f) {
				t.Fatalf("Parse = %v, %d; want %v, %d; %+v", st, n, tt.st, tt.n, f)
			}
			flightLaws(t, tt.stream)
		})
	}
}

func TestAlertNames(t *testing.T) {
	tests := []struct {
		alert Alert
		want  string
		fatal bool
	}{
		{Alert{1, 0}, "warning close_notify", true},
		{Alert{1, 90}, "warning user_canceled", false},
		{Alert{2, 116}, "fatal certificate_required", true},
		{Alert{2, 121}, "fatal ech_required", true},
		{Alert{2, 77}, "fatal alert_77", true},
		{Alert{9, 255}, "level_9 alert_255", false},
	}
	for _, tt := range tests {
		if got := tt.alert.String(); got != tt.want || tt.alert.Fatal() != tt.fatal {
			t.Errorf("%v: %q, fatal %v; want %q, %v", [2]uint8{tt.alert.Level, tt.alert.Description}, got, tt.alert.Fatal(), tt.want, tt.fatal)
		}
	}
}

func TestParseAlert(t *testing.T) {
	if a, ok := ParseAlert([]byte{21, 3, 1, 0, 2, 2, 48, 9}); !ok || a.Name() != "unknown_ca" {
		t.Fatalf("%v, %v", a, ok)
	}
	for _, b := range [][]byte{nil, {21, 3, 3, 0, 2, 2}, {21, 3, 3, 0, 26, 1, 2}, {23, 3, 3, 0, 2, 2, 40}} {
		if _, ok := ParseAlert(b); ok {
			t.Errorf("% x is no alert in the clear", b)
		}
	}
}
