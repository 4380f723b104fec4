package main

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
)

var packetsSeen = regexp.MustCompile(`\nchokepoint_packets_total [1-9]`)

// TestWatchServesWithNothingLeft: what is served is served by a process without
// privileges, files or a socket that it could still bind.
func TestWatchServesWithNothingLeft(t *testing.T) {
	n := needRoot(t)
	for _, backend := range []string{"tcx", "afpacket"} {
		for _, at := range []string{"127.0.0.1:9477", "[::1]:80"} {
			t.Run(backend+" "+at, func(t *testing.T) {
				r := started(t, n, "-i", "lo", "--json", "--all", "--interval", "1s", "--backend", backend, "--listen", at)
				for _, eff := range capabilities(t, r.cmd.Process.Pid) {
					if strings.Trim(eff, "0") != "" {
						t.Errorf("serves with capabilities %s", eff)
					}
				}
				talk(t, n)
				dial := func() (net.Conn, error) {
					return n.Dial(t.Context(), "tcp", netip.AddrPort{}, netip.MustParseAddrPort(at))
				}
				text := ""
				for end := time.Now().Add(patience); !packetsSeen.MatchString(text) || !strings.Contains(text, "go_goroutines"); {
					if text = fetched(dial, at, "/metrics"); time.Now().After(end) {
						t.Fatal(text)
					}
				}
				if page := fetched(dial, at, "/"); !strings.HasPrefix(page, "200 <!DOCTYPE html>") {
					t.Error(page)
				}
				if page := fetched(dial, "rebind.example", "/"); !strings.HasPrefix(page, "421 ") {
					t.Error(page)
				}
				if got := r.ends(t); got.code != 0 || strings.Contains(got.stderr, `"level":"error"`) {
					t.Errorf("code %d: %s", got.code, got.stderr)
				}
			})
		}
	}
}
