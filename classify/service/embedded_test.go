package service

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// embeddedCount is how many rules a service has.
type embeddedCount struct {
	id, family                            string
	names, prefixes, ports, magic, tokens int
}

// embeddedCounts is what the sources list, counted beside the files: a rule lost
// in editing shows here.
var embeddedCounts = []embeddedCount{
	{"apns", "apple", 7, 8, 2, 0, 2}, {"apple_messaging", "apple", 9, 0, 3, 0, 0},
	{"bale", "iran", 2, 0, 0, 0, 0}, {"bip", "", 3, 0, 0, 0, 0}, {"botim", "", 1, 0, 0, 0, 0},
	{"briar", "", 1, 0, 0, 0, 0}, {"cloudflare_warp", "", 1, 5, 7, 1, 0}, {"delta_chat", "", 5, 0, 5, 0, 0},
	{"discord", "", 33, 3, 8, 2, 0}, {"eitaa", "iran", 2, 0, 0, 0, 0}, {"express_ms", "", 4, 0, 0, 0, 0},
	{"facebook", "meta", 19, 118, 0, 0, 0}, {"facebook_messenger", "meta", 12, 0, 3, 1, 0},
	{"fcm", "google", 15, 0, 1, 0, 0}, {"gap_im", "iran", 2, 0, 0, 0, 0},
	{"google_chat_rcs", "google", 7, 0, 2, 0, 0}, {"google_meet", "google", 7, 8, 3, 1, 0},
	{"gosuslugi", "", 2, 0, 0, 0, 0}, {"huawei_push", "", 4, 0, 0, 0, 0},
	{"icloud_private_relay", "apple", 4, 0, 0, 0, 0}, {"icq", "vk", 7, 0, 1, 1, 0},
	{"igap", "iran", 1, 0, 0, 0, 0}, {"imo", "", 5, 0, 4, 1, 0}, {"instagram", "meta", 21, 0, 0, 0, 0},
	{"ipsec_ikev2", "", 0, 0, 2, 4, 0}, {"kakaotalk", "", 10, 0, 4, 1, 0}, {"l2tp", "", 0, 0, 1, 1, 0},
	{"line", "", 17, 15, 0, 1, 0}, {"mailru", "vk", 11, 0, 0, 0, 0}, {"matrix", "", 14, 0, 1, 0, 0},
	{"max", "vk", 33, 1, 6, 0, 0}, {"ok", "vk", 15, 0, 0, 0, 0}, {"openvpn", "", 0, 0, 3, 3, 0},
	{"pptp", "", 0, 0, 1, 1, 0}, {"qq", "tencent", 11, 0, 3, 2, 0}, {"rubika", "iran", 2, 0, 0, 0, 0},
	{"rustore_push", "vk", 5, 0, 0, 0, 0}, {"session", "", 7, 0, 3, 0, 0}, {"signal", "", 37, 8, 6, 2, 2},
	{"simplex", "", 9, 0, 2, 0, 2}, {"skype_teams", "microsoft", 25, 5, 2, 2, 0}, {"slack", "", 5, 0, 0, 0, 0},
	{"snapchat", "", 16, 0, 1, 0, 0}, {"soroush", "iran", 1, 0, 0, 0, 0}, {"sstp", "", 0, 0, 0, 0, 0},
	{"tailscale", "", 2, 0, 1, 1, 0}, {"tamtam", "vk", 2, 0, 0, 0, 0}, {"telega", "vk", 6, 0, 0, 0, 0},
	{"telegram", "", 44, 44, 7, 12, 1}, {"threema", "", 6, 2, 2, 1, 0}, {"trueconf", "", 3, 0, 1, 0, 0},
	{"viber", "", 11, 17, 6, 4, 0}, {"vk", "vk", 51, 86, 0, 0, 1}, {"vowifi", "", 4, 0, 0, 0, 0},
	{"wechat", "tencent", 24, 0, 3, 1, 0}, {"whatsapp", "meta", 59, 229, 11, 6, 0}, {"wire", "", 5, 0, 1, 0, 0},
	{"wireguard", "", 0, 0, 1, 4, 0}, {"yandex_messenger", "yandex", 7, 1, 0, 0, 0}, {"zalo", "", 6, 0, 0, 0, 0},
	{"zoom", "", 5, 82, 3, 2, 0},
}

