// Package site is the servers of the recorded worlds: real names at real or
// plausible public addresses, at the distance of a home in eastern Europe.
package site

import (
	"net/netip"
	"time"
)

// Site is a server of the world.
type Site struct {
	Addr  string
	RTT   time.Duration // from the client
	Hops  uint8         // between client and server
	TTL   uint8         // initial, 0 is 64
	Names []string
}

// Addresses of the sites.
const (
	WAWeb        = "157.240.205.60"
	WAChat       = "157.240.1.60"
	WAMedia      = "157.240.205.53"
	WAChat2      = "157.240.9.53"
	Instagram    = "157.240.205.174"
	TGChat       = "149.154.167.51"
	TGMedia      = "91.105.192.100"
	TGWeb        = "149.154.167.99"
	MaxChat      = "217.20.147.8"
	MaxFiles     = "217.20.152.19"
	SignalChat   = "13.248.212.111"
	SignalChat2  = "76.223.92.165"
	SignalFiles  = "104.18.10.47"
	SignalFiles2 = "107.178.250.75"
	Discord      = "162.159.133.233"
	ExampleCom   = "93.184.215.14"
	ExampleOrg   = "93.184.216.34"
	ExampleDead  = "93.184.216.80"
	ExampleTwo   = "93.184.216.81"
	Forged       = "1.2.3.4"

	WARelay       = "157.240.205.62"
	TGReflector   = "91.108.9.23"
	TGChatMedia   = "149.154.164.250" // of data centre 4
	SignalRelay   = "34.117.136.13"
	OKCalls       = "217.20.155.13"
	VKRelay       = "155.212.205.186"
	DiscordGate   = "162.159.135.234"
	DiscordVoice  = "66.22.243.77"
	DiscordSignal = "162.159.138.234"
	GoogleSTUN    = "74.125.250.129"
	GoogleDNS2    = "8.8.4.4"
	CloudflareDNS = "104.16.249.249"
	Elsewhere     = "93.184.216.90"
	Lookalike     = "93.184.216.91"
	GoogleDNS     = "8.8.8.8"
	Gosuslugi     = "213.59.254.7"
)

// People's homes and tunnels of their own have addresses that are nobody's
// (RFC 5737).
const (
	CalleeHome    = "198.51.100.61"
	WireGuardHost = "198.51.100.140"
	OpenVPNHost   = "198.51.100.141"
	IKEHost       = "198.51.100.142"
)

// All is every site. Documentation ranges would make honest DNS answers look
// forged.
var All = []Site{
	{WAWeb, 42 * time.Millisecond, 13, 0, []string{"web.whatsapp.com"}},
	{WAChat, 39 * time.Millisecond, 12, 0, []string{"g.whatsapp.net"}},
	{WAChat2, 40 * time.Millisecond, 12, 0, []string{"e2.whatsapp.net"}},
	{WAMedia, 41 * time.Millisecond, 13, 0, []string{"mmg.whatsapp.net"}},
	{Instagram, 41 * time.Millisecond, 13, 0, []string{"www.instagram.com"}},
	{TGChat, 54 * time.Millisecond, 14, 0, nil},
	{TGMedia, 58 * time.Millisecond, 14, 0, nil},
	{TGWeb, 55 * time.Millisecond, 14, 0, []string{"web.telegram.org"}},
	{MaxChat, 9 * time.Millisecond, 7, 0, []string{"api.oneme.ru"}},
	{MaxFiles, 10 * time.Millisecond, 7, 0, []string{"fd.oneme.ru"}},
	{SignalChat, 33 * time.Millisecond, 11, 255, []string{"chat.signal.org"}},
	{SignalChat2, 34 * time.Millisecond, 11, 255, []string{"grpc.chat.signal.org"}},
	{SignalFiles, 31 * time.Millisecond, 10, 0, []string{"cdn2.signal.org"}},
	{SignalFiles2, 36 * time.Millisecond, 12, 0, []string{"cdn.signal.org"}},
	{Discord, 31 * time.Millisecond, 10, 0, []string{"cdn.discordapp.com"}},
	{ExampleCom, 47 * time.Millisecond, 12, 0, []string{"www.example.com"}},
	{ExampleOrg, 52 * time.Millisecond, 12, 0, []string{"www.example.org"}},
	{ExampleDead, 50 * time.Millisecond, 12, 0, []string{"backup.example.net"}},
	{ExampleTwo, 50 * time.Millisecond, 12, 0, []string{"build.example.net"}},
	{"185.15.59.224", 44 * time.Millisecond, 11, 0, []string{"www.wikipedia.org"}},
	{"151.101.0.223", 29 * time.Millisecond, 9, 0, []string{"www.python.org"}},
	{"139.178.84.217", 128 * time.Millisecond, 16, 0, []string{"www.kernel.org"}},
	{Forged, 90 * time.Millisecond, 15, 0, nil},
	{WARelay, 41 * time.Millisecond, 13, 0, nil},
	{TGReflector, 52 * time.Millisecond, 14, 0, nil},
	{TGChatMedia, 57 * time.Millisecond, 14, 0, nil},
	{SignalRelay, 36 * time.Millisecond, 12, 0, []string{"turn3.voip.signal.org"}},
	{OKCalls, 9 * time.Millisecond, 7, 0, []string{"videowebrtc.okcdn.ru"}},
	{VKRelay, 10 * time.Millisecond, 7, 0, nil},
	{DiscordGate, 31 * time.Millisecond, 10, 0, []string{"gateway.discord.gg"}},
	{DiscordSignal, 31 * time.Millisecond, 10, 0, []string{"rotterdam4271.discord.media"}},
	{DiscordVoice, 44 * time.Millisecond, 13, 0, nil},
	{GoogleSTUN, 40 * time.Millisecond, 11, 128, []string{"stun.l.google.com"}},
	{GoogleDNS2, 38 * time.Millisecond, 11, 128, []string{"dns.google"}},
	{CloudflareDNS, 31 * time.Millisecond, 10, 0, []string{"cloudflare-dns.com"}},
	{Elsewhere, 51 * time.Millisecond, 12, 0, []string{"notwhatsapp.com"}},
	{Lookalike, 51 * time.Millisecond, 12, 0, []string{"whatsapp.com.evil.example"}},
	{Gosuslugi, 14 * time.Millisecond, 8, 0, []string{"www.gosuslugi.ru"}},
	{GoogleDNS, 38 * time.Millisecond, 11, 128, nil},
}

// Address is the site's address.
func (s Site) Address() netip.Addr { return netip.MustParseAddr(s.Addr) }

// Of returns the site at an address; one that nobody listed is 60 ms and 13 hops
// away.
func Of(a netip.Addr) Site {
	for _, s := range All {
		if s.Address() == a {
			return s
		}
	}
	return Site{Addr: a.String(), RTT: 60 * time.Millisecond, Hops: 13}
}
