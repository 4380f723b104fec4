package track

import "chokepoint/capture"

// headers keeps the baseline of a direction's IP header fields, by packets that
// are no resets: those are compared with it.
func (s *side) headerFields(p *capture.Packet) {
	s.hopLimit(p.TTL)
	if s.flags&tosSeen == 0 {
		s.tos, s.flags = p.TOS, s.flags|tosSeen
	}
	if p.Has&capture.HasIPID == 0 {
		return
	}
	if s.flags&hasIPID != 0 {
		s.classifyIPID(p.IPID)
	}
	s.ipid = p.IPID
	s.flags |= hasIPID | dfSeen
	if p.Has&capture.HasDF != 0 {
		s.flags |= dfSet
	} else {
		s.flags &^= dfSet
	}
}

// hopLimit counts the two most frequent values, by majority voting (Boyer and
// Moore): more than two are rare, and then the rest is in min and max.
func (s *side) hopLimit(ttl uint8) {
	if s.flags&ttlSeen == 0 {
		s.flags |= ttlSeen
		s.ttl, s.ttlMin, s.ttlMax, s.ttlN = ttl, ttl, ttl, 1
		return
	}
	s.ttlMin, s.ttlMax = min(s.ttlMin, ttl), max(s.ttlMax, ttl)
	switch {
	case ttl == s.ttl:
		inc8(&s.ttlN)
	case s.ttlAltN == 0 || ttl == s.ttlAlt:
		s.ttlAlt = ttl
		if inc8(&s.ttlAltN); s.ttlAltN > s.ttlN {
			s.ttl, s.ttlAlt = s.ttlAlt, s.ttl
			s.ttlN, s.ttlAltN = s.ttlAltN, s.ttlN
		}
	default:
		s.ttlAltN--
	}
}

// maxIPIDStep is how far a counter shared by a host's flows may move between
// two packets of one of them.
const maxIPIDStep = 1024

func (s *side) classifyIPID(id uint16) {
	switch d := id - s.ipid; {
	case d == 0:
		inc8(&s.ipidSame)
	case d <= maxIPIDStep:
		inc8(&s.ipidStep)
	default:
		inc8(&s.ipidOther)
	}
}
