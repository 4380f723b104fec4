package truth

import (
	"strings"
	"testing"

	"chokepoint/classify/finding"
)

const sample = `
what: a box resets
where: a box
services: {whatsapp: [blocked], telegram: [ok]}
finds:
  - {kinds: [reset.injected], service: whatsapp, at_least: likely}
may:
  - {kinds: [rate.shift], service: telegram, at_most: likely}
ceilings:
  - {kinds: [dns.forged], at_most: unexplained, why: own resolver}
`

func TestCheckComparesFindingsWithTheTruth(t *testing.T) {
	truth, err := Parse([]byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	made := func(kind finding.Kind, service string, v finding.Verdict) finding.Finding {
		return finding.Finding{Kind: kind, Service: service, Verdict: v}
	}
	reset := made(finding.ResetInjected, "whatsapp", finding.Confirmed)
	right := map[string]string{"whatsapp": "blocked", "telegram": "ok"}
	for _, tt := range []struct {
		name   string
		file   string
		found  []finding.Finding
		status map[string]string
		wrong  string // part of the only complaint, "" none
	}{
		{"what was done is found", clientFile, []finding.Finding{reset}, right, ""},
		{"a finding is missing", clientFile, nil, right, "no finding"},
		{"a finding is not sure enough", clientFile, []finding.Finding{made(finding.ResetInjected, "whatsapp", finding.Suspected)}, right, "no finding"},
		{"a finding is of another service", clientFile, []finding.Finding{reset, made(finding.ResetInjected, "telegram", finding.Likely)}, right, "nobody did"},
		{"a suspicion of another service is no accusation", clientFile, []finding.Finding{reset, made(finding.ResetInjected, "telegram", finding.Suspected)}, right, ""},
		{"an allowed accusation", clientFile, []finding.Finding{reset, made(finding.RateShift, "telegram", finding.Likely)}, right, ""},
		{"an allowed accusation made too surely", clientFile, []finding.Finding{reset, made(finding.RateShift, "telegram", finding.Confirmed)}, right, "nobody did"},
		{"a suspicion above its ceiling", clientFile, []finding.Finding{reset, made(finding.DNSForged, "max", finding.Suspected)}, right, "own resolver"},
		{"context accuses nobody", clientFile, []finding.Finding{reset, made(finding.PathLoss, "", finding.Confirmed)}, right, ""},
		{"a status is wrong", clientFile, []finding.Finding{reset}, map[string]string{"whatsapp": "failing", "telegram": "ok"}, `whatsapp is "failing"`},
		{"statuses are not compared without any", clientFile, []finding.Finding{reset}, nil, ""},
		{"another file demands nothing here", "server.pcapng", nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong := truth.Check(tt.file, tt.found, tt.status)
			switch {
			case tt.wrong == "" && len(wrong) > 0:
				t.Error(wrong)
			case tt.wrong != "" && (len(wrong) != 1 || !strings.Contains(wrong[0], tt.wrong)):
				t.Errorf("got %q, want one with %q", wrong, tt.wrong)
			}
		})
	}
}

// TestRatesThatAreSaidSurelyAreHeldAgainstTheTruth: a suspicion may be off, and who
// says no rate says nothing wrong.
func TestRatesThatAreSaidSurelyAreHeldAgainstTheTruth(t *testing.T) {
	of, err := Parse([]byte("may: [{at_most: confirmed}]\nceilings: [{kinds: [rate.policed], service: max, at_most: confirmed, rate_bps: 1e6, rate_off: 0.1, why: the box}]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		service string
		verdict finding.Verdict
		bps     float64 // 0: none is said
		wrong   bool
		off     float64
		asked   bool
	}{
		{"max", finding.Likely, 1.09e6, false, 0.09, true}, {"max", finding.Likely, 1.11e6, true, 0.11, true}, {"max", finding.Confirmed, 0.89e6, true, 0.11, true},
		{"max", finding.Suspected, 2e6, false, 1, true}, {"max", finding.Likely, 0, false, 0, false}, {"vk", finding.Likely, 2e6, false, 0, false},
	} {
		f := finding.Finding{Kind: finding.RatePoliced, Service: tt.service, Verdict: tt.verdict}
		if tt.bps > 0 {
			f.RateBps = &tt.bps
		}
		wrong := of.Check(clientFile, []finding.Finding{f}, nil)
		off, asked := of.RateOff(clientFile, &f)
		if (len(wrong) > 0) != tt.wrong || asked != tt.asked || off < tt.off-1e-9 || off > tt.off+1e-9 {
			t.Errorf("%+v: %q, off by %g (%v)", tt, wrong, off, asked)
		}
		if _, asked := of.RateOff("server.pcapng", &f); asked {
			t.Error("a ceiling of one capture is asked of another")
		}
	}
}

func TestTruthWithUnknownFieldsIsRefused(t *testing.T) {
	if _, err := Parse([]byte("what: x\nwho: y\n")); err == nil {
		t.Error("a field nobody reads was accepted")
	}
}

func TestMeasuresOfLoss(t *testing.T) {
	of := func(loss, ratio float64) *finding.Finding { return &finding.Finding{Loss: &loss, BurstRatio: &ratio} }
	m := Must{Loss: 0.08, BurstRatio: 4.6}
	for _, c := range []struct {
		name string
		m    Must
		f    *finding.Finding
		want bool
	}{
		{"as asked", m, of(0.084, 4.0), true},
		{"another loss", m, of(0.086, 4.6), false},
		{"as many losses, but apart", m, of(0.08, 1), false},
		{"nothing told", m, &finding.Finding{}, false},
		{"nobody asks", Must{}, &finding.Finding{}, true},
	} {
		if got := c.m.Measures(c.f); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
