package table

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
)

// lacks names what a whole capture lacks, by the codes of [answer.Service]
// CannotTell.
var lacks = map[string]string{
	"no_control":    "no control",
	"one_way":       "one direction",
	"snaplen":       "bytes cut off",
	"capture_gap":   "holes",
	"kernel_drops":  "packets lost",
	"capture_ended": "too short",
	"truncated":     "cut short",
	"midstream":     "late start",
	"evicted":       "memory",
	"clock_step":    "clock",
	"synthetic":     "made-up headers",
	"no_rtt":        "no timing",
	"host_filter":   "a filter",
}

// retryCycle is how long Linux repeats a SYN before it gives up: 1, 2, 4, 8,
// 16 and 32 s (tcp_syn_retries 6 and its initial timeout of 1 s).
const retryCycle = 63 * time.Second

// lack says why a capture cannot tell, and what it is good for all the same; of
// a run without trouble, what it does not show.
func (t *telling) lack(s *screen) {
	if len(t.trouble) == 0 {
		s.blank()
		s.text(useful, pad("This does not show", 21), 21, strings.Join(t.untriedParts(), "; "))
		return
	}
	lines, good := t.lackLines()
	if len(lines) == 0 {
		return
	}
	s.blank()
	s.text(useful, "", 0, "Why it cannot tell")
	for _, l := range lines {
		s.text(useful, pad("  "+l[0], 18), 18, l[1])
	}
	if good != "" {
		s.text(spare, pad("Good enough", 18), 18, good)
	}
}

// lackLines names what the capture lacks, with a sentence each, and what it does
// not lack; nothing where no service's cause is unknown for it.
func (t *telling) lackLines() (lines [][2]string, good string) {
	done := map[string]bool{}
	for _, svc := range t.trouble {
		if svc.Cause != answer.CauseUnknown {
			continue
		}
		for _, c := range svc.CannotTell {
			if head, ok := lacks[c.Code]; ok && !done[c.Code] {
				done[c.Code] = true
				lines = append(lines, [2]string{head, c.Text + t.recorded(c.Code)})
			}
		}
	}
	if len(lines) == 0 {
		return nil, ""
	}
	if d := t.stats.Last.Sub(t.stats.First); done["capture_ended"] && d < retryCycle {
		lines = append(lines, [2]string{lasted(d), "a retry cycle takes 63 s"})
	}
	return lines, t.goodEnough(done)
}

// recorded quotes the filter that a file says it was recorded with.
func (t *telling) recorded(code string) string {
	if code != "no_control" && code != "host_filter" {
		return ""
	}
	for _, f := range t.meta.Files {
		if f.Filter != "" {
			return fmt.Sprintf(" (recorded with filter %q, the file says)", cut(f.Filter, 40))
		}
	}
	return ""
}

// goodEnough lists what a capture does not lack: neither all of it nor, as done
// holds the codes of, the flows that cannot be told.
func (t *telling) goodEnough(done map[string]bool) string {
	b, lost := t.stats.Blind, t.stats.Source.Dropped+t.stats.Source.Lost > 0
	var good []string
	for _, x := range [...]struct {
		is   string
		lack bool
	}{
		{"clock", b&fact.BlindClockStep != 0 || done["clock_step"]},
		{"whole packets", b&fact.BlindSnaplen != 0 || done["snaplen"]},
		{"both directions", b&fact.BlindOneWay != 0 || done["one_way"]},
		{"capture lost nothing", lost || done["kernel_drops"] || done["capture_gap"]},
	} {
		if !x.lack {
			good = append(good, x.is)
		}
	}
	return strings.Join(good, ", ")
}

// askedFor are the functions that are missed when nobody tried them.
var askedFor = []string{"chat", "media", "call", "registration"}

// untriedParts lists what nobody tried: not tried is never ok.
func (t *telling) untriedParts() []string {
	by := map[string][]string{} // functions, by the services that lack them
	var order []string
	for _, f := range askedFor {
		var names []string
		for _, svc := range t.fine {
			if slices.Contains(untried(svc), f) {
				names = append(names, svc.Name)
			}
		}
		who := strings.Join(names, ", ")
		if len(names) > 3 {
			who = fmt.Sprintf("%d services", len(names))
		}
		if who == "" {
			continue
		}
		if by[who] == nil {
			order = append(order, who)
		}
		by[who] = append(by[who], answer.FunctionName(f))
	}
	var parts []string
	for _, who := range order {
		parts = append(parts, strings.Join(by[who], ", ")+" of "+who)
	}
	return append(parts, "other hours")
}

// maxSteps is how much advice a screen gives.
const maxSteps = 3

// steps are what to do next; again reports that one of them is another capture.
func (t *telling) steps() (steps []string, again bool) {
	for _, list := range [][]*answer.Service{t.trouble, t.unseen} {
		for _, svc := range list {
			for _, step := range svc.Next {
				again = again || strings.HasPrefix(step.Text, "capture again")
				if !slices.Contains(steps, step.Text) {
					steps = append(steps, step.Text)
				}
			}
		}
	}
	if len(steps) == 0 && t.path() != nil && t.allLossy() {
		steps = append(steps, "the same on a cable or beside the router, then ask again")
	}
	if len(steps) == 0 && len(t.trouble) == 0 && !t.interference() && len(t.fine) > 0 {
		steps = append(steps, "keep it as a yardstick: --json > good.jsonl")
	}
	return steps[:min(len(steps), maxSteps)], again
}

// recipe is the command for another capture.
const recipe = "sudo tcpdump -i IFACE -s 0 -G 120 -W 1 -w again.pcap 'not port 22'"

// next says what to do, and how to ask further.
func (t *telling) next(s *screen) {
	steps, again := t.steps()
	first := true
	add := func(keep int, sep string, cells ...string) {
		head := strings.Repeat(" ", 8)
		if first {
			s.blank()
			head = pad("Next", 8)
		}
		first = false
		s.items = append(s.items, item{lines: flow(head, 8, sep, cells), keep: keep})
	}
	for i, text := range steps {
		add(dear+i, " ", strings.Fields(text)...)
	}
	if again {
		add(useful, "", recipe)
	}
	if hints := t.ask(); len(hints) > 0 {
		add(useful, "   ", hints...)
	}
}

// ask names the flags that say more about this run.
func (t *telling) ask() []string {
	if t.opt.Verbose {
		return nil
	}
	if len(t.trouble) > 0 || slices.ContainsFunc(t.groups, (*group).accuses) {
		return []string{"-v for the evidence", "--json for all of it"}
	}
	return nil
}
