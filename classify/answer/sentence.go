package answer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"chokepoint/classify/finding"
)

// sentence tells the answer in one line.
func (v *view) sentence(s *Service) string {
	head := v.info.Name + ": "
	var parts []string
	switch {
	case s.Status == Unseen && v.minor:
		good := v.named(OK)
		return head + "nothing was tried but " + and(good) + ", which " + plural(len(good), "works", "work")
	case s.Status == Unseen:
		if s.Names.Tried > 0 {
			return head + "its names were asked for, no connection was tried"
		}
		return head + "no name asked for, no address contacted"
	case v.portal:
		return head + "a captive portal answers in its place: one has to log in to this network first"
	case s.Status == Inconclusive && !v.minor:
		parts = append(parts, v.untold())
	case s.Status == OK:
		parts = v.fine(s)
	default:
		parts = v.troubled(s)
	}
	if s.Status == Failing && s.Cause == CauseUnknown && v.mainTotal.connections() > 0 {
		head = v.info.Name + " does not work and the cause is not shown: "
		if s.Works == WorksPartly {
			head = v.info.Name + " works in part only and the cause is not shown: "
		}
	}
	if s.Status == Degraded && s.Cause == CauseUnknown {
		parts = append(parts, "the cause is not shown")
	}
	if aside := v.besides(); aside != "" {
		parts = append(parts, aside)
	}
	if differ := v.differing(s); differ != "" {
		parts = append(parts, differ)
	}
	if len(v.unaffected) > 0 {
		parts = append(parts, and(v.unaffected)+" unaffected")
	}
	if where := v.where(v.telling(s.Status)); where != "" && s.Cause == CauseInterference {
		parts = append(parts, where)
	}
	return head + strings.Join(parts, "; ")
}

// untold tells which functions the capture cannot tell of, beside those that work.
func (v *view) untold() string {
	good := v.named(OK)
	if len(good) == 0 {
		return "tried, and this capture cannot tell whether it works"
	}
	return and(good) + " " + plural(len(good), "works", "work") + ", of " + and(v.named(Inconclusive)) + " this capture cannot tell"
}

func (v *view) fine(s *Service) []string {
	text := "works"
	if good := v.named(OK); len(good) > 1 || len(good) == 1 && good[0] != otherTraffic {
		all := tell(strings.Join(good, ", "), OK, WorksYes)
		text = all.name + " " + plural(len(good), all.verb(), all.many)
	}
	parts := []string{text}
	if t := &v.mainTotal; t.failed+t.spare > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d connections failed", t.failed+t.spare, t.connections()))
	}
	if text := v.survived(); text != "" {
		parts = append(parts, text)
	}
	switch s.Cause {
	case CauseThisHost:
		parts = append(parts, "this host's own kernel drops some of it")
	case CauseFirstHop:
		parts = append(parts, "slowed by a bad first hop")
	case CausePath:
		parts = append(parts, "slowed by loss on the path that hits everything alike")
	}
	return parts
}

// troubled tells what does not work, or not well: per function, then by what.
func (v *view) troubled(s *Service) []string {
	parts := v.phrases(s)
	if v.minor {
		return append(append([]string{v.perFunction(v.main)}, parts...), "nothing else was tried")
	}
	if v.heldOnly(s) {
		if good := v.named(OK); len(good) > 0 {
			parts = append(parts, strings.Join(good, ", ")+" unaffected")
		}
		return parts
	}
	if head := v.perFunction(v.main); head != "" && !v.allFail() {
		parts = append([]string{head}, parts...)
	}
	return parts
}

// heldOnly: one function is held, by findings that name it: then the phrases
// about them say which.
func (v *view) heldOnly(s *Service) bool {
	held := ""
	for _, f := range v.main {
		switch {
		case v.functions[f] == OK, v.functions[f] == Inconclusive:
		case v.functions[f] == Throttled && held == "":
			held = f
		default:
			return false
		}
	}
	for _, f := range v.telling(s.Status) {
		if effectOn(f) != throttles || f.Function != held {
			return false
		}
	}
	return held != ""
}

