package service

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// with compiles the embedded rules and one document after them.
func with(docs ...string) (*Rules, error) {
	var files []File
	for _, d := range docs {
		files = append(files, File{"my.yaml", []byte(d)})
	}
	return LoadFiles(files...)
}

const head = "id: x\nname: X\ncategory: messenger\n"

func TestABadRuleFileIsRefusedWithLineAndReason(t *testing.T) {
	for _, c := range []struct {
		why, doc string
		line     int
		reason   string
	}{
		{"no YAML", "id: [x\n", 1, ""},
		{"a tab", "id: x\n\tname: y\n", 2, ""},
		{"nothing in it", "", 0, "no rules"},
		{"a comment only", "# x\n", 0, "no rules"},
		{"a list", "- id: x\n", 1, ""},
		{"a word", "whatsapp\n", 1, ""},
		{"an unknown key", head + "nmae: y\n", 4, `unknown field "nmae"`},
		{"an unknown key of an entry", head + "domains:\n  - match: exact\n    names: [a.example]\n    shard: true\n", 7, `unknown field "shard"`},
		{"an unknown key of lists", "must_exit: []\n", 1, `unknown field "must_exit"`},
		{"a key twice", head + "name: Y\n", 4, "already defined"},
		{"an empty value", head + "family:\n", 4, "empty value"},
		{"an alias", head + "functions: [&a chat, *a]\n", 4, "anchors and aliases"},
		{"a tag", head + "family: !!str y\n", 4, "tags"},
		{"a list where a word belongs", head + "family: [a]\n", 4, "one plain value"},
		{"a word where a list belongs", head + "domains: a.example\n", 4, ""},
		{"a bad id", "id: a/b\nname: X\ncategory: y\n", 1, `bad id "a/b"`},
		{"no name", "id: x\ncategory: y\n", 1, "needs name and category"},
		{"a bad date", head + "date: 22.11.2026\n", 4, "bad date"},
		{"an unknown function", head + "functions: [chat, chess]\n", 4, `unknown function "chess"`},
		{"an unknown match", head + "domains:\n  - match: regexp\n    names: [a.example]\n", 5, `unknown match "regexp"`},
		{"an unknown conf", head + "domains:\n  - match: exact\n    conf: sure\n    names: [a.example]\n", 6, `unknown conf "sure"`},
		{"an unknown source", head + "domains:\n  - match: exact\n    src: [hearsay]\n    names: [a.example]\n", 6, `unknown source "hearsay"`},
		{"no match", head + "domains:\n  - names: [a.example]\n", 5, "needs match and names"},
		{"no names", head + "domains:\n  - match: exact\n", 5, "needs match and names"},
		{"an upper-case name", head + "domains:\n  - match: exact\n    names:\n      - a.example\n      - B.example\n", 8, `bad name "B.example"`},
		{"a final dot", head + "domains:\n  - match: exact\n    names: [a.example.]\n", 6, "bad name"},
		{"a name that is no ASCII", head + "domains:\n  - match: exact\n    names: [\u043c\u0430\u0445.example]\n", 6, "bad name"},
		{"an address for a name", head + "domains:\n  - match: exact\n    names: [192.0.2.1]\n", 6, "bad name"},
		{"a number for a name", head + "domains:\n  - match: exact\n    names: [443]\n", 6, "bad name"},
		{"a whole top-level domain", head + "domains:\n  - match: suffix\n    names: [com]\n", 6, "single label"},
		{"a star in a suffix", head + "domains:\n  - match: suffix\n    names: ['*.a.example']\n", 6, "bad name"},
		{"a glob without a star", head + "domains:\n  - match: glob\n    names: [a.example]\n", 6, "no '*'"},
		{"a glob for everybody", head + "domains:\n  - match: glob\n    names: ['a.*.example']\n", 6, "two whole labels"},
		{"a name twice", head + "domains:\n  - match: exact\n    names:\n      - a.example\n      - a.example\n", 8, "in line 7 already"},
		{"another service's name", head + "domains:\n  - match: suffix\n    names: [whatsapp.com]\n", 6, "whatsapp's already (services/whatsapp.yaml:"},
		{"an unknown role", head + "prefixes:\n  - role: mine\n    cidrs: [192.0.2.0/24]\n", 5, `unknown role "mine"`},
		{"no role", head + "prefixes:\n  - cidrs: [192.0.2.0/24]\n", 5, "needs role and cidrs"},
		{"no prefix length", head + "prefixes:\n  - role: shared\n    cidrs: [192.0.2.0]\n", 6, "bad prefix"},
		{"host bits", head + "prefixes:\n  - role: shared\n    cidrs: [192.0.2.1/24]\n", 6, "did you mean 192.0.2.0/24?"},
		{"too long a prefix", head + "prefixes:\n  - role: shared\n    cidrs:\n      - 192.0.2.0/24\n      - 192.0.2.0/33\n", 8, "bad prefix"},
		{"IPv4 in IPv6", head + "prefixes:\n  - role: shared\n    cidrs: ['::ffff:192.0.2.0/120']\n", 6, "write it as IPv4"},
		{"everybody's addresses", head + "prefixes:\n  - role: dedicated\n    cidrs: [0.0.0.0/0]\n", 6, "wider than any owner's"},
		{"half of IPv6", head + "prefixes:\n  - role: dedicated\n    cidrs: ['8000::/1']\n", 6, "wider than any owner's"},
		{"brackets without end", head + "functions: " + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + "\n", 4, "nested too deeply"},
		{"lists in lists in a line", head + "functions:\n  " + strings.Repeat("- ", 1e5) + "chat\n", 5, "nested too deeply"},
		{"mappings without end", head + "name: " + strings.Repeat("{a: ", 1e5) + "\n", 4, "nested too deeply"},
		{"documents without end", strings.Repeat("---\n"+head, 1e4), 4*maxDocs + 1, "too many documents"},
		{"another service's prefix", head + "prefixes:\n  - role: dedicated\n    cidrs: [91.108.4.0/22]\n", 6, "telegram's already"},
		{"an unknown protocol", head + "ports:\n  - proto: sctp\n    weight: 5\n    ports: [80]\n", 5, `unknown proto "sctp"`},
		{"no weight", head + "ports:\n  - proto: tcp\n    ports: [80]\n", 5, "bad weight 0"},
		{"a weight that is no number", head + "ports:\n  - proto: tcp\n    weight: much\n    ports: [80]\n", 6, ""},
		{"port 0", head + "ports:\n  - proto: tcp\n    weight: 5\n    ports: [0]\n", 7, "bad port"},
		{"port 65536", head + "ports:\n  - proto: tcp\n    weight: 5\n    ports: [65536]\n", 7, "bad port"},
		{"ports backwards", head + "ports:\n  - proto: tcp\n    weight: 5\n    ports: [9-8]\n", 7, "bad port"},
		{"the second document", head + "---\nid: y\nname: Y\ncategory: z\nfoo: 1\n", 8, "unknown field"},
		{"nothing to disable", "id: whatsap\ndisabled: true\n", 1, "no service whatsap"},
		{"a bad resolver address", "resolvers:\n  - id: r\n    addrs: [8.8.8]\n", 3, "bad prefix"},
		{"a bad must-exist name", "must_exist:\n  - names: [a_b..c]\n", 2, "bad name"},
		{"a source without a key", "sources:\n  - what: x\n", 2, "needs key and what"},
	} {
		r, err := with(c.doc)
		var e *Error
		if !errors.As(err, &e) || r != nil {
			t.Errorf("%s: not refused: %v", c.why, err)
			continue
		}
		if e.File != "my.yaml" || e.Line != c.line || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%s: %v, want line %d and %q", c.why, err, c.line, c.reason)
		}
	}
}

