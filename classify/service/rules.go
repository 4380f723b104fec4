package service

import (
	"net/netip"
	"slices"
	"time"
)

// Rules is the compiled rule set: who is talking. It is read-only after it was
// built and may be shared by goroutines.
type Rules struct {
	date      time.Time
	ids       []string // sorted
	byID      map[string]*svc
	closed    map[string]bool // by owner
	names     names
	addrs     addrs
	ports     *ports
	magic     *magics
	tokens    tokens
	excluding []*svc // services with exclusions
	exist     map[string]bool
	ech       map[string]string // outer name → provider
	resolvers resolvers
	mine      []mine
}

// owner is whose names and addresses several services may share.
type owner struct {
	id     string
	closed bool
}

// outer is the outer name of an Encrypted Client Hello.
type outer struct{ name, provider string }

// Date is when the facts behind the embedded rules were last brought up to date,
// a day; [Info] has the date of each service.
func (r *Rules) Date() time.Time { return r.date }

// IDs lists the services in a fixed order.
func (r *Rules) IDs() []string { return slices.Clone(r.ids) }

// MustExist reports whether a name is one that exists for certain: NXDOMAIN or
// an empty answer for it is a denial.
func (r *Rules) MustExist(name string) bool {
	var buf [maxName]byte
	return r.exist[string(fold(name, &buf))]
}

// OwnerOfName returns the family or service that a name belongs to. Of a name
// that is also served from addresses which are not the owner's (caches inside
// access networks, content networks) the owner is given with ok false: its
// addresses prove nothing.
func (r *Rules) OwnerOfName(name string) (owner string, ok bool) {
	m, found := r.names.find(name)
	if !found {
		return "", false
	}
	return m.rule.svc.owner, !m.rule.elsewhere
}

// OwnerOfAddr returns the family or service whose prefixes hold an address,
// shared and dedicated ones alike; tenant and unverified ones do not count.
func (r *Rules) OwnerOfAddr(a netip.Addr) (owner string, ok bool) {
	p := r.addrs.find(a)
	if p == nil {
		return "", false
	}
	owner = p.owner()
	return owner, owner != ""
}

// ClosedOwner reports whether an owner's names are only ever served from its
// own prefixes (precedence 3), except those for which the second result of
// OwnerOfName is false.
func (r *Rules) ClosedOwner(owner string) bool { return r.closed[owner] }

// Misplaced reports whether a name and an address cannot belong together: the
// name's owner serves it from its own prefixes only and the address is outside
// them, or the address is a closed owner's and the name is another's
// (precedence 3). A prefix that may be the owner's, though unverified, is not
// outside.
func (r *Rules) Misplaced(name string, a netip.Addr) bool {
	m, ok := r.names.find(name)
	return ok && a.IsValid() && r.misplaced(m.rule.svc.owner, m.rule.elsewhere, r.addrs.find(a))
}

func (r *Rules) misplaced(owner string, elsewhere bool, at *prefixRule) bool {
	if at != nil {
		if is := at.owner(); is != "" && is != owner {
			return r.closed[is] || r.closed[owner] && !elsewhere
		}
		if at.role != roleTenant && at.svc.owner == owner {
			return false
		}
	}
	return r.closed[owner] && !elsewhere
}
