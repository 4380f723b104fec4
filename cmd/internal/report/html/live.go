package html

import (
	"bytes"
	"html/template"
	"strings"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// Snapshot is what a live page shows at one time: the records so far, redacted where they
// are to be. Packets and flows are not in it.
type Snapshot struct {
	Meta     *report.Meta
	Stats    *classify.Stats // so far; nil: nothing is known yet
	Services []*answer.Service
	Findings []*finding.Finding // the last revision of each, in any order
}

// Parts are pieces of a page, safe to be put into it. Each begins with what its heading
// is called: answer, timeline, findings, unseen.
type Parts struct {
	Answer   template.HTML // headline, facts and a card per service
	Timeline template.HTML
	Findings template.HTML
	Unseen   template.HTML
}

// Render lays a snapshot out in the parts of a page.
func (s *Snapshot) Render() (*Parts, error) {
	c := New().Capture(nil)
	c.live, c.unread = true, "a live page shows no packets; a recording does"
	if s.Meta != nil {
		c.meta = *s.Meta
	}
	if s.Stats != nil {
		c.stats = s.Stats
	}
	for _, x := range s.Services {
		_ = c.Service(x) // it only keeps what it is given
	}
	for _, f := range s.Findings {
		_ = c.Finding(f)
	}
	v := c.section(newBudget())
	out := &Parts{}
	for _, part := range []struct {
		name string
		to   *template.HTML
	}{{"answer", &out.Answer}, {"timeline", &out.Timeline}, {"findings", &out.Findings}, {"unseen", &out.Unseen}} {
		var b bytes.Buffer
		if err := templates().ExecuteTemplate(&b, part.name, v); err != nil {
			return nil, err
		}
		*part.to = template.HTML(b.String())
	}
	return out, nil
}

// liveView is what the template of a live page takes.
type liveView struct {
	*Parts
	CSP    string
	Title  string
	Script template.JS
}

// Live writes a whole live page, and returns the policy that its response has to carry
// too: frame-ancestors counts in a header only. Script is the server's own, which gets
// new parts (it may connect to where the page is from) and puts them into the elements
// live-answer, live-timeline, live-findings and live-unseen; then it tells the page by
// an event "parts" at the document.
func Live(title string, parts *Parts, script string) (page []byte, policy string, err error) {
	policy = strings.Join([]string{
		"default-src 'none'", "style-src " + Hash(Styles()), "script-src " + Hash(Script()) + " " + Hash(script),
		"connect-src 'self'", "base-uri 'none'", "form-action 'none'",
	}, "; ")
	var b bytes.Buffer
	err = templates().ExecuteTemplate(&b, "live", &liveView{Parts: parts, CSP: policy, Title: esc(title, shortText), Script: template.JS(script)})
	return b.Bytes(), policy + "; frame-ancestors 'none'", err
}
