package service

import (
	"net/netip"
	"time"
)

// Rules is the compiled rule set: who is talking. It is read-only after it was
// built and may be shared by goroutines.
type Rules struct{}

// Default returns the embedded rules.
func Default() *Rules { return &Rules{} }

// Date is when the facts behind the rules were last brought up to date.
func (r *Rules) Date() time.Time { return time.Time{} }

// Classify labels a flow by what it offers.
func (r *Rules) Classify(e *Evidence) Label { return Label{} }

// Info describes a service to people.
type Info struct {
	ID, Name, Category, Family string
	Functions                  []string
}

// Service returns what is known of a service.
func (r *Rules) Service(id string) (Info, bool) { return Info{}, false }

// IDs lists the services in a fixed order.
func (r *Rules) IDs() []string { return nil }

// MustExist reports whether a name is one that exists for certain: NXDOMAIN or
// an empty answer for it is a denial.
func (r *Rules) MustExist(name string) bool { return false }

// OwnerOfName returns the family or service that a name belongs to.
func (r *Rules) OwnerOfName(name string) (owner string, ok bool) { return "", false }

// OwnerOfAddr returns the family or service whose prefixes hold an address,
// shared and dedicated ones alike; tenant and unverified ones do not count.
func (r *Rules) OwnerOfAddr(a netip.Addr) (owner string, ok bool) { return "", false }

// ClosedOwner reports whether an owner's names are only ever served from its
// own prefixes (precedence 3), except those for which the second result of
// OwnerOfName is an in-ISP cache.
func (r *Rules) ClosedOwner(owner string) bool { return false }

// PublicResolver names a well-known public resolver.
func (r *Rules) PublicResolver(a netip.Addr) (name string, ok bool) { return "", false }