func TestEmbeddedRulesAreComplete(t *testing.T) {
	for _, want := range embeddedCounts {
		s := Default().byID[want.id]
		if s == nil {
			t.Errorf("%s is missing", want.id)
			continue
		}
		got := embeddedCount{s.id, s.family, len(s.names), len(s.prefixes), len(s.ports), len(s.magic), len(s.tokens)}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if got := len(Default().IDs()); got != len(embeddedCounts) {
		t.Errorf("%d services, of which %d are counted here", got, len(embeddedCounts))
	}
	if got := Default().resolvers.byAddr.Size(); got != 104 {
		t.Errorf("%d resolver addresses", got)
	}
	if got := len(Default().resolvers.byHost); got != 164 {
		t.Errorf("%d resolver names", got)
	}
}

// parseEmbedded reads the embedded files one by one, before they are merged.
func parseEmbedded(t *testing.T) map[string]*parsed {
	t.Helper()
	out := map[string]*parsed{}
	for _, f := range embeddedFiles(t) {
		p, err := parse(f)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = p
	}
	return out
}

func TestEveryEmbeddedFileHasDateAndSources(t *testing.T) {
	files := parseEmbedded(t)
	if len(files) != len(embeddedCounts)+4 {
		t.Errorf("%d files", len(files))
	}
	for name, p := range files {
		if p.date().IsZero() {
			t.Errorf("%s has no date", name)
		}
		for _, s := range p.patches {
			if name != "services/"+s.id+".yaml" {
				t.Errorf("%s is in %s", s.id, name)
			}
			if len(s.functions) == 0 || s.name == "" || s.category == "" {
				t.Errorf("%s does not say what it is", s.id)
			}
			for _, o := range s.origins() {
				if len(o.src) == 0 {
					t.Errorf("%s: a rule without source: %+v", s.id, *o)
				}
				if o.fn != anyFunction && !slices.Contains(s.functions, o.fn) {
					t.Errorf("%s: function %s of a rule is not among the service's", s.id, o.fn)
				}
			}
		}
	}
}

// origins lists the entries of a service.
func (s *svc) origins() []*origin {
	var out []*origin
	for _, r := range s.names {
		out = append(out, r.origin)
	}
	for _, r := range s.prefixes {
		out = append(out, r.origin)
	}
	for _, r := range s.ports {
		out = append(out, r.origin)
	}
	for _, r := range s.magic {
		out = append(out, r.origin)
	}
	for _, r := range s.tokens {
		out = append(out, r.origin)
	}
	return slices.Compact(out)
}

// TestEveryEmbeddedServiceCanBeRecognised holds for all but SSTP, which looks
// like any TLS from outside and is listed to say so.
func TestEveryEmbeddedServiceCanBeRecognised(t *testing.T) {
	for _, id := range Default().IDs() {
		s := Default().byID[id]
		if mute := len(s.names)+len(s.magic)+len(s.tokens) == 0; mute != (id == "sstp") {
			t.Errorf("%s: by nothing but addresses and ports: %v", id, mute)
		}
	}
}

func TestEveryEmbeddedMagicHasAnIDOfItsOwn(t *testing.T) {
	at := map[string]string{}
	for name, p := range parseEmbedded(t) {
		for _, s := range p.patches {
			for _, m := range s.magic {
				if other, dup := at[m.id]; dup {
					t.Errorf("%s is in %s and %s", m.id, other, name)
				}
				at[m.id] = name
				if Default().magic.byID[m.id] == nil {
					t.Errorf("%s of %s is lost", m.id, name)
				}
			}
		}
	}
	if len(at) < 40 {
		t.Errorf("%d magic rules", len(at))
	}
}

// TestEveryNameWinsInItsOwnService holds each rule against all others.
func TestEveryNameWinsInItsOwnService(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, n := range r.byID[id].names {
			name := strings.ReplaceAll(n.name, "*", "zz9")
			for _, ask := range []string{name, strings.ToUpper(name) + "."} {
				m, ok := r.names.find(ask)
				if !ok || m.rule != n && !(m.rule.svc == n.svc && m.rule.beats(n)) {
					t.Errorf("%s of %s is not found by %s: %+v", n.key(), id, ask, m.rule)
				}
			}
			if n.kind == matchSuffix {
				if m, ok := r.names.find("some-host." + name); !ok || m.rule != n {
					t.Errorf("%s of %s does not hold below", n.key(), id)
				}
				if m, ok := r.names.find("not" + name); ok && m.rule == n {
					t.Errorf("%s of %s matches across a label", n.key(), id)
				}
			}
		}
	}
}

