package classify

import "chokepoint/classify/track"

// learnRate keeps how the throughput of a direction stands, under the service it is of.
func (r *run) learnRate(o *track.RateSeen) {
	s := o.Series
	l := r.label(labelled{
		sni: s.Name, signs: o.Signs, both: true, client: s.Client, server: s.Server, port: s.Port, proto: s.Proto, start: o.Start,
	})
	s.Service, s.Function, s.Owner = l.Service, l.Function, owner(l)
	o.Series = r.world.SawRate(s)
}
