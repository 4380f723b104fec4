package redact

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"chokepoint/capture"
	"chokepoint/classify"
	"chokepoint/classify/answer"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/classify/service"
	"chokepoint/cmd/internal/report"
)

// Finding returns a copy in which everything of others is replaced.
func (r *Redactor) Finding(f *finding.Finding) *finding.Finding {
	c := r.note(f)
	out := copied(r, f, &c)
	if f.Client != nil {
		out.Client.Port = r.Port(f.Client.Port)
	}
	if f.Trigger != nil {
		out.Trigger.Value = r.trigger(f.Trigger, &c)
	}
	return out
}

// note notes who the client of a finding is, and its names, and returns what is known
// of its sentences.
func (r *Redactor) note(f *finding.Finding) (c around) {
	if f.Client != nil {
		r.client(f.Client.IP)
		c.client = endOf(f.Client)
	}
	if f.Server != nil {
		c.server = endOf(f.Server)
	}
	if f.Client != nil && f.Server != nil {
		r.role(capture.Key{
			Src: c.client.Addr().As16(), SrcPort: c.client.Port(), Dst: c.server.Addr().As16(), DstPort: c.server.Port(), Proto: protos[f.Proto],
		})
	}
	c.swaps = r.swaps(f)
	return c
}

func endOf(e *finding.Endpoint) netip.AddrPort {
	return netip.AddrPortFrom(e.IP.Unmap().WithZone(""), e.Port)
}

// protos are the protocols that have ports, as findings call them.
var protos = map[string]uint8{"tcp": capture.ProtoTCP, "udp": capture.ProtoUDP}

// swaps lists the foreign names that a finding has in fields of their own.
func (r *Redactor) swaps(f *finding.Finding) []swap {
	names := []string{f.Name}
	if f.Beside != nil {
		names = append(names, f.Beside.Name)
	}
	if f.Trigger != nil && f.Trigger.By == "name" {
		names = append(names, f.Trigger.Value)
	}
	out := slices.Clone(r.all())
	for _, s := range names {
		to := r.Name(s)
		if s == "" || to == s || ordinary[fold(s)] || slices.Contains(out, swap{s, to}) {
			continue
		}
		out = append(out, swap{s, to})
		r.remember(swap{s, to})
	}
	return out
}

// ordinary are words that sentences have and that hosts are called by, too: told as a
// word they tell of nobody, and without them sentences say nothing.
var ordinary = func() map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(`address answer bucket call capture chat client connection data dns far first flow from gateway
		hello home host http https icmp is kernel likely line link loss media name names network nothing other packet packets path
		phone proxy queue quic rate reset resolver router server service shaper syn tcp time tls to traffic tunnel udp video voice vpn
		web with works`) {
		all[w] = true
	}
	return all
}()

// shortOdd is from where a name is remembered that might be any word: sentences of
// other records may have it, too.
const shortOdd = 4

// remember keeps a name that no sentence shows to be one.
func (r *Redactor) remember(w swap) {
	if len(w.from) < shortOdd || r.text(w.from, &around{}) != w.from {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.odd) < maxOdd {
		r.odd = append(r.odd, w)
	}
}

// all are the texts that are swapped in every sentence.
func (r *Redactor) all() []swap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.odd[:len(r.odd):len(r.odd)]
}

func (r *Redactor) trigger(t *finding.Condition, c *around) string {
	switch t.By {
	case "name":
		return r.Name(t.Value)
	case "fingerprint":
		return cmp.Or(r.compared(t.Value), r.coin("fingerprint", t.Value))
	}
	return r.text(t.Value, c)
}

// Flow returns a copy in which everything of others is replaced. Ids are made of
// what it holds: the community id follows from its key.
func (r *Redactor) Flow(f *fact.Flow) *fact.Flow {
	r.client(f.Key.SrcAddr())
	r.role(f.Key)
	out := copied(r, f, &around{swaps: r.all()})
	out.Key = r.flowKey(f.Key)
	out.If, out.VLAN = 0, fact.Opt[uint16]{}
	for i := range out.DNS {
		out.DNS[i].ID = 0
	}
	if out.Local != nil {
		out.Local.Process = capture.Process{}
	}
	for i := range out.Label.Why {
		out.Label.Why[i].Value = r.why(&f.Label.Why[i], out.Label.Why[i].Value)
	}
	return out
}

// why replaces what a label rests on.
func (r *Redactor) why(w *service.Why, asText string) string {
	switch w.By {
	case "sni", "http_host", "tls_cert", "dns", "dns_query", "mine":
		if strings.HasPrefix(w.Value, "ech:") { // who fronts it
			return w.Value
		}
		return r.Name(w.Value)
	case "alpn", "ja4", "cert_org":
		return cmp.Or(r.compared(w.Value), r.coin(w.By, w.Value))
	}
	return asText
}

// Service returns a copy in which everything of others is replaced.
func (r *Redactor) Service(s *answer.Service) *answer.Service {
	return copied(r, s, &around{swaps: r.all()})
}

// Stats returns a copy in which everything of others is replaced.
func (r *Redactor) Stats(s *classify.Stats) *classify.Stats {
	return copied(r, s, &around{swaps: r.all()})
}

// Meta returns a copy without the names of files and interfaces, and without what
// was filtered by; it says what is done.
func (r *Redactor) Meta(m *report.Meta) *report.Meta {
	out := *m
	out.Expr, out.Files, out.Health = "", nil, nil
	word := "capture-"
	if m.Backend != "" {
		word = "interface-"
	}
	called := map[string]string{}
	for i, f := range m.Files {
		called[f.Name] = word + strconv.Itoa(i+1)
		f.Name, f.SHA256, f.Filter = called[f.Name], "", ""
		out.Files = append(out.Files, f)
	}
	for _, h := range m.Health {
		out.Health = append(out.Health, finding.Reason{Code: h.Code, Text: r.Text(h.Text)})
	}
	out.Health = append(out.Health, finding.Reason{Code: "redacted", Text: "made for sharing: addresses, names, ports and times are not the real ones"})
	out.Redacted = r.Done()
	if locate := m.Locate; locate != nil {
		out.Locate = func(num uint64) (string, uint64) {
			file, n := locate(num)
			return called[file], n
		}
	}
	if iface := m.Iface; iface != nil {
		out.Iface = func(num uint64) string { return called[iface(num)] }
	}
	return &out
}

// role remembers which end of a flow is its client: packets do not say.
func (r *Redactor) role(k capture.Key) {
	c, swapped := k.Canonical()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.roles[c]; ok || len(r.roles) < maxRoles {
		r.roles[c] = swapped
	}
}
