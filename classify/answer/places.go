package answer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// maxPlaces bounds the places told apart of one service: its data centres are a
// handful, and what the wire says they are is foreign.
const maxPlaces = 64

// place is the tally of a place, nil where none is known.
func (s *seen) place(name string) *tally {
	t := s.places[name]
	if t == nil && name != "" && len(s.places) < maxPlaces {
		t = &tally{}
		s.places[name] = t
	}
	return t
}

// place is what was tried of a place. What clients fall back from is no failure
// of a place while the service works elsewhere: such clients may have no way to
// any of them.
func (v *view) place(name string) *part {
	p := &part{effects: v.atPlaces[name]}
	if t := v.seen.places[name]; t != nil {
		p.tried = *t
	}
	if v.total.worked > 0 {
		p.tried.open += p.tried.spare
		p.tried.spare = 0
	}
	return p
}

// judgePlaces judges the places that anything was seen of, nil when none was.
func (v *view) judgePlaces() map[string]Status {
	var out map[string]Status
	for name := range v.seen.places {
		st := v.place(name).status()
		if st == Unseen {
			continue
		}
		if out == nil {
			out = map[string]Status{}
		}
		out[name] = st
	}
	return out
}

// PlaceOrder lists the places of an answer: dc2 before dc10.
func PlaceOrder(s *Service) []string { return byNumber(maps.Keys(s.Places)) }

func byNumber(places func(yield func(string) bool)) []string {
	out := slices.Collect(places)
	slices.SortFunc(out, func(a, b string) int {
		ha, na := number(a)
		hb, nb := number(b)
		return cmp.Or(strings.Compare(ha, hb), cmp.Compare(len(na), len(nb)), strings.Compare(a, b))
	})
	return out
}

// number parts the digits at the end of a name from what stands before them.
func number(s string) (head, digits string) {
	head = strings.TrimRight(s, "0123456789")
	return head, s[len(head):]
}

// PlacesDiffer reports whether some of the places work otherwise than others. What cannot be
// told is no difference.
func PlacesDiffer(s *Service) bool {
	first := ""
	for _, st := range s.Places {
		if st == string(Inconclusive) {
			continue
		}
		if first != "" && st != first {
			return true
		}
		first = st
	}
	return false
}

// maxPlacesTold is how many places a sentence names.
const maxPlacesTold = 3

// differing tells the places, the troubled ones when they are many, "" when
// they are all alike.
func (v *view) differing(s *Service) string {
	if !PlacesDiffer(s) {
		return ""
	}
	list := slices.DeleteFunc(PlaceOrder(s), func(p string) bool { return v.places[p] == Inconclusive })
	more := len(list) - maxPlacesTold
	if more > 0 {
		slices.SortStableFunc(list, func(a, b string) int { return v.places[a].gravity() - v.places[b].gravity() })
		list = list[:maxPlacesTold]
	}
	said := make([]told, 0, len(list))
	for _, p := range list {
		said = append(said, tell(p, v.places[p], v.place(p).works()))
	}
	return clauses(said) + andMore(more)
}
