package classify

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// spokenInCalls is what a flow of a call may be said to speak where the service is
// not known.
var spokenInCalls = []string{"stun", "turn", "dtls", "rtp"}

// ofACall reports whether nDPI's label is one that flows of calls have.
func ofACall(r *ndpiRow) bool {
	return r.proto == "udp" && (strings.HasPrefix(r.full, "STUN") || strings.HasPrefix(r.full, "DTLS") || strings.HasPrefix(r.full, "RTP") ||
		strings.HasSuffix(r.full, "Call") || strings.HasSuffix(r.full, "Voip") || strings.HasSuffix(r.full, "_Voice") ||
		slices.Contains([]string{"Discord", "Zoom", "Telegram", "Viber", "SD-RTN"}, r.full))
}

// TestCallsAreOfTheirService: a flow that nDPI takes for part of a call is of that
// service to us, or of none and speaks what calls speak. Of a service that we do
// not know, such as Agora's SD-RTN, it is nobody's.
func TestCallsAreOfTheirService(t *testing.T) {
	flows := listen(t)
	right, unnamed, of, seen := map[string]int{}, map[string]int{}, map[string]int{}, map[string]string{}
	apps := map[string]int{}
	for _, r := range ndpiRows(t) {
		if !ofACall(&r) {
			continue
		}
		of[r.full]++
		says := "no flow"
		for _, k := range between(flows[r.file], r.pair) {
			switch {
			case slices.Contains(ndpiNames[r.name], k.label.Service):
				says = ""
				right[r.full]++
				apps[k.app]++
			case k.label.Service == "" && (slices.Contains(spokenInCalls, k.app) || ndpiNames[r.name] == nil):
				says = ""
				unnamed[r.full]++
			default:
				says = fmt.Sprintf("%s, speaks %q", k.told(), k.app)
			}
		}
		if says != "" {
			seen[r.file+" "+r.pair.String()] = r.full + " | " + says
		}
	}
	for _, name := range slices.Sorted(keysOf(of)) {
		t.Logf("%-22s %3d flows: %d of its service, %d of none", name, of[name], right[name], unnamed[name])
	}
	t.Logf("what those of a service speak: %v", apps)
	compareRead(t, seen, readOfCalls)
}

// readOfCalls are flows of calls of which we say neither.
var readOfCalls = []reading{}

// TestCallsAreNotWhatsAppsByTheirSTUN: whoever is called WhatsApp over UDP is so by
// attributes or messages of its own, a name, its own address, or because a flow
// that is so arranged it.
func TestCallsAreNotWhatsAppsByTheirSTUN(t *testing.T) {
	flows := listen(t)
	by, stun, n := map[string]int{}, 0, 0
	for _, file := range slices.Sorted(keysOf(flows)) {
		whole := map[string]bool{} // ids of flows that are WhatsApp's by themselves
		for _, k := range flows[file] {
			if k.proto == "udp" && (k.app == "stun" || k.app == "turn") {
				stun++
			}
			if k.proto == "udp" && k.label.Service == "whatsapp" && byItself(k) != "" {
				whole[k.id.String()] = true
			}
		}
		for _, k := range flows[file] {
			if k.proto != "udp" || k.label.Service != "whatsapp" {
				continue
			}
			n++
			why := byItself(k)
			for _, w := range k.label.Why {
				if _, id, ok := strings.Cut(w.Value, " "); ok && why == "" && w.By == "arranged" && whole[id] {
					why = "arranged"
				}
			}
			if why == "" {
				t.Errorf("%s %s %v: %v", file, k.id, k.pair, k.label.Why)
			}
			by[why]++
		}
	}
	t.Logf("%d flows over UDP are WhatsApp's, by %v; %d flows speak STUN or TURN", n, by, stun)
	if n == 0 || stun <= n {
		t.Error("nothing to tell apart")
	}
}

// byItself says what of a flow alone is WhatsApp's.
func byItself(k *heard) string {
	for _, s := range k.signs {
		if s.Rule == "wa-stun-attr" || s.Rule == "wa-stun-type" {
			return s.Rule
		}
	}
	return reasonFor(k, "")
}

// TestCallsAndTheirMedia: sound and pictures go over UDP, and never to a resolver.
func TestCallsAndTheirMedia(t *testing.T) {
	flows := listen(t)
	n, of := 0, map[string]int{}
	for _, file := range slices.Sorted(keysOf(flows)) {
		for _, k := range flows[file] {
			if len(k.media) == 0 {
				continue
			}
			n++
			of[k.app]++
			if port := k.server.Port(); port == 53 || k.proto != "udp" {
				t.Errorf("%s %s %v: %s with %v", file, k.id, k.pair, k.app, k.media)
			}
		}
	}
	t.Logf("%d flows with media, which speak %v", n, of)
	if n == 0 {
		t.Error("no media was heard")
	}
}
