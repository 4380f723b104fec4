package service

import "slices"

// merge adds up what the files say of each service, in the order of the ids.
func merge(files []*parsed) ([]*svc, error) {
	byID := map[string]*svc{}
	for _, f := range files {
		for _, p := range f.patches {
			if p.disabled {
				if byID[p.id] == nil {
					return nil, p.errorf("there is no service " + p.id + " to disable")
				}
				delete(byID, p.id)
				continue
			}
			old := byID[p.id]
			if old == nil || p.replace {
				old = &svc{place: p.place, id: p.id}
				byID[p.id] = old
			}
			old.apply(p)
		}
	}
	out := make([]*svc, 0, len(byID))
	for _, id := range sortedKeys(byID) {
		s := byID[id]
		if s.name == "" || s.category == "" {
			return nil, s.errorf("service " + id + " needs name and category")
		}
		s.owner = s.id
		if s.family != "" {
			s.owner = s.family
		}
		out = append(out, s)
	}
	return out, nil
}

func (s *svc) apply(p *patch) {
	override(&s.name, p.name)
	override(&s.category, p.category)
	override(&s.family, p.family)
	s.date = later(s.date, p.date)
	for _, f := range p.functions {
		if !slices.Contains(s.functions, f) {
			s.functions = append(s.functions, f)
		}
	}
	s.notes = append(s.notes, p.notes...)
	s.files = append(s.files, p.files...)
	s.names = overlay(s.names, p.names)
	s.prefixes = overlay(s.prefixes, p.prefixes)
	s.ports = overlay(s.ports, p.ports)
	s.excluded = overlay(s.excluded, p.excluded)
	s.magic = overlay(s.magic, p.magic)
	s.tokens = overlay(s.tokens, p.tokens)
}

func override(dst *string, v string) {
	if v != "" {
		*dst = v
	}
}

// overlay appends rules; one with the key of an earlier one takes its place.
func overlay[R interface{ key() string }](old, more []R) []R {
	at := make(map[string]int, len(old)+len(more))
	for i, r := range old {
		at[r.key()] = i
	}
	for _, r := range more {
		if i, ok := at[r.key()]; ok {
			old[i] = r
			continue
		}
		at[r.key()] = len(old)
		old = append(old, r)
	}
	return old
}
