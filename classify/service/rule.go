package service

import (
	"net/netip"
	"time"
)

// place is where a rule stands.
type place struct {
	file string
	line int
}

func (p place) errorf(reason string) *Error { return &Error{p.file, p.line, reason} }

// matchKind is how a name rule matches; a higher kind beats a lower one.
type matchKind uint8

const (
	matchSuffix matchKind = iota // at label boundaries, the name itself included
	matchGlob                    // '*' stands for anything within one label
	matchExact
)

var matchKinds = map[string]matchKind{"suffix": matchSuffix, "glob": matchGlob, "exact": matchExact}

func (k matchKind) String() string { return [...]string{"suffix", "glob", "exact"}[k] }

// role is what an address says about a service.
type role uint8

const (
	roleTenant     role = iota // rentable: says nothing
	roleUnverified             // hint only
	roleShared                 // many services of one owner: the family, if there is one
	roleFamily                 // any service of the family
	roleLikely                 // the owner's by the look of it, not published
	roleDedicated              // only this service
	roleEndpoint               // one published host
)

var roles = map[string]role{
	"tenant": roleTenant, "unverified": roleUnverified, "shared": roleShared, "family": roleFamily,
	"likely": roleLikely, "dedicated": roleDedicated, "endpoint": roleEndpoint,
}

func (r role) String() string {
	return [...]string{"tenant", "unverified", "shared", "family", "likely", "dedicated", "endpoint"}[r]
}

// names reports whether addresses of that role say which service.
func (r role) names() bool { return r >= roleLikely }

// anyFunction is what rules say that do not tell a service's functions apart.
const anyFunction = "any"

// functions is the closed vocabulary of what a service can be seen doing.
var functions = map[string]bool{
	anyFunction: true, "chat": true, "media": true, "call": true, "call_signalling": true, "registration": true, "web": true, "push": true,
	"link": true, "telemetry": true, "update": true, "proxy": true, "config": true, "bot": true, "cdn": true,
	"api": true, "storage": true, "health": true, "ads": true, "hosting": true, "tunnel": true, "control": true,
	"federation": true, "dc": true, "other": true,
}

// function reads a function; files from before calls were told from their
// signalling say "calls".
func function(t text) text {
	if t.s == "calls" {
		t.s = "call"
	}
	return t
}

// confidences scale the weight of a rule, percent: high is a primary source or
// two independent ones, medium one secondary source, low weak or contradicted.
var confidences = map[string]int{"high": 100, "medium": 80, "low": 50}

// origin is what the rules of one list entry share.
type origin struct {
	fn   string
	conf string
	sure int // conf in percent
	src  []string
	note string
}

// nameRule is one name of one service.
type nameRule struct {
	*origin
	place
	svc       *svc
	kind      matchKind
	name      string // lower case; the pattern of a glob
	shared    bool
	elsewhere bool
}

// prefixRule is one address block of one service.
type prefixRule struct {
	*origin
	place
	svc    *svc
	role   role
	prefix netip.Prefix
	text   string // prefix, written once
	at     string // place of the service, "" not told
}

// owner returns whose the addresses are, "" when that is not known for certain.
func (p *prefixRule) owner() string {
	switch p.role {
	case roleTenant, roleUnverified:
		return ""
	case roleShared:
		return p.svc.family // without a family they are shared with strangers
	}
	return p.svc.owner
}

// portRule is one port range of one service.
type portRule struct {
	*origin
	place
	svc    *svc
	proto  uint8 // IP protocol
	lo, hi uint16
	weight int    // as written, percent
	text   string // as people write it: udp/596-599
}

// svc is one service with all its rules.
type svc struct {
	place
	id, name, category, family string
	owner                      string // family, else id
	functions                  []string
	date                       time.Time
	notes                      []string
	files                      []string
	names                      []*nameRule
	excluded                   []*exclusion
	prefixes                   []*prefixRule
	ports                      []*portRule
	magic                      []*magicRule
	tokens                     []*tokenRule
}
