package scenes

import (
	"context"
	"fmt"
	"strings"
	"time"

	"chokepoint/classify/finding"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/lab/peer/quicpeer"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
)

// policedV6 is a policer that reads names over IPv6: headers are 20 bytes longer,
// and those count.
func policedV6() *lab.Scenario {
	return &lab.Scenario{
		Name: "policed-v6", Cases: []string{"P2"}, Lasts: 10 * time.Second,
		Truth: held("whatsapp", finding.RatePoliced, 1*mbit, 120_000,
			"flows with a hello for WhatsApp's media pass, over IPv6, one token bucket of 1 Mbit/s and 120 kB each way; the excess is dropped"),
		Play: func(w *lab.World) {
			w.V6 = true
			w.Rule("police media", policy.SNI("mmg.whatsapp.net"), &policy.Police{Rate: 1 * mbit, Burst: 120_000})
			w.Open(200*time.Millisecond, "mmg.whatsapp.net", lab.Web, parts(20, 256<<10)...)
			w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "whatsapp")
		},
	}
}

// policedQUIC is media over QUIC behind a bucket. Nobody outside sees what was lost,
// so that the mechanism is not proven by packets that are missing: what shows is that
// the rate falls to a flat one when the bucket is empty, while others are fast.
func policedQUIC() *lab.Scenario {
	t := held("whatsapp", finding.RatePoliced, 1*mbit, 0,
		"QUIC to WhatsApp's media passes a token bucket of 1 Mbit/s and 150 kB each way; the excess is dropped")
	t.Services = allBut("whatsapp", "throttled", "ok", "inconclusive") // few flows, and no loss to be seen
	t.Finds[0].Kinds = []finding.Kind{finding.RatePoliced, finding.RateShift, finding.RateDifferential}
	t.Finds[0].AtLeast = finding.Suspected
	return &lab.Scenario{
		Name: "policed-quic", Cases: []string{"P4"}, Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("police QUIC", policy.All(policy.QUIC, policy.SNI(".whatsapp.net")), &policy.Police{Rate: 1 * mbit, Burst: 150_000})
			w.QUIC(200*time.Millisecond, site.WAMedia, quicpeer.Options{SNI: "mmg.whatsapp.net"}, quicpeer.Turn{Ask: 400, Answer: 2_500_000})
			w.QUIC(2500*time.Millisecond, site.Discord, quicpeer.Options{SNI: "cdn.discordapp.com"}, quicpeer.Turn{Ask: 400, Answer: 900_000})
			w.Noise(900*time.Millisecond, "g.whatsapp.net", talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "whatsapp")
		},
	}
}

// policedUpload is a bucket for what the client sends alone: here it is the client's
// recording that shows retransmissions, and the server's that shows holes.
func policedUpload() *lab.Scenario {
	return &lab.Scenario{
		Name: "policed-upload", Cases: []string{"P4"}, Lasts: 10 * time.Second,
		Truth: held("telegram", finding.RatePoliced, 0.8*mbit, 100_000,
			"what goes to "+site.TGMedia+" passes a token bucket of 800 kbit/s and 100 kB; the excess is dropped. What comes from there is free"),
		Play: func(w *lab.World) {
			w.Rule("police upload", policy.All(policy.To(site.TGMedia), policy.Dir(box.Up)), &policy.Police{Rate: 0.8 * mbit, Burst: 100_000})
			telegramMedia(w, 200*time.Millisecond, sent(20, 256<<10)...)
			w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "telegram")
			w.Open(4*time.Second, "www.example.org", lab.Web, talk.Upload(400_000))
		},
	}
}

// policedVideo is a film over HTTP/2 whose player wants more than the bucket gives:
// it never rests.
func policedVideo() *lab.Scenario {
	t := held("discord", finding.RatePoliced, 0.8*mbit, 100_000,
		"flows with a hello for Discord's files pass a token bucket of 800 kbit/s and 100 kB each way; the excess is dropped")
	return &lab.Scenario{
		Name: "policed-video-h2", Cases: []string{"P2"}, Lasts: 11 * time.Second, Truth: t,
		Play: func(w *lab.World) {
			w.Rule("police files", policy.SNI("cdn.discordapp.com"), &policy.Police{Rate: 0.8 * mbit, Burst: 100_000, Per: policy.PerFlow})
			w.Open(200*time.Millisecond, "cdn.discordapp.com", lab.Web, talk.Video(12, time.Second, 2_400_000)...)
			control(w)
		},
	}
}

// policedByKernel is a real policer, nftables' limit on the way out to the client.
// It counts bytes of Ethernet: of 1,514 that it lets pass 1,500 are IP's.
func policedByKernel() *lab.Scenario {
	const kbytes = 128 // of 1,024 bytes a second: 1.049 Mbit/s
	return &lab.Scenario{
		Name: "policed-by-nftables", Cases: []string{"P2"}, Lasts: 10 * time.Second, Needs: []string{"nft"},
		Truth: held("telegram", finding.RatePoliced, kbytes*1024*8*1500./1514, 100*1024,
			"what comes from "+site.TGMedia+" passes nftables' limit of 128 KiB/s of Ethernet frames and 100 KiB; the excess is dropped"),
		Play: func(w *lab.World) {
			rule := fmt.Sprintf("table netdev lab { chain out { type filter hook egress device c0 priority 0; "+
				"ip saddr %s limit rate over %d kbytes/second burst 100 kbytes counter drop; }; }", site.TGMedia, kbytes)
			w.At(0, func(ctx context.Context) {
				_, err := w.Middle().Command(ctx, "nft", rule)
				w.Note("nft", err)
			})
			w.At(9*time.Second, func(ctx context.Context) {
				out, err := w.Middle().Command(ctx, "nft", "list", "ruleset")
				if err == nil && strings.Contains(string(out), "packets 0 ") {
					err = fmt.Errorf("nothing was dropped: %s", out)
				}
				w.Note("nft", err)
			})
			telegramMedia(w, 600*time.Millisecond, parts(20, 256<<10)...)
			w.OpenAt(400*time.Millisecond, site.TGChat, 443, talk.MTProto{DC: 2}, talk.Chat(6, 1200*time.Millisecond)...)
			control(w, "telegram")
		},
	}
}
