package metrics

import (
	"time"

	"chokepoint/classify/finding"
)

// What is kept of findings: the newest, and of them those that speak of about the
// time that the answers so far are about, ten to twenty minutes.
const (
	maxStanding = 4096
	lately      = 20 * time.Minute
)

// key is what findings are counted by.
type key struct{ service, kind, verdict string }

var findingLabels = []string{"service", "kind", "verdict"}

// standing counts the findings that stand, by what was said of each last.
type standing struct {
	counts map[key]int
	at     map[string]int // index in ring, by id
	ring   [maxStanding]stands
	next   int
}

// stands is one finding.
type stands struct {
	id string // "": none
	key
	gone bool      // taken back: known still, so that it is not new when it is told again
	to   time.Time // packet time of the last that it speaks of
}

// add takes a finding or a later revision of one, and reports whether that verdict of
// it is new.
func (s *standing) add(f *finding.Finding, k key) bool {
	if s.at == nil {
		s.counts, s.at = map[key]int{}, map[string]int{}
	}
	i, known := s.at[f.ID]
	if known && s.ring[i].key == k {
		s.ring[i].to = f.To
		return false
	}
	if !known {
		i = s.next
		s.next = (s.next + 1) % maxStanding
	}
	s.drop(i)
	x := stands{id: f.ID, key: k, to: f.To, gone: f.Verdict == finding.Withdrawn}
	s.ring[i], s.at[f.ID] = x, i
	if !x.gone {
		s.counts[k]++
	}
	return true
}

// drop forgets what is at an index.
func (s *standing) drop(i int) {
	x := &s.ring[i]
	if x.id == "" {
		return
	}
	if !x.gone {
		if s.counts[x.key]--; s.counts[x.key] == 0 {
			delete(s.counts, x.key)
		}
	}
	delete(s.at, x.id)
	*x = stands{}
}

// forget drops what speaks of long ago.
func (s *standing) forget(now time.Time) {
	for i := range s.ring {
		if x := &s.ring[i]; x.id != "" && now.Sub(x.to) > lately {
			s.drop(i)
		}
	}
}