// TestEveryPrefixIsFound asks for the first and the last address of each.
func TestEveryPrefixIsFound(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, p := range r.byID[id].prefixes {
			for _, a := range []netip.Addr{p.prefix.Addr(), lastOf(p.prefix)} {
				if !slices.Contains(r.addrs.covering(a), p) {
					t.Errorf("%s of %s is not found by %s", p.text, id, a)
				}
				if best := r.addrs.find(a); best != p && best.prefix.Bits() < p.prefix.Bits() {
					t.Errorf("%s is taken by the shorter %s", p.text, best.text)
				}
			}
		}
	}
}

// TestNoAddressIsTwoServicesOwn looks at prefixes inside prefixes, which loading
// does not compare.
func TestNoAddressIsTwoServicesOwn(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, p := range r.byID[id].prefixes {
			if !p.role.names() {
				continue
			}
			for _, o := range r.addrs.covering(p.prefix.Addr()) {
				if o.role.names() && o.svc != p.svc {
					t.Errorf("%s of %s is %s of %s as well", p.text, id, o.text, o.svc.id)
				}
			}
		}
	}
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// TestAClosedOwnersHomeHoldsItsPublishedHosts keeps precedence 3 from calling
// the owner's own servers decoys.
func TestAClosedOwnersHomeHoldsItsPublishedHosts(t *testing.T) {
	r := Default()
	for _, id := range r.IDs() {
		for _, p := range r.byID[id].prefixes {
			if !r.closed[p.svc.owner] || p.role == roleTenant || p.role == roleUnverified {
				continue
			}
			best := r.addrs.find(p.prefix.Addr())
			if best.role != roleTenant && r.misplaced(p.svc.owner, false, best) {
				t.Errorf("%s of %s is outside its owner's home", p.text, id)
			}
		}
	}
}

func TestMustExistNamesAreOnesWeMayHearOf(t *testing.T) {
	n := 0
	for name := range Default().exist {
		if _, ok := Default().names.find(name); ok {
			n++
		}
	}
	if n < 40 {
		t.Errorf("only %d of the must-exist names belong to services", n)
	}
}