// allFail: every function fails alike, which the head of the sentence says.
func (v *view) allFail() bool {
	return !slices.ContainsFunc(v.main, func(f string) bool { return v.functions[f] != Failing })
}

// perFunction tells how functions do, "" when none has a name.
func (v *view) perFunction(functions []string) string {
	named := slices.ContainsFunc(functions, func(f string) bool { return f != FunctionAny })
	if !named {
		return ""
	}
	list := make([]told, 0, len(functions))
	for _, f := range functions {
		list = append(list, tell(inSentence(f), v.functions[f], v.function(f).works()))
	}
	return clauses(list)
}

// besides tells what is wrong with functions that do not count.
func (v *view) besides() string {
	return v.perFunction(slices.DeleteFunc(slices.Clone(v.aside), func(f string) bool {
		return v.functions[f] == OK || v.functions[f] == Inconclusive
	}))
}

// otherTraffic is what belongs to no function in particular, beside functions.
const otherTraffic = "other traffic"

func inSentence(function string) string {
	if function == FunctionAny {
		return otherTraffic
	}
	return FunctionName(function)
}

// named lists the functions of a status by name.
func (v *view) named(s Status) []string {
	var out []string
	for _, f := range v.main {
		if v.functions[f] == s {
			out = append(out, inSentence(f))
		}
	}
	return out
}

// phrases tells each kind once; failures no finding explains come last.
func (v *view) phrases(s *Service) []string {
	var out []string
	byKind := map[finding.Kind][]*finding.Finding{}
	telling := v.telling(s.Status)
	for _, f := range telling {
		byKind[f.Kind] = append(byKind[f.Kind], f)
	}
	connections := false
	for _, kind := range s.How {
		p := v.phrase(kind, byKind[kind])
		out = append(out, p)
		connections = connections || strings.HasPrefix(string(kind), "drop.") || kind == finding.ResetInjected
	}
	t := &v.mainTotal
	failed := t.failed + t.spare
	if !connections && failed > 0 && (s.Status == Failing || len(out) == 0) {
		out = append(out, fmt.Sprintf("%d of %d connections failed%s", failed, t.connections(), v.stageText()))
	}
	if t.connections() == 0 && t.denied > 0 && len(out) == 0 {
		out = append(out, fmt.Sprintf("%d of %d queries for its names denied", t.denied, t.names))
	}
	if t.connections() == 0 && t.denied > 0 && s.Works == WorksPartly && !v.minor {
		out = append(out, "no connection was tried")
	}
	switch {
	case s.Cause == CauseFirstHop, s.Cause == CausePath:
		out = append(out, "loss hits everything alike")
	case v.ownDoing():
		out = append(out, "by this host itself")
	}
	return out
}

// stageTexts says how far the failed attempts got.
var stageTexts = [stages]string{
	stageConnect: "SYNs unanswered",
	stageRefused: "refused",
	stageHello:   "the first payload unanswered",
	stageReset:   "reset right after the first payload",
	stageQUIC:    "QUIC unanswered",
	stageCut:     "cut",
}

