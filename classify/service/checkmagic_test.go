package service

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestABadRuleForPayloadIsRefused(t *testing.T) {
	magic := func(lines ...string) string { return head + "magic:\n  - " + strings.Join(lines, "\n    ") + "\n" }
	ok := []string{"id: m", "proto: udp", "weight: 5", "bytes: [{at: 0, hex: '01'}]"}
	put := func(i int, line string) string { l := slices.Clone(ok); l[i] = line; return magic(l...) }
	more := func(line string) string { return magic(append(slices.Clone(ok), line)...) }
	if _, err := with(magic(ok...)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, doc string
		line     int
		reason   string
	}{
		{"no id", put(0, "note: x"), 6, "needs id, proto and weight"},
		{"no proto", put(1, "note: x"), 5, "needs id, proto and weight"},
		{"an unknown proto", put(1, "proto: sctp"), 6, `unknown proto "sctp": want ip, tcp, udp`},
		{"no weight", put(2, "note: x"), 5, "bad weight 0"},
		{"too much weight", put(2, "weight: 101"), 5, "bad weight 101"},
		{"neither bytes nor builtin", put(3, "note: x"), 5, "either bytes or builtin"},
		{"both", more("builtin: wa_noise"), 5, "either bytes or builtin"},
		{"an unknown builtin", put(3, "builtin: wa_nois"), 8, `unknown builtin "wa_nois": want discord_discovery, `},
		{"an unknown dir", more("dir: left"), 9, `unknown dir "left"`},
		{"an unknown where", more("where: late"), 9, `unknown where "late"`},
		{"unknown needs", more("needs: luck"), 9, `unknown needs "luck": want addr`},
		{"an unknown key", more("attributes: [1]"), 9, `unknown field "attributes"`},
		{"an unknown key of bytes", put(3, "bytes: [{off: 0, hex: '01'}]"), 8, `unknown field "off"`},
		{"no hex", put(3, "bytes: [{at: 0, hex: '0'}]"), 8, "bad bytes"},
		{"no bytes", put(3, "bytes: [{at: 0}]"), 5, "bad bytes"},
		{"before the start", put(3, "bytes: [{at: -1, hex: '01'}]"), 8, "bad offset -1"},
		{"a short mask", put(3, "bytes: [{at: 0, hex: '0102', mask: ff}]"), 8, "mask of 1 bytes for 2 bytes"},
		{"bytes that never hold", put(3, "bytes: [{at: 0, hex: '12', mask: f0}]"), 8, "can never hold"},
		{"min over max", more("len: {min: 5, max: 4}"), 5, "bad len"},
		{"eq and min", more("len: {min: 4, eq: 4}"), 5, "bad len"},
		{"a negative length", more("len: {eq: -1}"), 5, "bad len"},
		{"a bad port", more("only_ports: [443, 70000]"), 9, "bad port"},
		{"attributes without STUN", more("attrs: [1]"), 5, "belong to builtin stun"},
		{"STUN without any", put(3, "builtin: stun"), 5, "needs one of them"},
		{"a mask that hides all", magic("id: m", "proto: tcp", "weight: 5", "bytes: [{at: 0, hex: '0000', mask: '0000'}]"), 5, "tests 0 bits"},
		{"a word for a fingerprint", head + "ja4:\n  - values: [firefox]\n", 5, "bad JA4"},
		{"a bad attribute", magic("id: m", "proto: udp", "weight: 5", "builtin: stun", "attrs: [0x10000]"), 9, "bad number"},
		{"an upper-case realm", magic("id: m", "proto: udp", "weight: 5", "builtin: stun", "realms: [A.example]"), 9, "want lower case"},
		{"an IP protocol of its own", magic("id: m", "proto: ip", "weight: 5", "builtin: ip_proto"), 5, "which needs them"},
		{"no transport at all", magic("id: m", "proto: ip", "weight: 5", "builtin: wa_noise"), 5, "belong together"},
		{"protocols of TCP", magic("id: m", "proto: tcp", "weight: 5", "builtin: ip_proto", "protos: [6]"), 5, "belong together"},
		{"a port of IP", magic("id: m", "proto: ip", "weight: 5", "builtin: ip_proto", "protos: [50]", "only_ports: [1]"), 5, "has no ports"},
		{"twice in a file", magic(ok...) + "  - {id: m, proto: udp, weight: 5, bytes: [{at: 0, hex: '01'}]}\n", 9, "in line 5 already"},
		{"another service's", magic(ok...) + "---\nid: y\nname: Y\ncategory: z\nmagic:\n  - {id: m, proto: udp, weight: 5, bytes: [{at: 0, hex: '01'}]}\n", 14,
			"magic m is x's already (my.yaml:5)"},
		{"no ALPN", head + "alpn:\n  - weight: 5\n    conf: low\n", 6, "needs values"},
		{"ALPN without weight", head + "alpn:\n  - values: [x]\n", 5, "bad weight 0"},
		{"JA4 with a weight", head + "ja4:\n  - values: [x]\n    weight: 5\n", 6, `unknown field "weight"`},
		{"an organisation without a name", head + "certs:\n  - orgs: ['']\n    weight: 5\n", 5, "bad value"},
		{"an organisation twice", head + "certs:\n  - orgs:\n      - A\n      - A\n    weight: 5\n", 7, "in line 6 already"},
		{"an unknown source", head + "ja4:\n  - values: [t13d1516h2_8daaf6152771_00000000000a]\n    src: [hearsay]\n", 6, "unknown source"},
		{"a bad exclusion", head + "exclude_domains: ['*.a.example']\n", 4, "bad name"},
		{"a whole top-level domain excluded", head + "exclude_domains: [org]\n", 4, "single label"},
		{"a bad place", head + "prefixes:\n  - role: dedicated\n    place: a b\n    cidrs: [192.0.2.0/24]\n", 6, "bad id"},
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

func TestRulesForPayloadAreReplacedById(t *testing.T) {
	r := alone(t, byteRules, "id: ours\nmagic: [{id: a, proto: udp, weight: 7, bytes: [{at: 0, hex: 'aa'}]}]\n")
	p, q := up(udp, 1, []byte{0xaa}), up(tcp, 1, unhex(t, "f057 00 1f"))
	if got := shows(r, &p) + shows(r, &q); got != "a" {
		t.Errorf("%q", got)
	}
	i, _ := r.Service("ours")
	if len(i.Magic) != 4 || i.Magic[0].Weight != 7 {
		t.Errorf("%+v", i.Magic)
	}
}

func TestCallsIsTheOldWordForCall(t *testing.T) {
	r := alone(t, "id: x\nname: X\ncategory: messenger\nfunctions: [calls, call_signalling]\ndomains: [{match: exact, fn: calls, names: [a.example]}]\n")
	i, _ := r.Service("x")
	if got := strings.Join(append(i.Functions, i.Domains[0].Function), " "); got != "call call_signalling call" {
		t.Error(got)
	}
}
