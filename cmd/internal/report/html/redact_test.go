package html

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

// mask is a redactor that a test can see through: one client, one name.
type mask struct{}

const (
	trueClient = "192.168.1.23"
	madeClient = "198.18.7.7"
	shift      = 100 * time.Hour
)

var masks = strings.NewReplacer(trueClient, madeClient, "web.whatsapp.com", "name-1.invalid")

func (mask) Addr(a netip.Addr) netip.Addr {
	if a.String() == trueClient {
		return netip.MustParseAddr(madeClient)
	}
	return a
}
func (mask) Port(p uint16) uint16       { return p ^ 0x5555 }
func (mask) Name(s string) string       { return masks.Replace(s) }
func (mask) Text(s string) string       { return masks.Replace(s) }
func (mask) Nanos(ns int64) int64       { return ns - int64(shift) }
func (mask) Time(t time.Time) time.Time { return t.Add(-shift) }
func (mask) Flow(f *fact.Flow) *fact.Flow {
	c := *f
	return &c
}
func (mask) Done() []string { return []string{"client addresses are replaced"} }

func (m mask) Finding(f *finding.Finding) *finding.Finding {
	c := *f
	c.Summary, c.Name, c.Filter = m.Text(c.Summary), m.Name(c.Name), m.Text(c.Filter)
	c.From, c.To = m.Time(c.From), m.Time(c.To)
	if c.Client != nil {
		c.Client = &finding.Endpoint{IP: m.Addr(c.Client.IP), Port: m.Port(c.Client.Port)}
	}
	for _, list := range []*[]finding.Evidence{&c.For, &c.Against} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].Text = m.Text((*list)[i].Text)
		}
	}
	return &c
}

func (m mask) Service(s *answer.Service) *answer.Service {
	c := *s
	c.Sentence = m.Text(c.Sentence)
	if c.Since != nil {
		at := m.Time(*c.Since)
		c.Since = &at
	}
	return &c
}

func (mask) Meta(meta *report.Meta) *report.Meta {
	c := *meta
	c.Files = []report.File{{Name: "capture 1"}}
	return &c
}

// TestRedactionReachesAllOfThePage: of the first pass and of the second.
func TestRedactionReachesAllOfThePage(t *testing.T) {
	for _, name := range []string{"whatsapp-denied-and-dropped", "whatsapp-reset-race", "telegram-policed", "call-cut-whatsapp", "dns-double-answer"} {
		path := captureOf(t, name)
		full, masked := page(t, path, nil), page(t, path, mask{})
		for _, secret := range []string{trueClient, "web.whatsapp.com", name, "2026-11"} {
			if !strings.Contains(full, secret) && secret != "web.whatsapp.com" && secret != "2026-11" {
				t.Errorf("%s: the full page has no %s: the test looks for nothing", name, secret)
			}
			if strings.Contains(masked, secret) && secret != "2026-11" {
				t.Errorf("%s: %s is in the redacted page: …%s…", name, secret, around1(masked, secret))
			}
		}
		if !strings.Contains(masked, madeClient) || !strings.Contains(masked, "client addresses are replaced") || strings.Contains(masked, "Not redacted") {
			t.Errorf("%s: it does not say what was done", name)
		}
		if !strings.Contains(full, "Not redacted") {
			t.Errorf("%s: that nothing was redacted is not said", name)
		}
		a, b := strings.Count(full, "data-num="), strings.Count(masked, "data-num=")
		if a == 0 || a != b {
			t.Errorf("%s: %d packets are marked, %d where it is redacted", name, a, b)
		}
	}
}

func around1(s, what string) string {
	i := strings.Index(s, what)
	return s[max(i-60, 0):min(i+60, len(s))]
}
