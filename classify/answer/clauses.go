package answer

import (
	"fmt"
	"strings"
)

// told is one thing of which a sentence says how it does.
type told struct {
	name      string
	one, many string // how it reads of one thing and of several
}

// tell says how something does that was tried.
func tell(name string, s Status, works string) told {
	t := told{name, "works", "work"}
	switch {
	case s == Blocked:
		t.one, t.many = "is blocked", "are blocked"
	case s == Throttled:
		t.one, t.many = "is throttled", "are throttled"
	case s == Degraded:
		t.one, t.many = "works in part", "work in part"
	case s == Failing && works == WorksPartly:
		t.one, t.many = "fails in part", "fail in part"
	case s == Failing:
		t.one, t.many = "does not work", "do not work"
	case s == Inconclusive:
		t.one, t.many = "cannot be told", "cannot be told"
	}
	return t
}

// clauses tells several things, those that do alike together: "chat works, media
// is throttled, calls are blocked".
func clauses(list []told) string {
	var order []string
	by := map[string][]told{}
	for _, t := range list {
		if by[t.one] == nil {
			order = append(order, t.one)
		}
		by[t.one] = append(by[t.one], t)
	}
	parts := make([]string, 0, len(order))
	for _, how := range order {
		parts = append(parts, clause(by[how]))
	}
	return strings.Join(parts, ", ")
}

// clause tells things that do alike.
func clause(list []told) string {
	names := make([]string, 0, len(list))
	for _, t := range list {
		names = append(names, t.name)
	}
	if len(names) == 1 {
		return names[0] + " " + list[0].verb()
	}
	return and(names) + " " + list[0].many
}

// and lists names.
func and(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// verb is how it reads of one thing; calls are several.
func (t told) verb() string {
	if t.name == FunctionName("call") {
		return t.many
	}
	return t.one
}

// andMore says how many were left out.
func andMore(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}
