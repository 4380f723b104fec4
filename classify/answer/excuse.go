package answer

import "chokepoint/classify/finding"

// unwanted are the innocent causes that say nobody wanted the service: a scanner looks
// for what answers.
var unwanted = map[string]bool{"scanner": true}

// excuse remembers the flows that were no attempts, until a revision says otherwise.
func (b *Builder) excuse(f *finding.Finding) {
	out := f.Verdict == finding.Benign && unwanted[f.BenignCause]
	for _, id := range f.Flows {
		switch {
		case !out:
			delete(b.unasked, id)
		case len(b.unasked) < maxAccused:
			b.unasked[id] = struct{}{}
		}
	}
}

// leaveOut takes out of the counts what were no attempts.
func (b *Builder) leaveOut(views map[string]*seen) {
	if len(b.unasked) == 0 {
		return
	}
	for key, r := range b.records { // only counted: the order does not show
		if _, out := b.unasked[key.flow]; !out || r.queries > 0 {
			continue
		}
		s := views[key.service]
		s.tally(r.function).excuse(r)
		if at := s.places[r.place]; at != nil {
			at.excuse(r)
		}
	}
}
