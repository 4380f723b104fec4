package table

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
)

func TestVerdict(t *testing.T) {
	finds := func(fs ...*finding.Finding) []*finding.Finding { return fs }
	suspect := &finding.Finding{ID: "f1", Kind: finding.DropHello, Verdict: finding.Suspected, Service: "max"}
	stranger := &finding.Finding{ID: "f1", Kind: finding.ResetInjected, Verdict: finding.Likely}
	loss := &finding.Finding{ID: "f1", Kind: finding.PathLoss, Verdict: finding.Likely, Segment: finding.UnknownSegment}
	hop := &finding.Finding{ID: "f1", Kind: finding.PathLoss, Verdict: finding.Likely, Segment: finding.ThisHost}
	partly := works("max", "MAX", 3, 20e6, "ok")
	partly.Works = answer.WorksPartly
	tests := []struct {
		name     string
		findings []*finding.Finding
		services []*answer.Service
		want     string
	}{
		{"all works", nil, []*answer.Service{works("max", "MAX", 3, 20e6, "ok")}, "No interference found. What was tried works."},
		{"most works", nil, []*answer.Service{partly}, "No interference found. Most of what was tried works."},
		{"nothing tried", nil, nil, "No interference found, and nothing that worked to compare with."},
		{"a suspicion is not hidden", finds(suspect), []*answer.Service{works("max", "MAX", 3, 20e6, "ok")},
			"No interference shown. What was tried works; a suspicion is below."},
		{"a stranger is hit", finds(stranger), []*answer.Service{works("max", "MAX", 3, 20e6, "ok")},
			"The known services work, but other flows are interfered with."},
		{"loss somewhere", finds(loss), nil, "The path is bad and it hits everything alike. No interference seen."},
		{"loss at the first hop", finds(hop), nil, "The first hop is bad and it hits everything alike. No interference seen."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &run{meta: named("a.pcap"), findings: tt.findings, services: tt.services, stats: capt(10, second, "host", 1)}
			out := r.print(t, Options{})
			checkScreen(t, out)
			if !strings.Contains(out, "\n"+tt.want+"\n") {
				t.Errorf("want %q in\n%s", tt.want, out)
			}
		})
	}
}

func TestTroubleIsNeverCalledFine(t *testing.T) {
	for _, r := range []*run{blockedRun(), throttledRun(), poorRun(), crowdedRun()} {
		if out := r.print(t, Options{}); strings.Contains(out, "No interference") {
			t.Errorf("it says so all the same:\n%s", out)
		}
	}
}

func TestALongNameCutsNoFigure(t *testing.T) {
	r := fineRun()
	loss := 0.123
	r.services[0].Name, r.services[0].Loss = "Google FCM push", &loss
	out := r.print(t, Options{})
	if !strings.Contains(out, "opens in    loss\n") || !strings.Contains(out, "12.3 %\n") || !strings.Contains(out, "Google FCM p…") {
		t.Errorf("got\n%s", out)
	}
}

func TestWhatIsLackingIsNotGoodEnough(t *testing.T) {
	r := poorRun()
	r.stats.Blind = 0 // of the capture as a whole nothing is known
	if out := r.print(t, Options{}); !strings.Contains(out, "Good enough       clock, capture lost nothing\n") {
		t.Errorf("got\n%s", out)
	}
}

func TestFailingInPartIsSaid(t *testing.T) {
	r := poorRun()
	r.services[0].Works = answer.WorksPartly
	if out := r.print(t, Options{}); !strings.Contains(out, "WORKS IN PART, cause not shown") || strings.Contains(out, "NOT WORKING") {
		t.Errorf("got\n%s", out)
	}
}

func TestBlockedInPartIsSaid(t *testing.T) {
	if out := placesRun().print(t, Options{Color: true}); !strings.Contains(out, "Telegram  \x1b[31mBLOCKED IN PART\x1b[0m  since") {
		t.Errorf("got\n%s", out)
	}
	if out := blockedRun().print(t, Options{}); strings.Contains(out, "IN PART") {
		t.Errorf("nothing of it works:\n%s", out)
	}
}

func TestTheTableHasRoomForItsWords(t *testing.T) {
	r := fineRun()
	r.services = append(r.services, works("x", "A service with a name that is too long", 99999, 999e6, "unseen"))
	r.services[4].Functions = map[string]string{"any": "ok", "media": "unseen", "call": "unseen"}
	r.services[4].Rates = map[string]float64{"any": 999e6}
	out := r.print(t, Options{})
	checkScreen(t, out)
	if !strings.Contains(out, "any yes   not tried   not tried") {
		t.Errorf("got\n%s", out)
	}
}

func TestNotTriedIsNeverOk(t *testing.T) {
	svc := works("max", "MAX", 3, 20e6, "unseen")
	row := strings.Join(functions(svc), "  ")
	if row != "chat yes  media 20 Mbit/s  calls not tried" {
		t.Errorf("got %q", row)
	}
	svc.Functions = map[string]string{"chat": "unseen", "media": "unseen", "call": "unseen", "push": "unseen", "any": "ok"}
	if row := strings.Join(functions(svc), "  "); row != "any yes  calls not tried" {
		t.Errorf("got %q", row)
	}
	svc.Functions["any"] = "unseen"
	if row := strings.Join(functions(svc), "  "); row != "chat, media, calls not tried" {
		t.Errorf("got %q", row)
	}
}

func TestTheLastRevisionHolds(t *testing.T) {
	r := blockedRun()
	for _, f := range r.findings {
		again := *f
		again.Rev, again.Verdict, again.BenignCause = 1, finding.Benign, "own_resolver"
		r.findings = append(r.findings, &again)
	}
	r.services = []*answer.Service{works("whatsapp", "WhatsApp", 31, 9e6, "ok")}
	out := r.print(t, Options{})
	if strings.Contains(out, "dns.forged") || !strings.Contains(out, "4 own resolver") || !strings.Contains(out, "31 own resolver") {
		t.Errorf("retracted findings are still told:\n%s", out)
	}
}

