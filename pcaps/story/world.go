package story

import (
	"net/netip"
	"time"

	"chokepoint/capture"
	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

const mbit = 1e6 // bits/s

// world is the lab's, with the interference of one story in it.
type world struct{ *script.World }

// newWorld returns the undisturbed world at a time of 2026-11. Its home is behind a
// translation.
func newWorld(start string, seed uint64) *world {
	t, err := time.Parse(time.RFC3339, start)
	w := &world{script.New(seed, t)}
	w.Err, w.NAT = err, true
	return w
}

// googleDNS is a public resolver.
var googleDNS = netip.MustParseAddr(site.GoogleDNS)

// to matches packets to and from these addresses.
func to(addrs ...string) synth.Match {
	set := map[netip.Addr]bool{}
	for _, a := range addrs {
		set[netip.MustParseAddr(a)] = true
	}
	return func(p *synth.Packet) bool {
		if p.Dir == synth.Up {
			return set[p.Dst.Addr()]
		}
		return p.Proto == capture.ProtoTCP && set[p.Src.Addr()]
	}
}