func TestALargeFileIsRefused(t *testing.T) {
	if _, err := with("id: x # " + strings.Repeat("x", MaxFile)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
}

func TestALaterFileAddsReplacesAndDisables(t *testing.T) {
	r, err := with(
		"id: signal\ndomains:\n  - match: suffix\n    fn: chat\n    names: [signal.example]\n"+
			"---\nid: viber\nname: Mine\ncategory: messenger\nreplace: true\ndomains:\n  - match: exact\n    names: [viber.example]\n",
		"id: discord\ndisabled: true\n---\nid: signal\ndomains:\n  - match: suffix\n    fn: media\n    conf: low\n    names: [signal.example]\n",
	)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"chat.signal.org": "signal/chat", "x.signal.example": "signal/media", "viber.com": "", "viber.example": "viber/any", "discord.com": "",
	} {
		e := Evidence{SNI: name}
		l := r.Classify(&e)
		if got := strings.Trim(l.Service+"/"+l.Function, "/"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if i, ok := r.Service("viber"); !ok || i.Name != "Mine" || len(i.Domains) != 1 || len(i.Ports) != 0 {
		t.Errorf("replaced: %+v", i)
	}
	if _, ok := r.Service("discord"); ok {
		t.Error("discord was not disabled")
	}
	if i, _ := r.Service("signal"); len(i.Files) != 3 || i.Files[0] != "services/signal.yaml" || i.Files[2] != "my.yaml" {
		t.Errorf("files: %v", i.Files)
	}
	if d := Default(); d.byID["viber"].name == "Mine" || len(d.byID["signal"].files) != 1 {
		t.Error("the embedded rules were changed")
	}
}

func TestRulesOfTheUsersOwn(t *testing.T) {
	r, err := with("date: 2030-01-01\nid: ours\nname: Ours\ncategory: messenger\nfamily: house\n" +
		"prefixes:\n  - role: dedicated\n    cidrs: [198.51.100.0/24]\nports:\n  - proto: udp\n    fn: calls\n    weight: 20\n    ports: [7000-7010]\n")
	if err != nil {
		t.Fatal(err)
	}
	c := labelCase{"own prefix and port", on("198.51.100.7", udp, 7005), "ours", "house", "call", 68, "prefix port"}
	c.check(t, r)
	if r, err = with("id: maybe\nname: Maybe\ncategory: messenger\nprefixes:\n  - role: likely\n    conf: low\n    cidrs: [198.51.100.0/24]\n"); err != nil {
		t.Fatal(err)
	}
	weak := labelCase{"too weak to be named", on("198.51.100.7", udp, 7005), "", "maybe", "any", 18, "prefix"}
	weak.check(t, r)
}

func TestListsOfTheUsersOwn(t *testing.T) {
	r, err := with("date: 2030-01-01\nowners:\n  - id: house\n    closed: true\nmust_exist:\n  - names: [ours.example]\n" +
		"resolvers:\n  - id: local\n    addrs: [198.51.100.53]\n")
	if err != nil {
		t.Fatal(err)
	}
	if !r.MustExist("ours.example") || !r.ClosedOwner("house") {
		t.Error("lists of the user's own were not read")
	}
	if n, _ := r.PublicResolver(netip.MustParseAddr("198.51.100.53")); n != "local" {
		t.Errorf("resolver %q", n)
	}
	if !r.Date().Equal(Default().Date()) {
		t.Error("an addition made the embedded rules newer")
	}
}
