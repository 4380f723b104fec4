package redact

import "testing"

// BenchmarkFlow is what a record of a flow costs that has something of everything.
func BenchmarkFlow(b *testing.B) {
	r, f := fixed(), secret()
	b.ReportAllocs()
	for b.Loop() {
		r.Flow(f)
	}
}

// BenchmarkText is what a sentence costs.
func BenchmarkText(b *testing.B) {
	r := fixed()
	b.ReportAllocs()
	for b.Loop() {
		r.Text(`NXDOMAIN "from" 10.0.0.1 after 2.9 ms for nas.fritz.box, which exists (packet 57), while 149.154.167.51:443 opened in 43 ms`)
	}
}
