package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"sync"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/service"
)

// Options says under what key, and what is kept.
type Options struct {
	Key      [32]byte // of tests; zero: a random one
	KeepTime bool     // times stay as they are
}

// NewKey returns a random key, for several Redactors that are to agree.
func NewKey() (k [32]byte) {
	_, _ = rand.Read(k[:]) // never fails (crypto/rand)
	return k
}

// Redactor replaces what would tell who was captured. Its methods may be called
// from any goroutine. Make one with [New], for each capture a new one.
type Redactor struct {
	ours     *service.Rules  // what may stay
	known    map[string]bool // services: whether one is built in
	families map[string]bool
	key      [32]byte
	keepTime bool
	ports    *[1 << 16]uint16

	mu      sync.Mutex
	v4      pool
	clients map[netip.Addr]bool // that the rules know, up to maxClients
	crowd   bool                // there were more of them: no address stays
	roles   map[capture.Key]bool
	odd     []swap // what no sentence shows to be a name, and what the user calls his own services
	shift   int64  // added to times, ns
	begun   bool   // shift is set
}

// Bounds of what is remembered.
const (
	maxClients = 1 << 12
	maxRoles   = 1 << 16
	maxOdd     = 1 << 8
)

// New returns a Redactor. The rules are those of the run: services in them that
// are not built in are the user's own, and their ids are replaced.
func New(rules *service.Rules, o Options) *Redactor {
	r := &Redactor{
		ours: service.Default(), known: map[string]bool{}, families: map[string]bool{}, key: o.Key, keepTime: o.KeepTime,
		clients: map[netip.Addr]bool{}, roles: map[capture.Key]bool{},
	}
	if r.key == [32]byte{} {
		r.key = NewKey()
	}
	if rules == nil {
		rules = r.ours
	}
	r.learn(rules)
	r.ports = shuffled(r.derive("ports", nil))
	return r
}

// learn tells services that are built in from the user's own.
func (r *Redactor) learn(rules *service.Rules) {
	for _, id := range r.ours.IDs() {
		info, _ := r.ours.Service(id)
		r.known[id], r.families[info.Family] = true, true
	}
	for _, id := range rules.IDs() {
		if r.known[id] {
			continue
		}
		info, _ := rules.Service(id)
		for _, called := range []string{id, info.Name} {
			r.odd = append(r.odd, swap{called, r.service(id)})
		}
	}
}

// derive returns a keyed hash of a thing, with a word for what it is used for, so
// that an address and a name of the same bytes have nothing in common.
func (r *Redactor) derive(what string, of []byte) (sum [32]byte) {
	h := hmac.New(sha256.New, r.key[:])
	h.Write(append([]byte(what), 0))
	h.Write(of)
	h.Sum(sum[:0])
	return sum
}

// epoch is when a redacted capture begins (contract, "Redaction").
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// Begin says when the capture begins, ns since the epoch. Without it the first
// time that is asked for counts as that.
func (r *Redactor) Begin(ns int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.begun && ns != 0 {
		r.begun, r.shift = true, epoch-ns
	}
}

// Nanos moves a packet time, ns since the epoch, so that the capture begins at
// 2000-01-01; 0, no time, stays.
func (r *Redactor) Nanos(ns int64) int64 {
	if r.keepTime || ns == 0 {
		return ns
	}
	r.Begin(ns)
	r.mu.Lock()
	defer r.mu.Unlock()
	return ns + r.shift
}

// Time moves a time as [Redactor.Nanos] does; no time stays none.
func (r *Redactor) Time(t time.Time) time.Time {
	if r.keepTime || t.IsZero() {
		return t
	}
	return time.Unix(0, r.Nanos(t.UnixNano())).UTC()
}

// Done lists what is done, for the meta record.
func (r *Redactor) Done() []string {
	done := []string{
		"addresses of clients, and of servers, resolvers and tunnel ends that the rules do not know, are replaced: 198.18.0.0/15, 2001:db8::/32",
		"client ports are renumbered, and ids made of what is replaced",
		"names that the rules do not know are replaced: .invalid",
		"MAC addresses, VLAN and PPPoE ids, ALPN and JA4 that the rules do not know, processes, pages, texts of records, file, host and interface names, comments and capture filters are removed",
		"in slices payload is zeroed, and addresses inside ICMP quotes are replaced",
	}
	if !r.keepTime {
		done = append(done, "times begin at 2000-01-01")
	}
	return append(done, "what stays: sizes, gaps and counts, by which who has flow logs of the network can still find a subscriber")
}
