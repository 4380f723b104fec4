//go:build linux

package local

import (
	"net/netip"
	"sync"
	"testing"

	"chokepoint/pcaps/lab/mishap"
)

// mine is the service that everything in the lab belongs to.
const mine = "lab"

// servers are the ports that mishaps happen at, on either host and by either
// version of IP.
func servers() (all []netip.AddrPort) {
	nobody := netip.MustParseAddr("192.0.2.77")
	for _, host := range []netip.Addr{mishap.Here, mishap.There, mishap.Here6, mishap.There6, nobody} {
		all = append(all, netip.AddrPortFrom(host, 4433))
		for port := uint16(5000); port < 5020; port++ {
			all = append(all, netip.AddrPortFrom(host, port))
		}
	}
	return all
}

// atOnce is how many hosts are watched at the same time: a program for each event
// of the kernel, and 30 MB of rings and maps.
const atOnce = 6

var watched = make(chan struct{}, atOnce)

// sideBySide runs tests that mostly wait, several at a time, whatever -parallel is.
func sideBySide[T any](t *testing.T, cases []T, name func(T) string, run func(*testing.T, T)) {
	t.Helper()
	var all sync.WaitGroup
	for _, c := range cases {
		all.Go(func() {
			watched <- struct{}{}
			defer func() { <-watched }()
			t.Run(name(c), func(t *testing.T) { run(t, c) })
		})
	}
	all.Wait()
}