func (v *view) stageText() string {
	var out []string
	for st, n := range v.mainTotal.stages {
		if n > 0 {
			out = append(out, stageTexts[st])
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// phrase tells what the findings of one kind say, with figures.
func (v *view) phrase(kind finding.Kind, list []*finding.Finding) string {
	first := list[0]
	flows := countFlows(list)
	what := fmt.Sprintf("%d %s", flows, plural(flows, "connection", "connections"))
	if tried := v.mainTotal.connections(); tried >= flows {
		what = fmt.Sprintf("%d of %d connections", flows, tried)
	}
	opens := "TCP opens"
	if ms := v.seen.opens.median(); ms != nil {
		opens = fmt.Sprintf("TCP opens in %.0f ms", *ms)
	}
	switch kind {
	case finding.DropHello:
		return what + ": " + opens + ", then the first payload gets no answer"
	case finding.DropConnect:
		return what + ": SYNs are not answered"
	case finding.DropMidflow:
		return what + " cut" + after(first)
	case finding.DropQUIC:
		return "QUIC is not answered while TCP works"
	case finding.DropCall:
		return "calls: relays do not answer or media is cut"
	case finding.DropLocal:
		return "this host's own kernel drops it"
	case finding.ResetInjected:
		if v.mainTotal.failed == 0 { // they count as failed where it worked
			return what + ": resets made by neither end, refused by this host"
		}
		return what + " reset by neither end"
	case finding.PayloadInjected:
		return what + ": answers come from a third party"
	case finding.ICMPProhibited:
		return what + " refused by ICMP"
	case finding.HostAllowlist:
		return "only listed destinations work from here"
	case finding.CallDegraded:
		return "calls degraded" + lossText(first)
	case finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered:
		return namePhrase(kind, list)
	}
	return ratePhrase(kind, list)
}

// survived tells what was done in vain, "" when nothing was: it makes no status, and
// whoever asks what is being done here wants to know.
func (v *view) survived() string {
	forged, names := 0, false
	for _, f := range v.about {
		if !raises(f) || !f.Survived || !v.concerns(f) {
			continue
		}
		switch f.Kind {
		case finding.DNSDenied, finding.DNSForged, finding.DNSUnanswered:
			names = true
		default:
			forged += len(f.Flows)
		}
	}
	var parts []string
	if forged > 0 {
		parts = append(parts, fmt.Sprintf("interference with %d %s had no effect", forged, plural(forged, "connection", "connections")))
	}
	if names {
		parts = append(parts, "forged answers about its names had no effect")
	}
	return strings.Join(parts, ", ")
}

func namePhrase(kind finding.Kind, list []*finding.Finding) string {
	by := map[string]bool{}
	for _, f := range list {
		if f.Server != nil {
			by[f.Server.IP.String()] = true
		}
	}
	resolvers := slices.Sorted(maps.Keys(by))
	if len(resolvers) > 2 {
		resolvers = append(resolvers[:2], "others")
	}
	where := ""
	if len(resolvers) > 0 {
		where = strings.Join(resolvers, ", ")
	}
	switch {
	case kind == finding.DNSUnanswered && where != "":
		return "queries for its names to " + where + " get no answer"
	case kind == finding.DNSUnanswered:
		return "queries for its names get no answer"
	case kind == finding.DNSForged && where != "":
		return `answers about its names "from ` + where + `" are forged`
	case kind == finding.DNSForged:
		return "answers about its names are forged"
	case where != "":
		return "names denied by " + where
	}
	return "names denied"
}

func after(f *finding.Finding) string {
	switch {
	case f.AfterPackets != nil:
		return fmt.Sprintf(" after %d packets", *f.AfterPackets)
	case f.AfterBytes != nil:
		return fmt.Sprintf(" after %d bytes", *f.AfterBytes)
	}
	return " halfway"
}

func lossText(f *finding.Finding) string {
	if f.Loss == nil {
		return ""
	}
	return fmt.Sprintf(", %.1f %% lost", *f.Loss*100)
}

func countFlows(list []*finding.Finding) int {
	flows := map[string]bool{}
	for _, f := range list {
		for _, id := range f.Flows {
			flows[id] = true
		}
	}
	return len(flows)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Rate writes bits per second as people do: "141 kbit/s".
func Rate(bps float64) string {
	switch {
	case bps >= 9.95e9:
		return fmt.Sprintf("%.0f Gbit/s", bps/1e9)
	case bps >= 9.995e8:
		return fmt.Sprintf("%.1f Gbit/s", bps/1e9)
	case bps >= 9.95e6:
		return fmt.Sprintf("%.0f Mbit/s", bps/1e6)
	case bps >= 9.995e5:
		return fmt.Sprintf("%.1f Mbit/s", bps/1e6)
	case bps >= 1e3:
		return fmt.Sprintf("%.0f kbit/s", bps/1e3)
	}
	return fmt.Sprintf("%.0f bit/s", bps)
}
