package classify

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/internal/corpora"
)

// pair is the transport and the two ends of a flow, whichever of them spoke
// first: tables of others are of another mind about that now and then.
type pair struct {
	proto string
	a, b  netip.AddrPort
}

func pairOf(proto string, a, b netip.AddrPort) pair {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	return pair{proto, a, b}
}

func (p pair) String() string { return fmt.Sprint(p.proto, " ", p.a, " ", p.b) }

// pairIn reads the five columns of a table: source, its port, destination, its
// port. Tables spell addresses of IPv6 in several ways.
func pairIn(t *testing.T, proto string, col []string) pair {
	t.Helper()
	var e [2]netip.AddrPort
	for i := range e {
		a, err := netip.ParseAddr(col[2*i])
		port, err2 := strconv.ParseUint(col[2*i+1], 10, 16)
		if err != nil || err2 != nil {
			t.Fatalf("not two ends: %q", col[:4])
		}
		e[i] = netip.AddrPortFrom(a.Unmap(), uint16(port))
	}
	return pairOf(proto, e[0], e[1])
}

// heard is a flow as the engine told it.
type heard struct {
	pair
	id       fact.FlowID
	server   netip.AddrPort
	app      string
	media    []string
	names    fact.Names
	asked    []string // in DNS
	label    service.Label
	signs    []service.Sign
	misnamed bool
}

// told is what we say of a flow: the service, or else the family.
func (k *heard) told() string {
	switch {
	case k.label.Service != "":
		return k.label.Service
	case k.misnamed:
		return "misplaced name"
	case k.label.Family != "":
		return "of " + k.label.Family
	}
	return "nobody"
}

// hearing keeps all flows.
type hearing struct{ flows []*heard }

func (s *hearing) Flow(f *fact.Flow, _ []string) error {
	server := netip.AddrPortFrom(f.Key.DstAddr(), f.Key.DstPort)
	k := &heard{
		pair: pairOf(f.Proto(), netip.AddrPortFrom(f.Key.SrcAddr(), f.Key.SrcPort), server), id: f.ID, server: server,
		app: f.App, media: slices.Clone(f.Media), names: f.Names, label: f.Label,
		signs: slices.Clone(f.Signs), misnamed: f.Label.Mismatch,
	}
	k.names.CertNames, k.names.DNS = slices.Clone(f.Names.CertNames), slices.Clone(f.Names.DNS)
	k.label.Why = slices.Clone(f.Label.Why)
	for _, d := range f.DNS {
		k.asked = append(k.asked, d.QName)
	}
	s.flows = append(s.flows, k)
	return nil
}
func (*hearing) Finding(*finding.Finding) error { return nil }
func (*hearing) Service(*answer.Service) error  { return nil }

// overheard is all flows of all foreign captures, by the paths that the tables
// call them by. Each capture is read once, for all tests.
var overheard struct {
	sync.Once
	flows map[string][]*heard
}

func listen(t *testing.T) (flows map[string][]*heard) {
	t.Helper()
	files := corpora.Captures(t)
	overheard.Do(func() {
		overheard.flows = map[string][]*heard{}
		for _, f := range files {
			src, err := pcapfile.Open(f.Path, pcapfile.Options{})
			if err != nil {
				continue // no capture, or none that can be read: others test that
			}
			overheard.flows[f.Name] = hear(src)
			src.Close()
		}
	})
	if len(overheard.flows) == 0 {
		t.Fatal("no captures")
	}
	return overheard.flows
}

// hear runs the engine. What came before an error of the source will do.
func hear(src capture.Source) []*heard {
	s := &hearing{}
	Run(context.Background(), src, s, Options{All: true, Seed: 1})
	return s.flows
}

// between returns the flows of a capture between two ends.
func between(flows []*heard, p pair) (out []*heard) {
	for _, k := range flows {
		if k.pair == p {
			out = append(out, k)
		}
	}
	return out
}

// ndpiNames are nDPI's names of services we know, and what we call them. The names
// of Messenger below facebook.com are Facebook to nDPI.
var ndpiNames = map[string][]string{
	"Discord": {"discord"}, "KakaoTalk": {"kakaotalk"}, "KakaoTalk_Voice": {"kakaotalk"}, "Line": {"line"}, "LineCall": {"line"},
	"Telegram": {"telegram"}, "TelegramVoip": {"telegram"}, "Threema": {"threema"}, "Viber": {"viber"},
	"WhatsApp": {"whatsapp"}, "WhatsAppCall": {"whatsapp"}, "WhatsAppFiles": {"whatsapp"},
	"Signal": {"signal"}, "SignalVoip": {"signal"}, "Skype_Teams": {"skype_teams"}, "Skype_TeamsCall": {"skype_teams"}, "Teams": {"skype_teams"},
	"Zoom": {"zoom"}, "Facebook": {"facebook", "facebook_messenger"}, "FacebookMessenger": {"facebook_messenger"}, "FacebookVoip": {"facebook_messenger"},
	"Instagram": {"instagram"}, "Slack": {"slack"}, "Snapchat": {"snapchat"}, "SnapchatCall": {"snapchat"}, "WeChat": {"wechat"}, "QQ": {"qq"},
	"GoogleMeet": {"google_meet"}, "GoogleCall": {"google_meet"}, "VK": {"vk"},
}

