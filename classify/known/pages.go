package known

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Match is an entry of a list of block pages that a response met.
type Match struct {
	Name  string // of the entry
	Where string // "body", or the name of the header field
	Exact bool   // all of it, or how it begins
	Scope string // as of [IP]; also fp: known for false alarms
	Sure  int    // confidence that it is no false positive, 0..10; -1 not said
}

// Pages is a list of block pages. A nil list is empty.
type Pages struct{ all []page }

type page struct {
	Match
	field   bool // of the header
	kind    string
	pattern []byte
	re      *regexp.Regexp
}

// The pattern types of OONI's lists.
const (
	full     = "full"
	prefix   = "prefix"
	contains = "contains"
	byRegexp = "regexp"
)

// maxSure is the highest confidence there is.
const maxSure = 10

// Len is the number of entries.
func (l *Pages) Len() int {
	if l == nil {
		return 0
	}
	return len(l.all)
}

// Add appends the entries of another list.
func (l *Pages) Add(more *Pages) { l.all = append(l.all, more.all...) }

// ReadPages reads a list in the form of OONI's HTTP fingerprints: CSV with a header
// that has at least the columns name, location_found (body, header.NAME),
// pattern_type (full, prefix, contains, regexp) and pattern; scope and
// confidence_no_fp count where they are there. Rows about DNS are passed over.
// Errors name file and line.
func ReadPages(file string, r io.Reader) (*Pages, error) {
	t, err := readTable(file, r, "name", "location_found", "pattern_type", "pattern")
	if err != nil {
		return nil, err
	}
	l := &Pages{}
	for {
		switch err := t.next(); {
		case err == io.EOF:
			return l, nil
		case err != nil:
			return nil, err
		}
		if t.get("location_found") == "dns" {
			continue
		}
		p, err := t.page()
		if err != nil {
			return nil, err
		}
		l.all = append(l.all, p)
	}
}

// page reads a row.
func (t *table) page() (p page, err error) {
	p.Name, p.Scope, p.Sure = t.get("name"), strings.ToLower(t.get("scope")), -1
	p.kind, p.pattern = t.get("pattern_type"), []byte(t.get("pattern"))
	p.Exact = p.kind == full || p.kind == prefix
	p.Where, p.field = strings.CutPrefix(strings.ToLower(t.get("location_found")), "header.")
	if sure := t.get("confidence_no_fp"); sure != "" {
		if p.Sure, err = strconv.Atoi(sure); err != nil || p.Sure < 0 || p.Sure > maxSure {
			return p, t.fail("confidence_no_fp %q is none of 0 to %d", sure, maxSure)
		}
	}
	switch {
	case p.Name == "" || len(p.pattern) == 0:
		return p, t.fail("a fingerprint without name or pattern: it would fit everything")
	case !p.field && p.Where != "body" || p.Where == "":
		return p, t.fail("location_found %q is neither body nor header.NAME", t.get("location_found"))
	case p.kind == byRegexp:
		if p.re, err = regexp.Compile("(?s)" + string(p.pattern)); err != nil {
			return p, t.fail("pattern: %v", err)
		}
	case !slices.Contains([]string{full, prefix, contains}, p.kind):
		return p, t.fail("pattern_type %q is none of full, prefix, contains and regexp", p.kind)
	}
	return p, nil
}

// Lookup returns the entries, at most limit, that a response meets: the lines of
// its head, and its body as far as it is there.
func (l *Pages) Lookup(head, body []byte, limit int) (out []Match) {
	if l == nil {
		return nil
	}
	for i := range l.all {
		p := &l.all[i]
		if len(out) == limit {
			break
		}
		if !p.field && p.meets(body) || p.field && slices.ContainsFunc(valuesOf(head, p.Where), p.meets) {
			out = append(out, p.Match)
		}
	}
	return out
}

func (p *page) meets(b []byte) bool {
	switch p.kind {
	case full:
		return bytes.Equal(bytes.TrimSpace(b), p.pattern)
	case prefix:
		return bytes.HasPrefix(b, p.pattern)
	case contains:
		return bytes.Contains(b, p.pattern)
	}
	return p.re.Match(b)
}

// valuesOf returns the values of a header field, by its name in lower case.
func valuesOf(head []byte, name string) (out [][]byte) {
	for line := range bytes.Lines(head) {
		if k, v, ok := bytes.Cut(line, []byte(":")); ok && strings.EqualFold(string(bytes.TrimSpace(k)), name) {
			out = append(out, bytes.TrimSpace(v))
		}
	}
	return out
}
