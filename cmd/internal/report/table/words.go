package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

// statusWord is the status as the screen shouts it.
func statusWord(s *answer.Service) string {
	switch s.Status {
	case answer.Blocked:
		if s.Works == answer.WorksPartly {
			return "BLOCKED IN PART"
		}
		return "BLOCKED"
	case answer.Throttled:
		return "THROTTLED"
	case answer.Degraded:
		return "DEGRADED"
	case answer.Failing:
		if s.Works == answer.WorksPartly {
			return "WORKS IN PART"
		}
		return "NOT WORKING"
	case answer.Inconclusive:
		return "CANNOT TELL"
	case answer.Unseen:
		return "unseen"
	}
	if lossy(s) {
		return "LOSSY"
	}
	return "ok"
}

// lossy: it works, through loss that hits everything alike.
func lossy(s *answer.Service) bool {
	return s.Status == answer.OK && (s.Cause == answer.CauseFirstHop || s.Cause == answer.CausePath)
}

// because says what a service that fails, or is lossy, fails by.
func because(s *answer.Service) string {
	switch s.Cause {
	case answer.CauseThisHost:
		return "dropped by this host"
	case answer.CauseFirstHop:
		return "the first hop is bad"
	case answer.CausePath:
		return "the path loses packets of everyone"
	case answer.CauseFarEnd:
		return "the far end"
	case answer.CauseOwnPolicy:
		return "by your own policy"
	}
	return "cause not shown"
}

// sureness is the verdict in a word.
func sureness(v finding.Verdict) string {
	switch v {
	case finding.Confirmed:
		return "sure"
	case finding.Likely:
		return "likely"
	case finding.Suspected:
		return "maybe"
	case finding.Inconclusive:
		return "unclear"
	}
	return string(v)
}

// label heads what a kind of finding says of a service.
func label(k finding.Kind) string {
	family, _, _ := strings.Cut(string(k), ".")
	switch {
	case k == finding.DropQUIC:
		return "QUIC"
	case k == finding.DropLocal:
		return "Host"
	case k == finding.DropCall, family == "call":
		return "Calls"
	case k == finding.PathLoss:
		return "Loss"
	case k == finding.HostAllowlist:
		return "Listed"
	case family == "dns":
		return "Names"
	case family == "rate":
		return "Rate"
	}
	return "Traffic"
}

// shownFunctions are told even when nobody tried them; others only when they
// were.
var shownFunctions = []string{"chat", "media", "call"}

// functionOrder lists the functions of a service that a row tells.
func functionOrder(s *answer.Service) []string {
	return slices.DeleteFunc(answer.FunctionOrder(s), func(f string) bool {
		return s.Functions[f] == string(answer.Unseen) && !slices.Contains(shownFunctions, f)
	})
}

// functionWord says how a function does.
func functionWord(s *answer.Service, function string) string {
	if bps, ok := s.Rates[function]; ok && s.Functions[function] == string(answer.OK) && tellsRate(function) {
		return answer.Rate(bps)
	}
	return doing(s.Functions[function])
}

// tellsRate: how fast a function goes matters to who uses it.
func tellsRate(function string) bool {
	switch function {
	case "chat", "call", "call_signalling", "registration", "push":
		return false
	}
	return true
}

// doing is a status of a function, or of a place, in a word or two.
func doing(status string) string {
	switch answer.Status(status) {
	case answer.OK:
		return "yes"
	case answer.Blocked, answer.Failing:
		return "no"
	case answer.Throttled:
		return "SLOW"
	case answer.Degraded:
		return "in part"
	case answer.Inconclusive:
		return "cannot tell"
	}
	return "not tried"
}

// functions are the cells of a service's row. Those not tried come last, in
// one.
func functions(s *answer.Service) []string {
	var out, missed []string
	not := untried(s)
	for _, f := range functionOrder(s) {
		switch {
		case answer.Status(s.Functions[f]) != answer.Unseen:
			out = append(out, answer.FunctionName(f)+" "+functionWord(s, f))
		case slices.Contains(not, f):
			missed = append(missed, answer.FunctionName(f))
		}
	}
	if len(missed) > 0 {
		out = append(out, strings.Join(missed, ", ")+" not tried")
	}
	return out
}

// untried lists the functions that nobody tried. What was seen of no function
// in particular may well have been chat or media: then only others count.
func untried(s *answer.Service) []string {
	of, seen := s.Functions[answer.FunctionAny]
	vague := seen && of != string(answer.Unseen)
	var out []string
	for f, st := range s.Functions {
		if st == string(answer.Unseen) && (!vague || f != "chat" && f != "media") {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out
}

// spell turns a code into words.
func spell(code string) string { return strings.ReplaceAll(code, "_", " ") }

func spellAll(codes []string) string {
	if len(codes) == 0 {
		return "nothing"
	}
	out := make([]string, 0, len(codes))
	for _, c := range codes {
		if w := spell(c); !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

// number writes thousands apart: 88,412.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func count(n int, one, many string) string {
	word := many
	if n == 1 {
		word = one
	}
	return number(uint64(n)) + " " + word
}

// lasted writes a duration in whole seconds, a short one in tenths, a long one
// in minutes.
func lasted(d time.Duration) string {
	switch {
	case d > 0 && d < 100*time.Millisecond:
		return fmt.Sprintf("%.0fms", max(1, float64(d)/1e6))
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	sec := int(d.Round(time.Second) / time.Second)
	switch {
	case sec < 60:
		return fmt.Sprintf("%ds", sec)
	case sec < 3600:
		return fmt.Sprintf("%dm%02ds", sec/60, sec%60)
	}
	return fmt.Sprintf("%dh%02dm", sec/3600, sec/60%60)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share*100) }

func milliseconds(ms float64) string {
	if ms < 9.95 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
