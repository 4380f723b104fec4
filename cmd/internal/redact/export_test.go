package redact

import "net/netip"

// What tests from outside look at: those have reports of every kind tell a run, and one
// of these reports imports this package.
var (
	Nobodys     = nobodys
	ToArpa      = toArpa
	Fold        = fold
	Protos      = protos
	Ordinary    = ordinary
	LawOfPacket = lawOfPacket
)

// Knows reports whether the rules know an address.
func (r *Redactor) Knows(a netip.Addr) bool { return r.knows(a) }
