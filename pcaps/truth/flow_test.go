package truth

import (
	"slices"
	"testing"
)

func TestFlowsAreComparedWithTheTruth(t *testing.T) {
	truth := Truth{Flows: []Flow{{To: "udp 192.0.2.1:443", Says: map[string]string{"service": "max", "probe": "", "sni": "a.example"},
		SoFar: map[string]string{"sni": "b.example"}}}}
	right := map[string]string{"service": "max", "sni": "a.example", "app": "quic"}
	with := func(k, v string) map[string]string {
		m := map[string]string{k: v}
		for key, val := range right {
			if key != k {
				m[key] = val
			}
		}
		return m
	}
	for _, tt := range []struct {
		name string
		said []Said
		want []string
	}{
		{"right", []Said{{"c1", "udp 192.0.2.1:443", right}}, nil},
		{"missing", nil, []string{"no flow udp 192.0.2.1:443"}},
		{"another service", []Said{{"c1", "udp 192.0.2.1:443", with("service", "vk")}}, []string{`c1 to udp 192.0.2.1:443: service is "vk", should be "max"`}},
		{"a field that should be absent", []Said{{"c1", "udp 192.0.2.1:443", with("probe", "true")}}, []string{`c1 to udp 192.0.2.1:443: probe is "true", should be ""`}},
		{"a fault that is known", []Said{{"c1", "udp 192.0.2.1:443", with("sni", "b.example")}}, nil},
		{"another fault in the same place", []Said{{"c1", "udp 192.0.2.1:443", with("sni", "c.example")}}, []string{`c1 to udp 192.0.2.1:443: sni is "c.example", should be "a.example"`}},
		{"a service out of nowhere", []Said{{"c1", "udp 192.0.2.1:443", right}, {"c2", "tcp 192.0.2.1:443", map[string]string{"service": "max"}}}, []string{"c2 to tcp 192.0.2.1:443 is called max"}},
		{"nobody out of nowhere", []Said{{"c1", "udp 192.0.2.1:443", right}, {"c2", "tcp 192.0.2.1:443", nil}}, nil},
	} {
		if got := truth.CheckFlows(tt.said); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
