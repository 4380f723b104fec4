package answer

import "slices"

// maxParties bounds the other parties that are told apart.
const maxParties = 4096

// bulkFloor is the best second from which a flow counts as a transfer, bits/s:
// what loads a small page says nothing about the rate that was to be had.
const bulkFloor = 1e6

// Others sums up the parties of no known service: registrable names, or
// addresses where no name was seen.
type Others struct {
	Parties int // told apart
	Worked  int // of them, something worked with
	Failed  int // of them, nothing worked with and something failed
	Beyond  int // flows of further parties, when there were too many to tell apart

	Flows       int // attempts that were decided
	FlowsWorked int

	MedianBps *float64 // over the parties' best second, IP bytes
	OpensMs   *float64 // median handshake time

	// Controls is how many parties worked, services and others together.
	Controls int
}

// others collects them.
type others struct {
	parties map[string]*otherParty
	beyond  int
	opens   sample
	worked  int
	failed  int
}

type otherParty struct {
	worked, failed bool
	peak           float64
}

func (o *others) add(name string, result outcome, opensMs, peak float64) {
	if opensMs > 0 {
		o.opens.add(opensMs)
	}
	switch result {
	case worked:
		o.worked++
	case failed:
		o.failed++
	}
	if o.parties == nil {
		o.parties = map[string]*otherParty{}
	}
	p := o.parties[name]
	if p == nil {
		if len(o.parties) >= maxParties {
			o.beyond++
			return
		}
		p = &otherParty{}
		o.parties[name] = p
	}
	p.worked = p.worked || result == worked
	p.failed = p.failed || result == failed
	p.peak = max(p.peak, peak)
}

func (o *others) sum() Others {
	s := Others{Parties: len(o.parties), Beyond: o.beyond, OpensMs: o.opens.median(),
		Flows: o.worked + o.failed, FlowsWorked: o.worked}
	var peaks []float64
	for _, p := range o.parties {
		switch {
		case p.worked:
			s.Worked++
		case p.failed:
			s.Failed++
		}
		if p.worked && p.peak >= bulkFloor {
			peaks = append(peaks, p.peak)
		}
	}
	slices.Sort(peaks)
	s.MedianBps = median(peaks)
	return s
}
