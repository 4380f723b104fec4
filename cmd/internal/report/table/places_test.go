package table

import (
	"fmt"
	"strings"
	"testing"

	"chokepoint/classify/answer"
	"chokepoint/classify/finding"
)

func TestFunctionsAreToldInTheirOrder(t *testing.T) {
	svc := works("telegram", "Telegram", 3, 20e6, "blocked")
	for _, f := range []string{"update", "push", "web", "call_signalling", "registration"} {
		svc.Functions[f] = "ok"
	}
	svc.Functions["media"] = "throttled"
	want := "registration yes  chat yes  media SLOW  call setup yes  calls no  web yes  push yes  update yes"
	if row := strings.Join(functions(svc), "  "); row != want {
		t.Errorf("got  %q\nwant %q", row, want)
	}
}

func TestTheSetupOfCallsStandsInForThem(t *testing.T) {
	tests := []struct{ call, setup, want string }{
		{"ok", "ok", "yes"}, {"blocked", "ok", "no"}, {"unseen", "ok", "setup yes"}, {"unseen", "blocked", "setup no"},
		{"unseen", "unseen", "not tried"}, {"unseen", "", "not tried"},
	}
	for _, tt := range tests {
		svc := works("telegram", "Telegram", 3, 20e6, tt.call)
		if tt.setup != "" {
			svc.Functions["call_signalling"] = tt.setup
		}
		if got := calls(svc); got != tt.want {
			t.Errorf("call %s, setup %s: %q, want %q", tt.call, tt.setup, got, tt.want)
		}
	}
}

// linesOf are the lines of a screen that begin with a text.
func linesOf(out, head string) []string {
	var got []string
	for _, l := range strings.Split(out, "\n") {
		if strings.HasPrefix(l, head) {
			got = append(got, l)
		}
	}
	return got
}

func TestPlacesHaveALineWhereSeveralWereSeen(t *testing.T) {
	many := map[string]string{}
	for i := range 40 {
		many[fmt.Sprintf("dc%d", i)] = []string{"ok", "ok", "ok", "throttled"}[i%4]
	}
	tests := []struct {
		name          string
		places        map[string]string
		trouble, fine string // the line about a service in trouble, and about one that works
	}{
		{"none", nil, "", ""},
		{"one", map[string]string{"dc2": "ok"}, "", ""},
		{"alike", map[string]string{"dc2": "ok", "dc10": "ok"}, "  Places    dc2, dc10 yes", ""},
		{"different", map[string]string{"dc2": "ok", "dc4": "throttled", "dc5": "ok"}, "  Places    dc2, dc5 yes  dc4 SLOW", "  Places    dc2, dc5 yes  dc4 SLOW"},
		{"one that cannot be told", map[string]string{"dc2": "ok", "dc4": "inconclusive"}, "  Places    dc2 yes  dc4 cannot tell", ""},
		{"more than a line holds", many, "  Places    30 yes  10 SLOW", "  Places    30 yes  10 SLOW"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, fine := throttledRun(), fineRun()
			r.services[1].Places, fine.services[2].Places = tt.places, tt.places
			for out, want := range map[string]string{r.print(t, Options{}): tt.trouble, fine.print(t, Options{}): tt.fine} {
				checkScreen(t, out)
				if got := strings.Join(linesOf(out, "  Places"), "|"); got != want {
					t.Errorf("got %q, want %q in\n%s", got, want, out)
				}
			}
		})
	}
}

