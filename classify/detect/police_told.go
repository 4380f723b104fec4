package detect

import "chokepoint/classify/fact"

// Replay is what became of one stretch of backlogged sending, or a part of it, in
// the replay of a token bucket.
type Replay struct {
	Dir      fact.Dir
	Stretch  int   // from 0
	From, To int64 // ns
	Lost     int
	Codes    [2]uint8   // of all losses, and without the outermost: 0 fits, 1 to 7 are those of Flach et al.
	Bps      [2]float64 // of IP bytes
}

// Fits reports whether either run accounts for what was lost.
func (r *Replay) Fits() bool { return r.Codes[0] == uint8(policeOK) || r.Codes[1] == uint8(policeOK) }

// told lists what became of every stretch.
func (p *policing) told(d fact.Dir) []Replay {
	var out []Replay
	for i := range p.trials {
		t := &p.trials[i]
		r := Replay{Dir: d, Stretch: t.origin, From: t.start, To: t.end, Lost: int(t.lost)}
		for k := range t.runs {
			r.Codes[k], r.Bps[k] = uint8(t.runs[k].code), 8*t.runs[k].rate
		}
		out = append(out, r)
	}
	return out
}
