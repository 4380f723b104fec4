package classify

import (
	"chokepoint/capture"
	"chokepoint/classify/track"
)

// learnTalk keeps how a conversation over UDP stands, under the service it is of.
func (r *run) learnTalk(o *track.TalkSeen) {
	t := o.Talk
	e := r.little(labelled{
		sni: t.Name, signs: o.Signs, both: t.Answered != 0, client: t.Client, server: t.Server,
		port: t.Port, proto: capture.ProtoUDP, start: o.Start,
	})
	l := r.opt.Rules.Classify(&e)
	r.narrow(&e, &l, t.Client, t.Flow, o.Start, o.Start)
	t.Service, t.Owner = l.Service, owner(l)
	r.world.SawTalk(t)
}
