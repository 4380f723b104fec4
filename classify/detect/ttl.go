package detect

// maxHops is the longest path believed in: hop counts above it mean that the
// guess of the initial TTL is wrong (resets-and-drops, section 3.1).
const maxHops = 40

// initialTTLs are the values operating systems start from, ascending.
var initialTTLs = [...]int{32, 64, 128, 255}

// ttlChange is how a TTL compares with a baseline once the initial TTL is
// taken out. Raw TTLs differ between a sender's own packets often enough to be
// noise: they cluster at 64, 96, 128 and 192, differences of initial TTLs.
type ttlChange uint8

const (
	ttlSame      ttlChange = iota // equal or one hop apart
	ttlInitShift                  // the same distance from another initial TTL
	ttlOtherHops                  // another distance
	ttlOutOfBand                  // no initial TTL explains it within maxHops
	ttlNoBase                     // the baseline itself is out of band
)

// ttlDelta compares a TTL with a baseline TTL of the same claimed sender. For
// ttlOtherHops it also returns the smallest number of hops between them that
// any pair of initial TTLs allows.
func ttlDelta(ttl, base uint8) (hops int, change ttlChange) {
	if ttl == base {
		return 0, ttlSame
	}
	if _, ok := hopDistance(base); !ok {
		return 0, ttlNoBase
	}
	if _, ok := hopDistance(ttl); !ok {
		return 0, ttlOutOfBand
	}
	best, shifted := maxHops+1, false
	for _, a := range initialTTLs {
		for _, b := range initialTTLs {
			ha, hb := a-int(ttl), b-int(base)
			if !plausible(ha) || !plausible(hb) {
				continue
			}
			d := max(ha-hb, hb-ha)
			// On a tie the simpler story wins: the same initial TTL.
			if d < best || d == best && a == b {
				best, shifted = d, a != b
			}
		}
	}
	switch {
	case best > 1:
		return best, ttlOtherHops
	case shifted:
		return best, ttlInitShift
	}
	return best, ttlSame
}

// hopDistance is the distance from the tap that a TTL suggests, in hops: from
// the nearest initial TTL above it. ok is false when it is out of band.
func hopDistance(ttl uint8) (hops int, ok bool) {
	for _, init := range initialTTLs {
		if h := init - int(ttl); h >= 0 {
			return h, plausible(h)
		}
	}
	return 0, false
}

func plausible(hops int) bool { return hops >= 0 && hops <= maxHops }
