package html

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
	"chokepoint/cmd/internal/report"
)

var update = flag.Bool("update", false, "write the golden outlines anew; read the diff")

// outline is what somebody hears who goes through a page by its landmarks, headings,
// tables and drawings.
func outline(root *html.Node) string {
	var b strings.Builder
	every(root, func(n *html.Node) {
		text := strings.Join(strings.Fields(inside(n)), " ")
		switch {
		case attr(n, "class") == "sprite", n.Data == "style", n.Data == "script":
		case len(n.Data) == 2 && n.Data[0] == 'h' && n.Data != "hr" && n.Data != "h0":
			b.WriteString(strings.Repeat("  ", int(n.Data[1]-'1')) + n.Data + " " + text + "\n")
		case n.Data == "summary", n.Data == "figcaption":
			b.WriteString("      " + n.Data + " " + text + "\n")
		case n.Data == "svg" && attr(n, "aria-label") != "":
			b.WriteString("        drawing " + attr(n, "aria-label") + "\n")
		case attr(n, "role") == "region":
			b.WriteString("        region " + attr(n, "aria-label") + "\n")
		case n.Data == "main", n.Data == "header", n.Data == "footer", n.Data == "nav", n.Data == "aside":
			b.WriteString(n.Data + " " + attr(n, "aria-label") + "\n")
		case n.Data == "li" && strings.HasPrefix(attr(n, "class"), "c-") || n.Data == "p" && (attr(n, "class") == "sentence" || attr(n, "class") == "facts" || strings.HasPrefix(attr(n, "class"), "meta")):
			b.WriteString("        " + attr(n, "class") + ": " + text + "\n")
		case n.Data == "tr" && attr(n, "data-num") != "":
			b.WriteString("        packet " + attr(n, "data-num") + ": " + text + "\n")
		}
	})
	return b.String()
}

func TestGoldenOutlines(t *testing.T) {
	for _, name := range []string{"telegram-policed", "whatsapp-reset-race", "dns-double-answer", "everything-works"} {
		t.Run(name, func(t *testing.T) {
			got := outline(parsed(t, page(t, captureOf(t, name), nil)))
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the outline has changed; -update writes it anew. It is\n%s", got)
			}
		})
	}
}

// TestAPageWithoutASecondPassSaysSo, as after a pipe.
func TestAPageWithoutASecondPassSaysSo(t *testing.T) {
	p := New()
	c := play(t, p, captureOf(t, "whatsapp-reset-race"), nil)
	c.Unread("it came through a pipe")
	out := written(t, p)
	if !strings.Contains(out, "could not be read a second time, so that ladders and plots are missing: it came through a pipe.") {
		t.Error("it does not say why there are no packets")
	}
	if strings.Contains(out, `class="ladder"`) {
		t.Error("it has ladders")
	}
}

func TestTheSameCaptureMakesTheSamePage(t *testing.T) {
	path := captureOf(t, "policed-four-flows")
	if a, b := page(t, path, nil), page(t, path, nil); a != b {
		t.Error("two pages of one capture differ")
	}
}

// TestPartsOfALivePage: a snapshot gives the parts, and a page around them with a policy
// that allows it to be told of news.
func TestPartsOfALivePage(t *testing.T) {
	empty := &Snapshot{} // no time has passed: there is no timeline
	if _, err := empty.Render(); err != nil {
		t.Fatal(err)
	}
	s := &Snapshot{
		Meta: &report.Meta{Backend: "tcx", Files: []report.File{{Name: "eth0"}}}, Stats: &classify.Stats{Packets: 7},
		Services: []*answer.Service{{Service: "telegram", Name: "Telegram", Status: answer.Blocked, Works: answer.WorksNo, Sentence: "Telegram: chat is blocked"}},
		Findings: []*finding.Finding{{ID: "f3", Kind: finding.ResetInjected, Verdict: finding.Likely, Service: "telegram", Summary: "<b>RST</b>", Packets: []uint64{9}}},
	}
	parts, err := s.Render()
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]string{
		string(parts.Answer): "chat is blocked", string(parts.Findings): "&lt;b&gt;RST&lt;/b&gt;", string(parts.Timeline): "Timeline", string(parts.Unseen): "could not be seen",
	} {
		if !strings.Contains(part, want) {
			t.Errorf("no %q in %s", want, part)
		}
	}
	s.Stats.First, s.Stats.Last = time.Unix(100, 0), time.Unix(160, 0)
	if parts, err = s.Render(); err != nil {
		t.Fatal(err)
	}
	if lanes := string(parts.Timeline); !strings.Contains(lanes, "1 findings") || strings.Contains(lanes, "lows began") {
		t.Errorf("the timeline tells of flows that nobody counted: %s", lanes)
	}
	if strings.Contains(string(parts.Findings), "second time") || strings.Contains(string(parts.Findings), "met again") {
		t.Error("it misses packets that a live page never has")
	}
	const script = "new EventSource('/events');"
	page, policy, err := Live("eth0", parts, script)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{Hash(script), Hash(Script()), Hash(Styles()), "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in the policy", want)
		}
	}
	every(parsed(t, string(page)), func(n *html.Node) {
		if n.Data == "script" || n.Data == "style" {
			if !strings.Contains(policy, Hash(inside(n))) {
				t.Errorf("a block is not allowed: %.40s", inside(n))
			}
		}
	})
}
