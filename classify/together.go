package classify

import (
	"cmp"
	"net/netip"
	"slices"

	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/flow"
	"chokepoint/classify/track"
)

// together looks for buckets that several flows drain. The flows of a client lie
// in several shards, and their transmission logs with them: they are laid side by
// side at ticks, while all workers stand still, when enough was lost since the
// last time or what lost has come to rest. A flow's log outlives it by as long as
// the flow stays in the table after its end, which is longer than that rest, so
// that nothing needs to be kept of flows that are over.
type together struct {
	parties map[party]*joined
	refs    []track.BulkRef // reused
}

// party is who may have a bucket to itself.
type party struct {
	client netip.Addr
	ifc    uint16
}

// logRef is a transmission log, and whose it is.
type logRef struct {
	track.BulkRef
	joined *joined // nil: it lost nothing so far
}

func (l *logRef) party() party { return party{l.Client, l.If} }

// joined is what is known of a party.
type joined struct {
	losses uint32 // in all logs now
	judged uint32 // when it was judged last
	grew   int64  // when they grew last, ns
	lossy  [2]int // logs of each direction that lost packets
	told   []*told
	shared []fact.SharesBucket
}

// Together is the name under which is told what was made of flows together.
const Together = "police.together"

const (
	// togetherFrom is how much the flows of a party must have lost together to be
	// worth a look: what one replay needs (MIN_NUM_SAMPLES, Flach et al. 2016).
	togetherFrom = 15
	// togetherRest is how long nothing may have been lost for the party to be
	// judged though little came since it was last, ns: longer than the pause that
	// ends a busy period.
	togetherRest = 2 * second
	// togetherNews is how large a part of what was judged must have been lost since
	// for that: a few more losses change little.
	togetherNews = 8
)

// join judges the parties that are due; at the end of the capture, all that lost
// something since.
func (r *run) join(final bool) {
	t := &r.together
	t.gather(r)
	r.world.Shared = r.world.Shared[:0]
	due, shared := []party{}, false
	for p, j := range t.parties {
		if j.lossy == [2]int{} {
			delete(t.parties, p) // what was told stands
			continue
		}
		if j.due(r.world.Now, final) {
			due = append(due, p)
		}
		shared = shared || len(j.shared) > 0
	}
	if len(due) == 0 && !shared {
		return
	}
	slices.SortFunc(due, func(a, b party) int { return cmp.Or(a.client.Compare(b.client), cmp.Compare(a.ifc, b.ifc)) })
	for _, p := range due {
		r.judgeParty(p, t.parties[p])
	}
	r.share()
}

// gather counts what the logs of each party lost. Only what lost packets has a
// party.
func (t *together) gather(r *run) {
	for _, s := range r.shards {
		if s.track.BulkNews() {
			t.refs = s.track.Bulks(t.refs[:0])
			s.list(t.refs, t)
		}
	}
}

// list keeps a shard's logs, and counts them instead of those of the last time.
func (s *shard) list(refs []track.BulkRef, t *together) {
	for i := range s.logs {
		if l := &s.logs[i]; l.Losses > 0 {
			l.joined.losses -= l.Losses
			l.joined.lossy[l.Dir]--
		}
	}
	s.logs = s.logs[:0]
	for i := range refs {
		l := logRef{BulkRef: refs[i]}
		if l.Lossy {
			l.joined = t.of(l.party())
		}
		if l.Losses > 0 {
			l.joined.losses += l.Losses
			l.joined.lossy[l.Dir]++
		}
		s.logs = append(s.logs, l)
	}
}

// of returns what is known of a party.
func (t *together) of(p party) *joined {
	j := t.parties[p]
	if j == nil {
		j = &joined{}
		if t.parties == nil {
			t.parties = map[party]*joined{}
		}
		t.parties[p] = j
	}
	return j
}

// due reports whether a party is to be judged.
func (j *joined) due(now int64, final bool) bool {
	if j.losses > j.judged && j.grew == 0 {
		j.grew = now
	}
	switch {
	case max(j.lossy[fact.Up], j.lossy[fact.Down]) < 2 || j.losses < togetherFrom || j.losses == j.judged:
		return false
	case final || j.losses > j.judged+j.judged/2:
		return true
	}
	return now-j.grew >= togetherRest && j.losses >= j.judged+j.judged/togetherNews
}

// judgeParty lays a party's flows side by side.
func (r *run) judgeParty(p party, j *joined) {
	j.judged, j.grew = j.losses, 0
	var logs []fact.Logged
	for _, s := range r.shards {
		for i := range s.logs {
			if l := &s.logs[i]; l.party() == p {
				logs = append(logs, s.logged(l.ID, l.Dir))
			}
		}
	}
	slices.SortStableFunc(logs, func(a, b fact.Logged) int { return cmp.Or(cmp.Compare(a.Flow, b.Flow), cmp.Compare(a.Dir, b.Dir)) })
	w := r.world
	if r.opt.Asked != nil {
		w = r.talkative()
	}
	now := detect.PolicedTogether(logs, w)
	r.tellTogether(logs, now.Judged)
	j.shared = now.Shared
	r.out.takeJoint(j, now.Findings, logs)
	for _, s := range r.shards {
		for i := range s.logs {
			if l := &s.logs[i]; l.party() == p {
				s.track.Rejudge(l.ID)
			}
		}
	}
}

// logged is a log with what is known of its flow.
func (s *shard) logged(id flow.ID, d fact.Dir) fact.Logged {
	f := &s.facts
	s.track.Snapshot(id, f, s.run.world.Now, fact.StillOpen)
	s.complete(f)
	return detect.Logged(f, d)
}

// tellTogether tells of flows that were asked for what was made of all of them.
func (r *run) tellTogether(logs []fact.Logged, made []detect.Judgement) {
	for i := range logs {
		if l := &logs[i]; r.opt.Asked.has(l.Flow) && (i == 0 || logs[i-1].Flow != l.Flow) {
			for _, m := range made {
				r.opt.Asked.Tell(&Made{Flow: l.Flow, By: Together, At: r.world.Now, Judgement: m})
			}
		}
	}
}

// share tells the flow detectors what came of it.
func (r *run) share() {
	for _, s := range r.shards {
		for i := range s.logs {
			l := &s.logs[i]
			if l.joined == nil {
				continue
			}
			for _, b := range l.joined.shared {
				if b.Flow == l.Flow && b.Dir == l.Dir {
					r.world.Shared = append(r.world.Shared, b)
				}
			}
		}
	}
}

// takeJoint compares what the flows of a party say together with what was told.
// What was found of flows whose logs are gone stands.
func (o *emission) takeJoint(j *joined, now []finding.Finding, logs []fact.Logged) {
	old := j.told
	j.told = nil
	for i := range now {
		f := &now[i]
		t := match(old, f)
		if t == nil {
			t = &told{bare: *f, finding: *f, fresh: true}
		} else {
			old = slices.DeleteFunc(old, func(x *told) bool { return x == t })
			t.update(f)
		}
		j.told = append(j.told, t)
	}
	for _, t := range old {
		if !slices.ContainsFunc(t.bare.Flows, func(id string) bool {
			return !slices.ContainsFunc(logs, func(l fact.Logged) bool { return l.Flow.String() == id })
		}) {
			t.withdraw()
		}
		if t.fresh {
			o.fresh = append(o.fresh, t)
		}
	}
	for _, t := range j.told {
		if t.fresh {
			o.fresh = append(o.fresh, t)
		}
	}
}
