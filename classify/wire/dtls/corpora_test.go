package dtls_test

import (
	"io"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/wire"
	"chokepoint/classify/wire/dtls"
	"chokepoint/classify/wire/tls"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// found is what a capture has of DTLS.
type found struct {
	flows   map[capture.Key]string // those with a hello, and the fingerprint of its last
	retried bool
	srtp    bool
	records int // datagrams that start with a record of DTLS 1.2 or older
	unified int // and with one of DTLS 1.3 that ends the datagram, without a hello before
	odd     int // hellos that do not parse
}

// look reads the UDP of a capture.
func look(path string) (found, error) {
	out := found{flows: map[capture.Key]string{}}
	clients := map[capture.Key]*dtls.Client{}
	err := replay.Packets(path, func(p *capture.Packet) {
		if p.Key.Proto != capture.ProtoUDP || len(p.Payload) == 0 {
			return
		}
		if clients[p.Key] == nil {
			clients[p.Key] = &dtls.Client{}
		}
		out.datagram(clients[p.Key], p)
	})
	if err == io.EOF {
		return out, nil
	}
	return out, err
}

func (f *found) datagram(c *dtls.Client, p *capture.Packet) {
	typ, _, n, ok := dtls.Record(p.Payload)
	switch {
	case ok && typ != dtls.Encrypted:
		f.records++
	case ok && n == len(p.Payload) && f.flows[p.Key] == "" && f.flows[p.Key.Reverse()] == "":
		f.unified++
	}
	if c.Add(p.Payload) != wire.Done {
		return
	}
	var h tls.ClientHello
	if h.ParseDTLSMessage(c.Hello()) != wire.Done || h.BadExts || c.Conflict {
		f.odd++
		return
	}
	f.flows[p.Key] = h.JA4('d')
	f.retried, f.srtp = f.retried || c.Retried(), f.srtp || h.SRTP
}

// expected are the captures that have a hello: those named after DTLS that are
// not listed show the middle of connections, or DTLS inside TURN messages. A
// second hello has another fingerprint where the cookie is an extension.
var expected = map[string]struct {
	flows         int
	retried, srtp bool
	ja4           string
}{
	"arkime/tests/pcap/wireshark-dtls0.pcap":                        {1, true, false, "d00i270000_fd1a708466c1_000000000000"}, // JA4 repository, issue 110
	"arkime/tests/pcap/wireshark-dtls12.pcap":                       {1, true, false, "dd2i030300_f7e428980f70_6c817ce3d217"}, // the same
	"ja4/pcap/dtls-udp.notest.cap":                                  {1, false, false, "dd1i4402"},
	"ndpi-2021/tests/pcap/anyconnect-vpn.pcap":                      {1, true, false, "d00i0100"},
	"ndpi/cfgs/default/pcap/anyconnect-vpn.pcap":                    {1, true, false, "d00i0100"},
	"ndpi/cfgs/default/pcap/dtls_old_version.pcapng":                {1, true, false, "d00i0100"},
	"ndpi/cfgs/default/pcap/dtls_session_id_and_coockie_both.pcap":  {1, true, false, "dd2i0100"},
	"ndpi/cfgs/default/pcap/stun_dtls_rtp.pcapng":                   {1, false, true, "dd2i1107"},
	"ndpi/cfgs/default/pcap/stun_dtls_unidirectional_client.pcap":   {1, false, true, "dd1i3504"},
	"ndpi/cfgs/default/pcap/stun_zoom.pcapng":                       {2, false, true, "dd2i0808wc"}, // webrtc, c-webrtc
	"zeek/testing/btest/Traces/tls/dtls-sequence-number-jumps.pcap": {1, false, false, "dd3i0503"},
	"zeek/testing/btest/Traces/tls/dtls13-wolfssl.pcap":             {1, true, false, "dd3i2706"},
	"zeek/testing/btest/Traces/tls/webrtc-stun.pcap":                {1, false, true, "dd1i7304"},
}

// TestCapturesOfDTLS wants the hellos where they are, and none in thousands of
// captures of other things. What tshark calls DTLS in openvpn.pcap is OpenVPN.
func TestCapturesOfDTLS(t *testing.T) {
	captures, seen, unified := 0, 0, 0
	for _, c := range corpora.Captures(t, corpora.Packed...) {
		f, err := look(c.Path) // many are damaged on purpose
		captures, unified = captures+1, unified+f.unified
		want, listed := expected[c.Name]
		if listed {
			seen++
		}
		if len(f.flows) != want.flows || f.odd > 0 || f.retried != want.retried || f.srtp != want.srtp {
			t.Errorf("%s: %+v, %v; want %+v", c.Name, f, err, want)
		}
		for _, ja4 := range f.flows {
			if !strings.HasPrefix(ja4, want.ja4) {
				t.Errorf("%s: %s, want %s", c.Name, ja4, want.ja4)
			}
		}
		if f.records > 0 && !listed || f.unified > 0 {
			t.Logf("look at %s: %d records, %d unified headers, no hello", c.Name, f.records, f.unified)
		}
	}
	if seen != len(expected) {
		t.Errorf("%d of %d captures with a hello are there", seen, len(expected))
	}
	t.Logf("%d captures, %d datagrams that only look like DTLS 1.3", captures, unified)
}
