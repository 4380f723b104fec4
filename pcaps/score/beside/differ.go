package beside

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/score"
)

// Difference is something that is said of live capture otherwise than of the
// recording as live capture would deliver it.
type Difference struct {
	Case, File string
	Offloads   bool
	What       string // kind and flow, or whose status
	Recorded   string // verdicts, or the status; "" nothing is said
	Live       string
	Accuses    bool   // one of the two accuses somebody
	Why        string // "" is unexplained
}

// String is one line.
func (d *Difference) String() string {
	or := func(s, none string) string {
		if s == "" {
			return none
		}
		return s
	}
	on := ""
	if d.Offloads {
		on = ", offloads on"
	}
	return fmt.Sprintf("%s/%s%s: %s: recorded %s, live %s: %s", d.Case, strings.TrimSuffix(d.File, ".pcapng"), on, d.What,
		or(d.Recorded, "nothing"), or(d.Live, "nothing"), or(d.Why, "UNEXPLAINED"))
}

// topic is what findings are told apart by, on whatever packets they stand.
type topic struct {
	kind           finding.Kind // "" is the status of a service
	service        string
	proto          string
	client, server finding.Endpoint // zero: of no one flow
	name           string
}

// about is the topic of a finding.
func about(f *finding.Finding) topic {
	t := topic{kind: f.Kind, service: f.Service, proto: f.Proto, name: f.Name}
	if f.Client != nil {
		t.client = *f.Client
	}
	if f.Server != nil {
		t.server = *f.Server
	}
	return t
}

// String names it.
func (t topic) String() string {
	if t.kind == "" {
		return "status of " + t.service
	}
	s := string(t.kind) + " " + t.service
	if t.client.IP.IsValid() {
		s += fmt.Sprintf(" %s %v port %d", t.proto, t.client.IP, t.client.Port)
	}
	if t.server.IP.IsValid() {
		s += fmt.Sprintf(" to %v port %d", t.server.IP, t.server.Port)
	}
	if t.name != "" {
		s += fmt.Sprintf(" (%.60q)", t.name)
	}
	return s
}

// said is what is said of each topic: verdicts, sorted, or a status.
func said(o *score.Observed) map[topic]string {
	verdicts := map[topic][]string{}
	for i := range o.Findings {
		if f := &o.Findings[i].Finding; f.Verdict != finding.Withdrawn {
			t := about(f)
			verdicts[t] = append(verdicts[t], string(f.Verdict))
		}
	}
	out := map[topic]string{}
	for t, v := range verdicts {
		slices.Sort(v)
		out[t] = strings.Join(v, ", ")
	}
	for service, status := range o.Status {
		out[topic{service: service}] = status
	}
	return out
}

// accuses reports whether what is said of a topic accuses anybody.
func (t topic) accuses(said string) bool {
	switch {
	case t.kind == "":
		return said == "blocked" || said == "throttled" || said == "degraded"
	case !score.Accuses(t.kind):
		return false
	}
	return strings.Contains(said, string(finding.Confirmed)) || strings.Contains(said, string(finding.Likely))
}

// differences compares live capture with the recording.
func (w *ways) differences() (out []Difference, err error) {
	recorded, live := said(w.plan), said(w.heard)
	topics := map[topic]string{}
	maps.Copy(topics, recorded)
	maps.Copy(topics, live)
	for t := range topics {
		if recorded[t] == live[t] {
			continue
		}
		d := Difference{File: w.side.File, What: t.String(), Recorded: recorded[t], Live: live[t],
			Accuses: t.accuses(recorded[t]) || t.accuses(live[t])}
		if d.Why, err = w.explain(t); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.What, b.What) })
	return out, nil
}
