package html

import (
	"crypto/sha256"
	"encoding/base64"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// parsed is a page as a browser reads it.
func parsed(t testing.TB, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// every calls fn for each element.
func every(n *html.Node, fn func(n *html.Node)) {
	if n.Type == html.ElementNode {
		fn(n)
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		every(k, fn)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// inside is the text of an element.
func inside(n *html.Node) string {
	var b strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			walk(k)
		}
	}
	walk(n)
	return b.String()
}

// TestOnlyWhatThePageIsMadeOfRuns: the policy names each style and script by its hash,
// nothing else may be loaded, and nothing in the page needs more.
func TestOnlyWhatThePageIsMadeOfRuns(t *testing.T) {
	for _, name := range []string{"telegram-policed", "everything-works"} {
		root := parsed(t, page(t, captureOf(t, name), nil))
		var csp string
		styles, scripts := 0, 0
		every(root, func(n *html.Node) {
			if n.Data == "meta" && attr(n, "http-equiv") == "Content-Security-Policy" {
				csp = attr(n, "content")
			}
		})
		allows := func(what, text string) {
			sum := sha256.Sum256([]byte(text))
			want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			for _, d := range strings.Split(csp, "; ") {
				if words := strings.Fields(d); words[0] == what && slices.Contains(words, want) {
					return
				}
			}
			t.Errorf("%s: %s does not allow a block of the page", name, what)
		}
		every(root, func(n *html.Node) {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset" || a.Key == "action" {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("%s: it leads elsewhere: %q", name, a.Val)
				}
			}
			switch {
			case n.Data == "style":
				styles++
				allows("style-src", inside(n))
			case n.Data == "script" && attr(n, "type") != "application/json":
				scripts++
				allows("script-src", inside(n))
			case slices.Contains([]string{"link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}, n.Data):
				t.Errorf("%s: <%s>", name, n.Data)
			}
		})
		if styles != 1 || scripts != 2 {
			t.Errorf("%s: %d styles and %d scripts", name, styles, scripts)
		}
		for _, part := range []string{"default-src 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: no %s in %s", name, part, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "http") {
			t.Errorf("%s: %s", name, csp)
		}
	}
}

// TestLaddersMarkThePacketsOfTheirFinding: no more, no less, on every capture that the
// project carries.
func TestLaddersMarkThePacketsOfTheirFinding(t *testing.T) {
	seen := 0
	for _, path := range bundled(t) {
		name := filepath.Base(filepath.Dir(path))
		p := New()
		c := play(t, p, path, nil)
		root := parsed(t, written(t, p))
		marked := map[string][]uint64{} // by finding
		every(root, func(n *html.Node) {
			if !strings.Contains(attr(n, "class"), "finding") || n.Data != "details" {
				return
			}
			every(n, func(r *html.Node) {
				if num, err := strconv.ParseUint(attr(r, "data-num"), 10, 64); err == nil {
					if r.Data != "tr" {
						t.Errorf("%s: packet %d of %s is in no ladder", name, num, attr(n, "id"))
					}
					marked[attr(n, "id")] = append(marked[attr(n, "id")], num)
				}
			})
		})
		for _, f := range c.ledger.Standing() {
			seen++
			want := slices.Compact(slices.Sorted(slices.Values(f.Packets)))
			if got := slices.Sorted(slices.Values(marked[f.ID])); !slices.Equal(got, want) {
				t.Errorf("%s: %s %s marks %v, its packets are %v", name, f.ID, f.Kind, got, want)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d findings were looked at", seen)
	}
}

// TestIdsAreUniqueAndLinksLeadSomewhere, on a page of several captures.
func TestIdsAreUniqueAndLinksLeadSomewhere(t *testing.T) {
	p := New()
	for _, name := range []string{"whatsapp-reset-race", "telegram-policed", "dns-double-answer"} {
		play(t, p, captureOf(t, name), nil)
	}
	for range 30 {
		p.Capture(nil) // in which nothing is
	}
	root := parsed(t, written(t, p))
	ids := map[string]int{}
	every(root, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
	})
	for id, n := range ids {
		if n > 1 {
			t.Errorf("%d elements are called %q", n, id)
		}
	}
	links := 0
	every(root, func(n *html.Node) {
		for _, key := range []string{"href", "aria-labelledby", "data-of"} {
			v := attr(n, key)
			if v == "" {
				continue
			}
			links++
			if ids[strings.TrimPrefix(v, "#")] == 0 {
				t.Errorf("<%s %s=%q> leads nowhere", n.Data, key, v)
			}
		}
	})
	if links < 50 {
		t.Errorf("%d links", links)
	}
}
