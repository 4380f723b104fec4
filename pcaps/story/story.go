package story

import (
	"fmt"
)

// Story is one bundled case.
type Story struct {
	Name string // of the case folder
	tell func() *world
}

// Files returns the captures of the story, file name to content.
func (s Story) Files() (map[string][]byte, error) {
	files, err := s.tell().Files()
	if err != nil {
		return nil, fmt.Errorf("story %s: %w", s.Name, err)
	}
	return files, nil
}

// All lists the stories, sorted by name.
func All() []Story {
	return []Story{
		{"calls-and-chats", callsAndChats},
		{"dead-host-refused", deadHostRefused},
		{"decoys-and-probes", decoysAndProbes},
		{"dns-double-answer", dnsDoubleAnswer},
		{"everything-works", everythingWorks},
		{"freeze-after-16k", freezeAfter16K},
		{"outage-whatsapp", outageWhatsApp},
		{"pihole-own-resolver", piholeOwnResolver},
		{"quic-and-tunnels", quicAndTunnels},
		{"server-aborts", serverAborts},
		{"signal-syn-blackhole", signalSYNBlackhole},
		{"telegram-app-paced", telegramAppPaced},
		{"telegram-lossy-path", telegramLossyPath},
		{"telegram-policed", telegramPoliced},
		{"whatsapp-denied-and-dropped", whatsappDeniedAndDropped},
		{"whatsapp-reset-race", whatsappResetRace},
		{"whatsapp-reset-train", whatsappResetTrain},
	}
}
