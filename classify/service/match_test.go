package service

import (
	"strings"
	"testing"
)

func TestMatchExplains(t *testing.T) {
	r, err := Default().WithMine([]string{"149.154.167.50:443=own", "web.whatsapp.com:8443=own"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ ask, want string }{
		{"mmg.whatsapp.net", "whatsapp!exact mmg.whatsapp.net; whatsapp.suffix whatsapp.net; .must_exist"},
		{"KWS2-1.web.telegram.org.", "telegram!glob kws*.web.telegram.org; telegram.suffix web.telegram.org; telegram.suffix telegram.org"},
		{"calls.okcdn.ru", "!exact calls.okcdn.ru; .suffix okcdn.ru; .must_exist"},
		{"web.whatsapp.com", "own!mine web.whatsapp.com:8443; whatsapp.exact web.whatsapp.com; whatsapp.suffix whatsapp.com; .must_exist"},
		{"149.154.167.50", "own!mine 149.154.167.50:443; telegram.endpoint 149.154.167.50/32; telegram.dedicated 149.154.160.0/20"},
		{"91.108.4.1", "telegram!dedicated 91.108.4.0/22"},
		{"64:ff9b::5b6c:401", "telegram!dedicated 91.108.4.0/22"},
		{"157.240.1.60", "whatsapp!dedicated 157.240.1.60/31; .shared 157.240.0.0/17"},
		{"89.208.220.5", "!tenant 89.208.220.0/22; .shared 89.208.220.0/22"},
		{"8.8.8.8", ".resolver google"},
		{"dns.google", ".must_exist; .resolver google"},
		{"cloudflare-ech.com", ".ech_outer cloudflare"},
		{"example.org", ""}, {"192.0.2.1", ""}, {"", ""}, {"not a name", ""},
	} {
		var got []string
		for _, h := range r.Match(c.ask) {
			mark := "."
			if h.Wins {
				mark = "!"
			}
			got = append(got, h.Service+mark+h.Rule)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.ask, s, c.want)
		}
	}
}

// TestMatchAgreesWithClassify holds the explanation against the verdict.
func TestMatchAgreesWithClassify(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, n := range r.byID[id].names {
			name := strings.ReplaceAll(n.name, "*", "q")
			h := r.Match(name)[0]
			l := r.Classify(&Evidence{QName: name})
			if !h.Wins || h.Service != l.Service || h.Owner != l.Family || h.Function != l.Function || h.File == "" || h.Line == 0 {
				t.Errorf("%s: explained as %+v, labelled %+v", name, h, l)
			}
		}
	}
}