// ndpiRow is a flow as nDPI labels it.
type ndpiRow struct {
	file string
	pair
	full, name, sure, host string
}

// certain: by content, rather than by port, address or half a handshake.
func (r *ndpiRow) certain() bool { return r.sure == "DPI" || r.sure == "DPI (cache)" }

func ndpiRows(t *testing.T) (out []ndpiRow) {
	for _, r := range corpora.Rows(t, "ndpi_flows_messenger.tsv") {
		name := r[6][strings.LastIndexByte(r[6], '.')+1:]
		out = append(out, ndpiRow{r[0], pairIn(t, strings.ToLower(r[1]), r[2:6]), r[6], name, r[8], r[9]})
	}
	return out
}

// TestMessengersAgreeWithNDPI: of the flows in which nDPI recognised a service by
// their content, at least 95 % are of that service to us; all others were read.
func TestMessengersAgreeWithNDPI(t *testing.T) {
	flows := listen(t)
	agreed, of := map[string]int{}, map[string]int{}
	strange, partial := map[string]int{}, 0
	seen := map[string]string{}
	for _, r := range ndpiRows(t) {
		ids := ndpiNames[r.name]
		switch {
		case !r.certain():
			partial++
			continue
		case ids == nil:
			strange[r.name]++
			continue
		}
		of[ids[0]]++
		ours := "no flow"
		for _, k := range between(flows[r.file], r.pair) {
			if ours = k.told(); slices.Contains(ids, ours) {
				break
			}
		}
		if slices.Contains(ids, ours) {
			agreed[ids[0]]++
			continue
		}
		seen[r.file+" "+r.pair.String()] = r.full + " | " + ours
	}
	n, all := 0, 0
	for _, id := range slices.Sorted(keysOf(of)) {
		t.Logf("%-20s %3d of %3d", id, agreed[id], of[id])
		n, all = n+agreed[id], all+of[id]
	}
	t.Logf("%d of %d flows, %.1f %%; passed over: %d that nDPI is not sure of, and services we do not know: %v", n, all, 100*float64(n)/float64(all), partial, strange)
	if 100*n < 95*all {
		t.Errorf("%d of %d, want 95 %%", n, all)
	}
	compareRead(t, seen, readAgainstNDPI)
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// reading is a disagreement that somebody looked at: who is right, and why.
type reading struct{ flow, says, why string }

// compareRead holds what differs against what was read: nothing new, nothing gone.
func compareRead(t *testing.T, seen map[string]string, read []reading) {
	t.Helper()
	known := map[string]bool{}
	for _, r := range read {
		known[r.flow] = true
		switch says, ok := seen[r.flow]; {
		case !ok:
			t.Errorf("gone: %s: %s", r.flow, r.says)
		case says != r.says:
			t.Errorf("%s: %s, read as %s", r.flow, says, r.says)
		default:
			t.Logf("read: %s: %s: %s", r.flow, says, r.why)
		}
	}
	for _, flow := range slices.Sorted(keysOf(seen)) {
		if !known[flow] {
			t.Errorf("not read yet: {%q, %q, \"\"},", flow, seen[flow])
		}
	}
}

// sure is the confidence from which a label counts: above possible.
const sure = 0.5

// TestMessengersAreNotInvented: each flow that we call a messenger's has a reason
// that can be read, and captures in which nDPI finds no messenger have none.
func TestMessengersAreNotInvented(t *testing.T) {
	flows := listen(t)
	theirs := map[string]map[pair]string{}
	for _, r := range ndpiRows(t) {
		if !r.certain() {
			continue
		}
		if theirs[r.file] == nil {
			theirs[r.file] = map[pair]string{}
		}
		theirs[r.file][r.pair] = r.name
	}
	with, without := map[string]bool{}, 0
	for _, r := range corpora.Rows(t, "ndpi_capture_summary.tsv") {
		with[r[0]] = len(r) > 2 && holdsMessenger(r[2])
		if !with[r[0]] {
			without++
		}
	}
	by, seen, n := map[string]int{}, map[string]string{}, 0
	for _, file := range slices.Sorted(keysOf(flows)) {
		for _, k := range flows[file] {
			if !messenger(k.label.Service) || k.label.Confidence < sure {
				continue
			}
			n++
			has, known := with[file]
			why := reasonFor(k, theirs[file][k.pair])
			switch {
			case known && !has:
				seen[file+" "+k.pair.String()] = k.label.Service + " | no messenger in the capture"
			case why == "":
				seen[file+" "+k.pair.String()] = k.label.Service + " | " + fmt.Sprint(k.label.Why)
			default:
				by[why]++
			}
		}
	}
	t.Logf("%d captures, in %d of %d summarised by nDPI it finds no messenger; %d flows of messengers, explained by %v", len(flows), without, len(with), n, by)
	compareRead(t, seen, readAgainstNobody)
}

func messenger(id string) bool {
	i, ok := service.Default().Service(id)
	return ok && i.Category == "messenger"
}

// holdsMessenger reports whether a summary, "TLS.Slack:3 DNS:1", names a service
// that we know.
func holdsMessenger(summary string) bool {
	for _, w := range strings.FieldsFunc(summary, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		name, _, _ := strings.Cut(w, ":")
		if ids := ndpiNames[name[strings.LastIndexByte(name, '.')+1:]]; len(ids) > 0 {
			return true
		}
	}
	return false
}

// reasonFor says why a flow may be called what it is: nDPI recognised it, a name is
// the service's, or the address is its own.
func reasonFor(k *heard, theirs string) string {
	id := k.label.Service
	if slices.Contains(ndpiNames[theirs], id) {
		return "nDPI"
	}
	names := slices.Concat([]string{k.names.SNI, k.names.Host}, k.asked, k.names.CertNames, k.names.DNS)
	for _, n := range names {
		if h := service.Default().Match(strings.TrimPrefix(n, "*.")); len(h) > 0 && h[0].Wins && h[0].Service == id {
			return "name"
		}
	}
	if own(k.server.Addr(), id) {
		return "address"
	}
	return ""
}

// own reports whether an address is a service's and nobody else's.
func own(a netip.Addr, id string) bool {
	h := service.Default().Match(a.String())
	return len(h) > 0 && h[0].Service == id && (strings.HasPrefix(h[0].Rule, "dedicated ") || strings.HasPrefix(h[0].Rule, "endpoint "))
}

// readAgainstNDPI are the flows of which nDPI says another thing than we do.
var readAgainstNDPI = []reading{
	{"ndpi/cfgs/default/pcap/KakaoTalk_chat.pcap tcp 10.24.82.188:35503 173.252.97.2:443", "TLS.Facebook | of meta", noNameOfMeta},
	{"ndpi/cfgs/default/pcap/KakaoTalk_chat.pcap tcp 10.24.82.188:35511 173.252.97.2:443", "TLS.Facebook | of meta", noNameOfMeta},
	{
		"nfstream/tests/pcaps/one_flow_6_10.pcap tcp 66.220.156.68:443 192.168.43.18:52066", "TLS.Facebook | of meta",
		"both: the hello is not in the capture, and the certificate is for all of Meta, messenger.com included",
	},
	{
		"ndpi/cfgs/default/pcap/tls_2_reasms.pcapng tcp 25.137.80.32:38134 192.91.186.174:443", "TLS.Instagram | misplaced name",
		"both: addresses are anonymised; i.instagram.com at an address that is not Meta's is refused",
	},
	{
		"pcapflowlab/examples/showcase/pcap_flow_lab_showcase.pcap udp 192.0.2.72:55070 198.51.100.72:443", "QUIC.WhatsApp | misplaced name",
		"both: addresses for documentation; web.whatsapp.com at an address that is not Meta's is refused",
	},
	{"ndpi/cfgs/default/pcap/wechat.pcap tcp 192.168.1.103:43850 203.205.158.34:443", "TLS.QQ | wechat", weChatWeb},
	{"ndpi/cfgs/default/pcap/wechat.pcap udp 192.168.1.103:19041 192.168.1.254:53", "DNS.QQ | wechat", weChatWeb},
}

const (
	threemas     = "both: the lengths of the handshake, port and network are Threema's; nDPI goes by the address"
	noNameOfMeta = "both: the hello has no name, address and certificate are for all of Meta, so the owner is all that is known"
	weChatWeb    = "we are right: res.wx.qq.com serves the web client of WeChat; nDPI goes by the domain it is below"
)

// readAgainstNobody are flows of messengers of which nothing but the engine says so,
// or that are in captures in which nDPI finds no messenger.
var readAgainstNobody = []reading{
	{
		"ndpi/cfgs/default/pcap/KakaoTalk_chat.pcap tcp 10.24.82.188:51021 103.246.57.251:8080", "kakaotalk | [{magic kakao-loco 64}]",
		"we are right: KakaoTalk's binary protocol, to Kakao's network, among its other flows",
	},
	{"ndpi/cfgs/default/pcap/threema.pcap tcp 185.88.236.110:5222 192.168.2.100:50718", "threema | [{magic threema-hello 56} {prefix 185.88.236.0/22 18} {port tcp/5222 8}]", threemas},
	{"ndpi/cfgs/default/pcap/threema.pcap tcp 185.88.236.110:5222 192.168.2.100:50860", "threema | [{magic threema-hello 56} {prefix 185.88.236.0/22 18} {port tcp/5222 8}]", threemas},
	{
		"zeek/testing/btest/Traces/dns/naptr.pcap udp [9e9f:b337:a69c:f92f:aedd:9f9f:e6cc:99be]:53 [9e9f:b337:a69c:f92f:d57e:baf8:cedd:bed2]:50101",
		"google_chat_rcs | no messenger in the capture", "we are right: the question is for fp-de-carrier-vodafone.rcs.telephony.goog",
	},
}
