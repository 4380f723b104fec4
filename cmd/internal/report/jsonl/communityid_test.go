package jsonl

import (
	"net/netip"
	"testing"

	"chokepoint/capture"
)

func key(proto uint8, src, dst string) capture.Key {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return capture.Key{Src: s.Addr().As16(), Dst: d.Addr().As16(), SrcPort: s.Port(), DstPort: d.Port(), Proto: proto}
}

// The vectors are those published with the specification.
func TestCommunityID(t *testing.T) {
	tests := []struct {
		name, src, dst string
		proto          uint8
		want           string
	}{
		{"TCP over IPv4", "128.232.110.120:34855", "66.35.250.204:80", capture.ProtoTCP, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"UDP over IPv4", "192.168.1.52:54585", "8.8.8.8:53", capture.ProtoUDP, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"TCP over IPv6", "[2001:470:e5bf:dead:4957:2174:e82c:4887]:63943", "[2607:f8b0:400c:c03::1a]:25", capture.ProtoTCP, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
		{"none for ICMP, whose types a key does not have", "192.168.0.89:0", "192.168.0.1:0", capture.ProtoICMP, ""},
		{"none for SCTP, whose ports are not decoded", "192.168.170.8:0", "192.168.170.56:0", 132, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := key(tt.proto, tt.src, tt.dst)
			if got := communityID(k); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if got := communityID(k.Reverse()); got != tt.want {
				t.Errorf("the other way: got %q, want %q", got, tt.want)
			}
		})
	}
}
