package answer

import (
	"testing"
	"time"

	"chokepoint/classify/finding"
)

// TestTheSentenceOfASlowService: what, from where, how fast, by what, in how many
// connections, for how long, what ran beside it, and who is unaffected.
func TestTheSentenceOfASlowService(t *testing.T) {
	to := func(x float64) *float64 { return &x }
	bucket := uint64(16_000)
	for _, tc := range []struct {
		name string
		edit func(*finding.Finding)
		want string
	}{
		{"a token bucket", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.BurstBytes = finding.RatePoliced, to(141e3), &bucket
			f.Beside = &finding.Beside{Name: "www.example.org", RateBps: 18e6}
		}, "Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a token bucket of ~16 kB (1 connection, 2 min); at the same time www.example.org ran at 18 Mbit/s; chat unaffected; WhatsApp unaffected"},
		{"a shaper", func(f *finding.Finding) { f.Kind, f.RateBps = finding.RateShaped, to(1e6) },
			"Telegram: media from 203.0.113.0/24 held to 1.0 Mbit/s by a shaper (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"an upload to several servers", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.Server, f.Direction = finding.RateShaped, to(0.5e6), nil, finding.ToServer
		}, "Telegram: media held to 500 kbit/s by a shaper (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"an upload to one", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.Direction = finding.RateShaped, to(0.5e6), finding.ToServer
		}, "Telegram: media to 203.0.113.0/24 held to 500 kbit/s by a shaper (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"a fall", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.BeforeBps = finding.RateShift, to(1e6), to(8e6)
		}, "Telegram: media from 203.0.113.0/24 slowed down from 8.0 Mbit/s to 1.0 Mbit/s inside the connection (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"a difference", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.Ratio = finding.RateDifferential, to(1e6), to(0.07)
		}, "Telegram: media from 203.0.113.0/24 at 1.0 Mbit/s, 0.07 of what others have (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"a difference of which no rate is known", func(f *finding.Finding) { f.Kind, f.Ratio = finding.RateDifferential, to(0.07) },
			"Telegram: media from 203.0.113.0/24 slower than everything else (1 connection, 2 min); chat unaffected; WhatsApp unaffected"},
		{"one that is only suspected says nothing", func(f *finding.Finding) {
			f.Kind, f.RateBps, f.Verdict = finding.RateShaped, to(1e6), finding.Suspected
		}, "Telegram: chat, media work"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBuilder(fakeRules{}, nil)
			media := tcpFlow(2, "telegram", "media")
			b.Flow(tcpFlow(1, "telegram", "chat"))
			b.Flow(media)
			b.Flow(tcpFlow(3, "whatsapp", "chat"))
			f := about("f1", finding.RatePoliced, finding.Likely, "telegram", "media", media)
			f.To = f.From.Add(2 * time.Minute)
			tc.edit(f)
			b.Finding(f)
			if s := one(b, "telegram"); s.Sentence != tc.want {
				t.Errorf("got  %q\nwant %q", s.Sentence, tc.want)
			}
		})
	}
}

// TestWhoIsUnaffected: relatives are not named, nor those that fail, nor where nothing is
// slow.
func TestWhoIsUnaffected(t *testing.T) {
	rate := 1e6
	b := newBuilder(fakeRules{}, nil)
	for i, s := range []string{"whatsapp", "instagram", "telegram"} {
		m := tcpFlow(i+1, s, "chat")
		if s == "telegram" {
			m = mute(i+1, s, "chat")
		}
		m.Label.Family = map[string]string{"whatsapp": "meta", "instagram": "meta"}[s]
		b.Flow(m)
		if s == "whatsapp" {
			f := about("f1", finding.RateShaped, finding.Likely, s, "chat", m)
			f.RateBps = &rate
			b.Finding(f)
		}
	}
	if s := one(b, "whatsapp"); s.Sentence != "WhatsApp: chat from 203.0.113.0/24 held to 1.0 Mbit/s by a shaper" {
		t.Errorf("%q", s.Sentence)
	}
	if s := one(b, "instagram"); s.Sentence != "Instagram: chat works" {
		t.Errorf("%q", s.Sentence)
	}
}
