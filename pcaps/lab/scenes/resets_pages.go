package scenes

import (
	"net/http"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// resetPages are answers to plaintext requests that the server did not give.
func resetPages() []*lab.Scenario { return []*lab.Scenario{pageRedirect(), pageForbidden()} }

// paged is the truth of forged answers in the clear.
func paged(service, what string) truth.Truth {
	t := notAll(service, ended(service, finding.Confirmed, what), "failing")
	t.Finds[0].Kinds = []finding.Kind{finding.PayloadInjected}
	t.May = []truth.Limit{{Kinds: []finding.Kind{finding.ResetInjected}, Service: service, AtMost: finding.Confirmed,
		Why: "the connection is ended in the server's name too"}}
	return t
}

// asks plans requests in the clear to port 80 of an address.
func asks(w *lab.World, addr, host string) {
	tries(3, 400*time.Millisecond, 1400*time.Millisecond, func(at time.Duration) {
		w.OpenAt(at, addr, 80, talk.HTTP{Host: host}, talk.Turn{Ask: 300, Answer: 9_000})
	})
}

// pageRedirect is the 302 of Russian providers for HTTP: it wins the race, and then
// the server's own answer comes with the same sequence numbers and other bytes.
func pageRedirect() *lab.Scenario {
	return &lab.Scenario{
		Name: "page-redirect-race", Cases: []string{"F11"}, Lasts: 6 * time.Second,
		Truth: paged("whatsapp", "a plaintext request to WhatsApp draws a 302 to the provider's page; the server's 200 comes 40 ms later in its place"),
		Play: func(w *lab.World) {
			w.Rule("302", policy.All(policy.Host(whatsAppNames...), policy.Hello), &policy.BlockPage{Location: "http://warning.provider.example/?id=17",
				Delay: 400 * time.Microsecond})
			asks(w, site.WAWeb, "web.whatsapp.com")
			asks(w, site.WAMedia, "mmg.whatsapp.net")
			w.OpenAt(700*time.Millisecond, site.ExampleCom, 80, talk.HTTP{Host: "www.example.com"}, talk.Turn{Ask: 300, Answer: 9_000})
			lively(w, "whatsapp")
		},
	}
}

// pageForbidden is Iran's page: 403 in one FIN,PSH,ACK, and a reset to the server,
// which gets the request all the same and answers a moment too late.
func pageForbidden() *lab.Scenario {
	body := `<html><head><title>403</title></head><body><iframe src="http://10.10.34.35?type=Invalid Site&policy=MainPolicy" style="width:100%;height:100%"></iframe></body></html>`
	return &lab.Scenario{
		Name: "page-forbidden-fin", Cases: []string{"F11", "R12"}, Lasts: 6 * time.Second,
		Truth: paged("telegram", "a plaintext request to Telegram draws a 403 page in one FIN,PSH,ACK; the server's own answer comes 50 ms later in its place"),
		Play: func(w *lab.World) {
			w.Rule("403", policy.All(policy.Host(telegramNames...), policy.Hello), &policy.BlockPage{Status: http.StatusForbidden, Body: body, FIN: true,
				Delay: 300 * time.Microsecond})
			asks(w, site.TGWeb, "web.telegram.org")
			w.OpenAt(900*time.Millisecond, site.ExampleCom, 80, talk.HTTP{Host: "www.example.com"}, talk.Turn{Ask: 300, Answer: 9_000})
			w.TelegramWorks(700 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}
