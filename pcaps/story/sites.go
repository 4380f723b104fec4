package story

import (
	"net/netip"
	"time"
)

// site is a server of the world.
type site struct {
	addr  string
	rtt   time.Duration // from the client
	hops  uint8
	ttl   uint8 // initial, 0 is 64
	names []string
}

// Addresses the stories speak of.
const (
	waWeb, waChat, waMedia  = "157.240.205.60", "157.240.1.60", "157.240.205.53"
	waChat2                 = "157.240.9.53"
	instagram               = "157.240.205.174"
	tgChat, tgMedia, tgWeb  = "149.154.167.51", "91.105.192.100", "149.154.167.99"
	maxChat, maxFiles       = "217.20.147.8", "217.20.152.19"
	sigChat, sigChat2       = "13.248.212.111", "76.223.92.165"
	sigFiles, sigFiles2     = "104.18.10.47", "107.178.250.75"
	discord                 = "162.159.133.233"
	exampleCom, exampleOrg  = "93.184.215.14", "93.184.216.34"
	exampleDead, exampleTwo = "93.184.216.80", "93.184.216.81"
	forgedAddr              = "1.2.3.4"

	waRelay, tgReflector      = "157.240.205.62", "91.108.9.23"
	tgChatMedia               = "149.154.164.250" // of data centre 4
	sigRelay                  = "34.117.136.13"
	okCalls, vkRelay          = "217.20.155.13", "155.212.205.186"
	discordGate, discordVoice = "162.159.135.234", "66.22.243.77"
	discordSignal             = "162.159.138.234"
	googleSTUN                = "74.125.250.129"
	dnsGoogle, dnsCloudflare  = "8.8.4.4", "104.16.249.249"
	elsewhere, lookalike      = "93.184.216.90", "93.184.216.91"
	gosuslugi                 = "213.59.254.7"
)

// People's homes and tunnels of their own have addresses that are nobody's
// (RFC 5737).
const (
	calleeHome                          = "198.51.100.61"
	wireguardHost, openvpnHost, ikeHost = "198.51.100.140", "198.51.100.141", "198.51.100.142"
)

// sites are real names at real or plausible public addresses: documentation
// ranges would make honest DNS answers look forged.
var sites = []site{
	{waWeb, 42 * time.Millisecond, 13, 0, []string{"web.whatsapp.com"}},
	{waChat, 39 * time.Millisecond, 12, 0, []string{"g.whatsapp.net"}},
	{waChat2, 40 * time.Millisecond, 12, 0, []string{"e2.whatsapp.net"}},
	{waMedia, 41 * time.Millisecond, 13, 0, []string{"mmg.whatsapp.net"}},
	{instagram, 41 * time.Millisecond, 13, 0, []string{"www.instagram.com"}},
	{tgChat, 54 * time.Millisecond, 14, 0, nil},
	{tgMedia, 58 * time.Millisecond, 14, 0, nil},
	{tgWeb, 55 * time.Millisecond, 14, 0, []string{"web.telegram.org"}},
	{maxChat, 9 * time.Millisecond, 7, 0, []string{"api.oneme.ru"}},
	{maxFiles, 10 * time.Millisecond, 7, 0, []string{"fd.oneme.ru"}},
	{sigChat, 33 * time.Millisecond, 11, 255, []string{"chat.signal.org"}},
	{sigChat2, 34 * time.Millisecond, 11, 255, []string{"grpc.chat.signal.org"}},
	{sigFiles, 31 * time.Millisecond, 10, 0, []string{"cdn2.signal.org"}},
	{sigFiles2, 36 * time.Millisecond, 12, 0, []string{"cdn.signal.org"}},
	{discord, 31 * time.Millisecond, 10, 0, []string{"cdn.discordapp.com"}},
	{exampleCom, 47 * time.Millisecond, 12, 0, []string{"www.example.com"}},
	{exampleOrg, 52 * time.Millisecond, 12, 0, []string{"www.example.org"}},
	{exampleDead, 50 * time.Millisecond, 12, 0, []string{"backup.example.net"}},
	{exampleTwo, 50 * time.Millisecond, 12, 0, []string{"build.example.net"}},
	{"185.15.59.224", 44 * time.Millisecond, 11, 0, []string{"www.wikipedia.org"}},
	{"151.101.0.223", 29 * time.Millisecond, 9, 0, []string{"www.python.org"}},
	{"139.178.84.217", 128 * time.Millisecond, 16, 0, []string{"www.kernel.org"}},
	{forgedAddr, 90 * time.Millisecond, 15, 0, nil},
	{waRelay, 41 * time.Millisecond, 13, 0, nil},
	{tgReflector, 52 * time.Millisecond, 14, 0, nil},
	{tgChatMedia, 57 * time.Millisecond, 14, 0, nil},
	{sigRelay, 36 * time.Millisecond, 12, 0, []string{"turn3.voip.signal.org"}},
	{okCalls, 9 * time.Millisecond, 7, 0, []string{"videowebrtc.okcdn.ru"}},
	{vkRelay, 10 * time.Millisecond, 7, 0, nil},
	{discordGate, 31 * time.Millisecond, 10, 0, []string{"gateway.discord.gg"}},
	{discordSignal, 31 * time.Millisecond, 10, 0, []string{"rotterdam4271.discord.media"}},
	{discordVoice, 44 * time.Millisecond, 13, 0, nil},
	{googleSTUN, 40 * time.Millisecond, 11, 128, []string{"stun.l.google.com"}},
	{dnsGoogle, 38 * time.Millisecond, 11, 128, []string{"dns.google"}},
	{dnsCloudflare, 31 * time.Millisecond, 10, 0, []string{"cloudflare-dns.com"}},
	{elsewhere, 51 * time.Millisecond, 12, 0, []string{"notwhatsapp.com"}},
	{lookalike, 51 * time.Millisecond, 12, 0, []string{"whatsapp.com.evil.example"}},
	{gosuslugi, 14 * time.Millisecond, 8, 0, []string{"www.gosuslugi.ru"}},
	{"8.8.8.8", 38 * time.Millisecond, 11, 128, nil},
}

func (s site) address() netip.Addr { return netip.MustParseAddr(s.addr) }

func siteOf(a netip.Addr) site {
	for _, s := range sites {
		if s.address() == a {
			return s
		}
	}
	return site{rtt: 60 * time.Millisecond, hops: 13}
}
