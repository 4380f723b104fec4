package scenes

import (
	"fmt"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// policedHello is what was done to Twitter in 2021 (Xue et al.): a hello with the
// name puts its flow, and it alone, behind a token bucket of 130 to 150 kbit/s, both
// ways. Three flows show the same rate; the chat, which names nobody, is well.
func policedHello() *lab.Scenario {
	return &lab.Scenario{
		Name: "policed-140k-after-hello", Cases: []string{"P1"}, Lasts: 12 * time.Second,
		Truth: held("whatsapp", finding.RatePoliced, 140e3, 16_000,
			"each flow with a hello for WhatsApp passes a token bucket of 140 kbit/s and 16 kB, each way; the excess is dropped"),
		Play: func(w *lab.World) {
			w.Rule("police after hello", policy.SNI(".whatsapp.net"), &policy.Police{Rate: 140e3, Burst: 16_000, Per: policy.PerFlow})
			for i := range 3 {
				w.Open(200*time.Millisecond+time.Duration(i)*400*time.Millisecond, "mmg.whatsapp.net", lab.Web, talk.Download(900_000))
			}
			w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "whatsapp")
		},
	}
}

// policedAddress is the same by address, where no hello is read: media of a data
// centre of Telegram share one bucket, its chats have none.
func policedAddress() *lab.Scenario {
	return telegramPoliced("policed-140k-telegram", "P1", 140e3, 16_000, 12*time.Second,
		func(w *lab.World) { telegramMedia(w, 200*time.Millisecond, parts(6, 128<<10)...) })
}

// policed500k, policed1500k and policed3m are the settings of the published router
// traces (USC-NSL/policing-detection): the bucket holds more than a round trip.
func policed500k() *lab.Scenario {
	return telegramPoliced("policed-500k", "P2", 0.5*mbit, 100_000, 11*time.Second,
		func(w *lab.World) { telegramMedia(w, 200*time.Millisecond, parts(20, 128<<10)...) })
}

func policed1500k() *lab.Scenario {
	return telegramPoliced("policed-1500k", "P2", 1.5*mbit, 250_000, 10*time.Second,
		func(w *lab.World) { telegramMedia(w, 200*time.Millisecond, parts(20, 512<<10)...) })
}

func policed3m() *lab.Scenario {
	return telegramPoliced("policed-3m", "P2", 3*mbit, 1_000_000, 10*time.Second,
		func(w *lab.World) { telegramMedia(w, 200*time.Millisecond, parts(8, 1<<20)...) })
}

// policedFour is one bucket for four flows: each alone fits no rate, together they
// fit it exactly.
func policedFour() *lab.Scenario {
	return telegramPoliced("policed-four-flows", "P3", 1.5*mbit, 100_000, 11*time.Second, func(w *lab.World) {
		for i := range 4 {
			telegramMedia(w, 200*time.Millisecond+time.Duration(i)*300*time.Millisecond, parts(20, 256<<10)...)
		}
	})
}

// policedBBR and policedReno are other senders in the same bucket: BBR finds the
// rate and paces itself to it, Reno halves.
func policedBBR() *lab.Scenario {
	return telegramPoliced("policed-bbr", "P4", 1.5*mbit, 150_000, 10*time.Second, func(w *lab.World) {
		w.Sites.Congestion = "bbr"
		telegramMedia(w, 200*time.Millisecond, parts(20, 512<<10)...)
	})
}

func policedReno() *lab.Scenario {
	return telegramPoliced("policed-reno", "P4", 1*mbit, 100_000, 10*time.Second, func(w *lab.World) {
		w.Sites.Congestion = "reno"
		telegramMedia(w, 200*time.Millisecond, parts(20, 512<<10)...)
	})
}

// telegramMedia plans a transfer from the data centre's media server.
func telegramMedia(w *lab.World, at time.Duration, turns ...talk.Turn) {
	w.OpenAt(at, site.TGMedia, 443, talk.MTProto{DC: -2}, turns...)
}

// telegramPoliced is a scenario in which Telegram's media server is behind one token
// bucket each way.
func telegramPoliced(name, line string, rate float64, burst int, lasts time.Duration, play func(*lab.World)) *lab.Scenario {
	return &lab.Scenario{
		Name: name, Cases: []string{line}, Lasts: lasts,
		Truth: held("telegram", finding.RatePoliced, rate, burst, fmt.Sprintf(
			"what comes from and goes to %s passes a token bucket of %v kbit/s and %d kB, one each way; the excess is dropped", site.TGMedia, rate/1e3, burst/1000)),
		Play: func(w *lab.World) {
			w.Rule("police media", policy.To(site.TGMedia), &policy.Police{Rate: rate, Burst: burst})
			w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "telegram")
			play(w)
		},
	}
}