func TestAnAnswerIsReplaced(t *testing.T) {
	r := blockedRun()
	r.findings = nil
	r.services = append(r.services, works("whatsapp", "WhatsApp", 31, 9e6, "ok"))
	if out := r.print(t, Options{}); strings.Contains(out, "BLOCKED") {
		t.Errorf("an old answer is told:\n%s", out)
	}
}

func TestColourIsForStatusWordsOnly(t *testing.T) {
	plain := blockedRun().print(t, Options{})
	if strings.Contains(plain, "\x1b") {
		t.Error("colour without being asked")
	}
	coloured := blockedRun().print(t, Options{Color: true})
	for _, want := range []string{"WhatsApp  \x1b[31mBLOCKED\x1b[0m  since", "MAX       \x1b[32mok\x1b[0m       chat"} {
		if !strings.Contains(coloured, want) {
			t.Errorf("want %q in\n%q", want, coloured)
		}
	}
	if n := strings.Count(coloured, "\x1b["); n != 6 {
		t.Errorf("%d sequences, want two for each of three status words", n)
	}
	for _, seq := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, seq, "")
	}
	if coloured != plain {
		t.Error("colour changes more than colour")
	}
}

func someFlow(n int) *fact.Flow {
	return &fact.Flow{ID: fact.FlowID(n), State: "SF", Label: service.Label{Service: "whatsapp", Function: "chat"},
		Key: capture.Key{Src: netip.MustParseAddr("192.168.1.23").As16(), Dst: netip.MustParseAddr("157.240.1.60").As16(),
			SrcPort: 51334, DstPort: 443, Proto: capture.ProtoTCP}, Names: fact.Names{SNI: "web.whatsapp.com"}}
}

func TestFlowsAreListedOnDemandAndBounded(t *testing.T) {
	tell := func(opt Options) string {
		var b bytes.Buffer
		rep := New(&b, opt)
		for i := range maxFlows + 50 {
			if err := rep.Flow(someFlow(i+1), []string{"f1"}); err != nil {
				t.Fatal(err)
			}
		}
		s := capt(10, second, "host", 0)
		if err := rep.End(&s); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if out := tell(Options{}); strings.Contains(out, "c000001") {
		t.Error("flows without being asked")
	}
	out := tell(Options{All: true})
	checkScreen(t, out)
	if n := strings.Count(out, "web.whatsapp.com:443 SF"); n != maxFlows {
		t.Errorf("%d flows, want %d", n, maxFlows)
	}
	if !strings.Contains(out, "and 50 more flows") {
		t.Error("the rest is not counted")
	}
	if !strings.Contains(out, "Taken on the client itself, 192.168.1.23.") {
		t.Error("the client is not named")
	}
}

func TestFiltersFitOnALine(t *testing.T) {
	long := "frame.number==1" + strings.Repeat("||frame.number==100000", 9)
	r := blockedRun()
	r.findings = r.findings[:1]
	f := r.findings[0]
	filterLine := func() string {
		out := r.print(t, Options{})
		checkScreen(t, out)
		for _, line := range strings.Split(out, "\n") {
			if i := strings.Index(line, "=="); i >= 0 {
				fields := strings.Fields(line)
				return fields[len(fields)-1]
			}
		}
		return ""
	}
	f.Filter = long
	if got := filterLine(); got != "ip.addr==8.8.8.8&&udp.port==50111" {
		t.Errorf("a filter that does not fit became %q", got)
	}
	f.Filter = "frame.number==7\x1b[2J"
	if got := filterLine(); got != "ip.addr==8.8.8.8&&udp.port==50111" {
		t.Errorf("a filter with an escape became %q", got)
	}
	f.Filter, r.meta.Locate = "frame.number==411", func(n uint64) (string, uint64) { return "b.pcap", n - 400 }
	if got := filterLine(); got != "frame.number==11" {
		t.Errorf("in a joined capture: %q", got)
	}
	f.Filter, f.Server = "", nil
	if got := filterLine(); got != "" {
		t.Errorf("without ends: %q", got)
	}
}

func TestJoinedPacketsNameTheirFile(t *testing.T) {
	r := blockedVerbose()
	r.meta.Locate = func(n uint64) (string, uint64) { return "b.pcap", n - 400 }
	out := r.print(t, Options{Verbose: true})
	if !strings.Contains(strings.Join(strings.Fields(out), " "), "b.pcap:11 b.pcap:12") {
		t.Errorf("got\n%s", out)
	}
}

func TestAnEmptyRunIsTold(t *testing.T) {
	r := &run{}
	out := r.print(t, Options{Verbose: true, All: true})
	checkScreen(t, out)
	if !strings.Contains(out, "0 packets") || !strings.Contains(out, "No control") {
		t.Errorf("got\n%s", out)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAWriteErrorIsReturned(t *testing.T) {
	s := capt(10, second, "host", 0)
	for _, opt := range []Options{{}, {Quiet: true}, {Verbose: true}} {
		if err := New(full{}, opt).End(&s); err == nil || err.Error() != "disk full" {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}

func TestManyFindingsAreOneLine(t *testing.T) {
	out := blockedRun().print(t, Options{})
	if n := strings.Count(out, "drop.hello"); n != 1 {
		t.Errorf("%d lines of drop.hello", n)
	}
	if !strings.Contains(out, fmt.Sprintf("f5 likely  drop.hello  %d flows", 31)) {
		t.Errorf("got\n%s", out)
	}
}