// TestWhatNamesSayAtTheBorders holds names at which services meet, and those of
// calls, whose signalling is not their media.
func TestWhatNamesSayAtTheBorders(t *testing.T) {
	for _, c := range []struct{ name, service, fn string }{
		{"szshort.weixin.qq.com", "wechat", "chat"}, {"new.weixin.qq.com", "wechat", "any"}, {"wx.qlogo.cn", "wechat", "media"},
		{"v.qq.com", "", "any"}, {"im.qq.com", "qq", "chat"}, {"p18.qlogo.cn", "", "any"},
		{"call.whatsapp.com", "whatsapp", "link"}, {"v.whatsapp.net", "whatsapp", "registration"},
		{"signalcaptchas.org", "signal", "registration"}, {"turn3.voip.signal.org", "signal", "call"},
		{"sfu.voip.signal.org", "signal", "call_signalling"}, {"frankfurt1.discord.media", "discord", "call_signalling"},
		{"calls.okcdn.ru", "", "call_signalling"}, {"go-eu.trouter.teams.microsoft.com", "skype_teams", "call_signalling"},
		{"euaz.relay.teams.microsoft.com", "skype_teams", "call"}, {"edge-turnservice.facebook.com", "facebook_messenger", "call"},
		{"23-courier.push.apple.com", "apns", "push"}, {"query.ess.apple.com", "apple_messaging", "chat"},
		{"p123-content.icloud-content.com", "", "media"}, {"mask.icloud.com", "icloud_private_relay", "tunnel"},
		{"epdg.epc.mnc001.mcc250.pub.3gppnetwork.org", "vowifi", "call"}, {"push.yandex.ru", "", "push"},
	} {
		m, ok := Default().names.find(c.name)
		if !ok {
			t.Errorf("%s is unknown", c.name)
			continue
		}
		id := m.rule.svc.id
		if m.rule.shared {
			id = ""
		}
		if id != c.service || m.rule.fn != c.fn {
			t.Errorf("%s is %q %s, want %q %s", c.name, id, m.rule.fn, c.service, c.fn)
		}
	}
	for _, name := range []string{"stun.l.google.com", "www.google.com", "github.githubassets.com", "dns.google", "mail.yandex.ru", "www.microsoft.com", "cloudflare.com"} {
		if m, ok := Default().names.find(name); ok {
			t.Errorf("%s is taken for %s", name, m.rule.svc.id)
		}
	}
}

func TestWhatAddressesSayAtTheBorders(t *testing.T) {
	for _, c := range []struct {
		addr, service string // "": no service is named
		role          role
		place         string
	}{
		{"149.154.175.53", "telegram", roleEndpoint, "dc1"}, {"2001:67c:4e8:f002::a", "telegram", roleEndpoint, "dc2"},
		{"149.154.175.100", "telegram", roleEndpoint, "dc3"}, {"149.154.164.250", "telegram", roleEndpoint, "dc4"},
		{"149.154.171.5", "telegram", roleEndpoint, "dc5"}, {"91.108.56.130", "telegram", roleDedicated, "dc5"},
		{"91.108.58.1", "telegram", roleDedicated, ""}, {"91.105.192.100", "telegram", roleEndpoint, "dc203"},
		{"74.125.250.5", "google_meet", roleDedicated, ""}, {"74.125.250.129", "", roleShared, ""},
		{"2001:4860:4864:5:8000::1", "", roleShared, ""}, {"66.22.200.1", "discord", roleLikely, ""},
		{"17.57.144.1", "", roleShared, ""}, {"52.113.1.1", "skype_teams", roleDedicated, ""},
		{"185.88.236.9", "threema", roleLikely, ""}, {"162.159.192.1", "cloudflare_warp", roleDedicated, ""},
	} {
		p := Default().addrs.find(netip.MustParseAddr(c.addr))
		if p == nil {
			t.Errorf("%s is unknown", c.addr)
			continue
		}
		id := p.svc.id
		if !p.role.names() {
			id = ""
		}
		if id != c.service || p.role != c.role || p.at != c.place {
			t.Errorf("%s is %q, %s, place %q; want %+v", c.addr, id, p.role, p.at, c)
		}
	}
	for _, addr := range []string{"1.201.0.1", "5.148.160.1", "104.16.1.1", "142.250.74.1", "8.8.8.8"} {
		if p := Default().addrs.find(netip.MustParseAddr(addr)); p != nil {
			t.Errorf("%s is taken for %s", addr, p.svc.id)
		}
	}
}

// TestEmbeddedTextWithACommaIsOneValue holds what YAML would split.
func TestEmbeddedTextWithACommaIsOneValue(t *testing.T) {
	if len(Default().tokens[token{tokenOrg, "Signal Messenger, LLC"}]) != 1 {
		t.Error("Signal's authority is not known by its name")
	}
}