func TestWhereNamesWereAskedForUnseen(t *testing.T) {
	secret := func(names ...string) []answer.EncryptedDNS {
		var out []answer.EncryptedDNS
		for i, n := range names {
			out = append(out, answer.EncryptedDNS{Resolver: "google", Name: n, Flows: 1,
				Over: []string{answer.OverTLS, answer.OverHTTPS, answer.OverQUIC, ""}[i%4]})
		}
		return out
	}
	long := strings.Repeat("x", 60) + ".example.org"
	tests := []struct {
		name string
		all  []answer.EncryptedDNS
		want string
	}{
		{"none", nil, ""},
		{"one", secret("dns.google"), "Note    DNS goes to dns.google over TLS: names not seen there"},
		{"by its id", []answer.EncryptedDNS{{Resolver: "quad9", Over: answer.OverQUIC, Flows: 1}}, "Note    DNS goes to quad9 over QUIC: names not seen there"},
		{"by nothing", []answer.EncryptedDNS{{Resolver: answer.UnknownResolver, Over: answer.OverTLS, Flows: 1}},
			"Note    DNS goes to an unknown resolver over TLS: names not seen there"},
		{"how is not told", []answer.EncryptedDNS{{Resolver: "quad9", Flows: 1}}, "Note    DNS goes to quad9: names not seen there"},
		{"two", secret("dns.google", "d.test"), "Note    DNS goes to dns.google over TLS, d.test over HTTPS: names not seen there"},
		{"more than have room", secret("dns.google", "cloudflare-dns.com", "x", "y"), "Note    DNS goes to dns.google over TLS and 3 more: names not seen there"},
		{"a long name", secret(long, "x"), "Note    DNS goes to " + strings.Repeat("x", 17) + "… over TLS and 1 more: names not seen there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := fineRun()
			r.stats.EncryptedDNS = tt.all
			out := r.print(t, Options{})
			checkScreen(t, out)
			if got := strings.Join(linesOf(out, "Note"), "|"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// asideRun: telemetry of a service that works is denied.
func asideRun() *run {
	r := fineRun()
	r.services[2].Functions["telemetry"] = "blocked"
	r.services[3].Places = map[string]string{"dc2": "ok", "dc4": "failing"}
	r.stats.EncryptedDNS = []answer.EncryptedDNS{{Resolver: "google", Name: "dns.google", Over: answer.OverTLS, Flows: 2}}
	r.findings = many(900, 2, finding.Finding{Kind: finding.DNSDenied, Verdict: finding.Confirmed, Service: "telegram", Function: "telemetry", Proto: "udp",
		Client: end("192.168.1.23", 50111), Server: end("8.8.8.8", 53), Summary: "REFUSED for t.example.org, which exists", Segment: finding.ServerSide})
	return r
}

// placesRun: chat works, media is held at one place, calls are blocked.
func placesRun() *run {
	r := throttledRun()
	tg := r.services[1]
	tg.Status = answer.Blocked
	tg.Functions["registration"], tg.Functions["call_signalling"], tg.Functions["call"], tg.Functions["web"] = "ok", "ok", "blocked", "ok"
	tg.Places = map[string]string{"dc2": "ok", "dc4": "ok", "dc203": "throttled"}
	r.findings = append(r.findings, many(50, 3, finding.Finding{Kind: finding.DropCall, Verdict: finding.Likely, Service: "telegram", Function: "call",
		Proto: "udp", Client: end("192.168.1.23", 41000), Server: end("91.108.9.1", 599), Segment: finding.ServerSide,
		Summary: "STUN requests to 3 reflectors in 20 s get no answer while UDP to others works"})...)
	r.stats.EncryptedDNS = []answer.EncryptedDNS{{Resolver: "google", Name: "dns.google", Over: answer.OverHTTPS, Flows: 2}}
	return r
}

func TestWhatStandsBesideAServiceThatWorksIsTold(t *testing.T) {
	r := asideRun()
	out := r.print(t, Options{})
	checkScreen(t, out)
	for _, want := range []string{"The known services work, but something beside them is interfered with.", "Beside what works",
		"  Names     Telegram telemetry: REFUSED for t.example.org, which exists", "f900 sure"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "No interference") || strings.Contains(out, "BLOCKED") {
		t.Errorf("got\n%s", out)
	}
	for _, f := range r.findings {
		f.Kind = finding.DropLocal
	}
	if out := r.print(t, Options{}); strings.Contains(out, "interfered") || !strings.Contains(out, "  Host      Telegram telemetry") {
		t.Errorf("what this host drops is its own affair:\n%s", out)
	}
}
