// Package report holds what all ways of telling a run share: the [Meta] that
// comes first, the [Report] each of them is, and [Text], through which foreign
// text has to go before a terminal sees it. The ways themselves are packages
// below this one.
package report

import "chokepoint/classify"

// Report tells one capture. Begin is called once before anything else, then the
// methods of the sink as the run finds things, then End once, also when the
// input broke off or the run was interrupted.
type Report interface {
	Begin(m *Meta) error
	classify.Sink
	End(s *classify.Stats) error
}
