package answer

// maxAsked bounds the names told apart per function: those of a service are a few
// dozen, and what is asked for is foreign.
const maxAsked = 256

// asked counts the queries for one name.
type asked struct{ answered, denied int }

// name counts one query.
func (t *tally) name(o outcome, name string, at int64) {
	t.names++
	n := t.asked[name]
	if o == failed {
		t.denied++
		n.denied++
		t.failedAt(at)
	} else {
		n.answered++
	}
	t.keepAsked(name, n)
}

func (t *tally) keepAsked(name string, n asked) {
	if t.asked == nil {
		t.asked = map[string]asked{}
	}
	if _, known := t.asked[name]; known || len(t.asked) < maxAsked {
		t.asked[name] = n
	}
}

// deny counts n answers for a name as denials, because a finding says so.
func (t *tally) deny(name string, n int) {
	t.denied += n
	a, known := t.asked[name]
	if known {
		t.asked[name] = asked{answered: a.answered - n, denied: a.denied + n}
	}
}

func (t *tally) plusAsked(more map[string]asked) {
	for name, m := range more {
		n := t.asked[name]
		t.keepAsked(name, asked{answered: n.answered + m.answered, denied: n.denied + m.denied})
	}
}

// resolves sums up a function of which only names were asked for. That they are
// answered is no proof that anything works; that none of those denied was answered by
// anybody is one that it does not.
func (t *tally) resolves() string {
	lost, contested, fine := t.resolved()
	switch {
	case lost+contested == 0:
		return WorksUnseen
	case contested+fine == 0:
		return WorksNo
	}
	return WorksPartly
}

// resolved counts names that nobody answered, that were both answered and denied, and
// that were never denied.
func (t *tally) resolved() (lost, contested, fine int) {
	for _, n := range t.asked {
		switch {
		case n.denied == 0:
			fine++
		case n.answered == 0:
			lost++
		default:
			contested++
		}
	}
	return lost, contested, fine
}

// unresolved: no connection was tried, and at least as many names were denied as not.
func (t *tally) unresolved() bool {
	lost, contested, fine := t.resolved()
	return t.connections() == 0 && lost+contested > 0 && lost+contested >= fine
}
