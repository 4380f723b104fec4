package table

import (
	"fmt"
	"slices"
	"strings"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// Told is what the screen says, in its parts, for reports that lay it out in another
// way: the same words in the same order. All texts are raw.
type Told struct {
	Name     string   // of what was read
	Facts    []string // when it was taken, how much it holds, what it lost
	Vantage  string   // where it was taken, and what it can be compared with
	Notes    []string // what limits the answer
	LeftOut  []string // what was counted and not looked at
	Verdict  string   // the first sentence; "" where services are in trouble
	Services []ToldService
	Others   string       // what belongs to no known service
	Groups   []ToldGroup  // of findings that stand, surest first
	LetGo    [][2]string  // how many of what, and what became of them
	Lacks    [][2]string  // why the capture cannot tell
	Good     string       // what it does not lack
	Untried  []string     // what nobody tried
	Next     []string     // what to do next
	Recipe   string       // a command for another capture; "" not called for
	Beyond   int          // findings that were counted, not kept
	Beside   []ToldSaying // what is interfered with beside what works, and of no known service
	Path     *ToldSaying  // loss that hits everything alike
}

// ToldService is one service's answer.
type ToldService struct {
	*answer.Service
	Word      string   // its status as the screen shouts it
	Because   string   // why it fails, where that is a cause; ""
	Functions []string // "chat yes", "calls not tried"
	Places    []string // "dc2 yes", where they differ; nil
	Failing   string   // "3 of 5 connections fail"; ""
	Sayings   []ToldSaying
	Fits      string // causes that fit, where it is not known; ""
	Meanwhile string // what others did, where it is slow; ""
	Where     string // of its findings; ""
	NotShown  string // what stays open of it; ""
}

// ToldSaying is a sentence about a service with the finding it is from.
type ToldSaying struct {
	Label    string // Traffic, Names, Rate
	Text     string
	ID       string // of the finding; "" none
	Sureness string // of it: sure, likely, maybe
}

// ToldGroup is the findings of one kind and verdict about one service.
type ToldGroup struct {
	Lead     *finding.Finding   // the first, which speaks for all
	Findings []*finding.Finding // all, the lead too
	Size     string             // "9 flows, 54s"
	Accuses  bool               // worth a place among the findings
	Context  bool               // of a kind that accuses nobody
}

// Told returns what the screen would say of a run that had ended so.
func (r *Report) Told(s *classify.Stats) *Told {
	r.stats = s
	t := r.tell()
	out := &Told{
		Name: t.name(), Facts: t.facts(), Vantage: t.vantage(), Notes: t.health(), LeftOut: t.leftOut(),
		LetGo: t.lookedAt(), Beyond: t.notKept(),
	}
	if n := len(s.EncryptedDNS); n > 0 {
		out.Notes = append(out.Notes, strings.TrimSpace(strings.TrimPrefix(secretLine(s.EncryptedDNS, min(n, maxSecret), columns), "Note")))
	}
	if len(t.trouble) == 0 || t.allLossy() {
		out.Verdict = t.verdict()
	}
	for _, list := range [][]*answer.Service{t.trouble, t.fine, t.unseen} {
		for _, svc := range list {
			out.Services = append(out.Services, t.service(svc))
		}
	}
	out.Others = t.othersText()
	for _, g := range t.groups {
		out.Groups = append(out.Groups, ToldGroup{Lead: g.Finding, Findings: g.all, Size: g.size(), Accuses: g.accuses(), Context: g.context()})
		switch {
		case t.aside(g):
			out.Beside = append(out.Beside, say(g, t.whose(g)+g.Summary))
		case g.Service == "" && g.sure() && !g.context() && (g.Kind != finding.HostAllowlist || len(t.trouble) == 0):
			out.Beside = append(out.Beside, say(g, g.Summary))
		}
	}
	if g := t.path(); g != nil {
		p := say(g, g.Summary)
		out.Path = &p
	}
	if len(t.trouble) > 0 {
		out.Lacks, out.Good = t.lackLines()
	} else {
		out.Untried = t.untriedParts()
	}
	var again bool
	if out.Next, again = t.steps(); again {
		out.Recipe = recipe
	}
	return out
}

func say(g *group, text string) ToldSaying {
	return ToldSaying{Label: label(g.Kind), Text: text, ID: g.ID, Sureness: sureness(g.Verdict)}
}

// service tells one service, as its block on the screen does.
func (t *telling) service(svc *answer.Service) ToldService {
	out := ToldService{Service: svc, Word: statusWord(svc), Functions: functions(svc)}
	if len(svc.Places) > 1 && (t.isTrouble(svc) || answer.PlacesDiffer(svc)) {
		for _, p := range answer.PlaceOrder(svc) {
			out.Places = append(out.Places, p+" "+doing(svc.Places[p]))
		}
	}
	if lossy(svc) {
		out.Because = because(svc)
	}
	if !t.isTrouble(svc) {
		return out
	}
	open := svc.Status == answer.Failing || svc.Status == answer.Inconclusive
	if open {
		out.Because = because(svc)
	}
	if a := svc.Attempts; open && a.Failed > 0 {
		out.Failing = fmt.Sprintf("%s of %s fail", number(uint64(a.Failed)), count(a.Tried, "connection", "connections"))
	}
	groups := t.groupsOf(svc)
	for _, g := range groups {
		out.Sayings = append(out.Sayings, say(g, t.groupText(svc, g)))
	}
	if len(groups) == 0 && svc.Status != answer.Inconclusive {
		out.Sayings = append(out.Sayings, ToldSaying{Label: "Certain", Text: certain(svc)})
	}
	if svc.Status == answer.Failing && svc.Cause == answer.CauseUnknown {
		out.Fits = strings.Join(svc.Fits, ", ")
	}
	if svc.Status == answer.Throttled {
		out.Meanwhile = t.meanwhileText()
	}
	out.Where, out.NotShown = t.where(groups), notShown(svc)
	return out
}

func (t *telling) isTrouble(svc *answer.Service) bool { return slices.Contains(t.trouble, svc) }

// othersText sums up what belongs to no known service.
func (t *telling) othersText() string {
	o := t.stats.Others
	if o.Worked+o.Failed == 0 {
		return "none in the capture"
	}
	parts := []string{number(uint64(o.Worked)) + " ok"}
	if o.Failed > 0 {
		parts = append(parts, number(uint64(o.Failed))+" fail")
	}
	if m := median(o); m != "" {
		parts = append(parts, m)
	}
	return strings.Join(parts, ", ")
}
