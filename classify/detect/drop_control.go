package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

const (
	// maxControls is how many controls a finding names.
	maxControls = 4
	// controlScan bounds how many controls are looked through.
	controlScan = 256
	// addressMemory is how far in time from the attempt another name on the
	// same address still tells that the server was alive, ns. Tools that probe
	// do one name after the other.
	addressMemory = int64(30 * time.Second)
)

// cgn is the shared address space between a carrier and its subscribers
// (RFC 6598).
var cgn = netip.MustParsePrefix("100.64.0.0/10")

// localAddr reports an address this side of the Internet. A flow to a printer
// says nothing about the uplink.
func localAddr(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || cgn.Contains(a)
}

// ownerOf is a flow's owner as [fact.Control] writes it.
func ownerOf(f *fact.Flow) string {
	if f.Label.Family != "" {
		return f.Label.Family
	}
	return f.Label.Service
}

// middle is the middle half of a waiting time. What was in flight when a link
// died still arrives in its first quarter, and a link that just came back shows
// in its last: neither proves that the link lived meanwhile.
func middle(from, to int64) (int64, int64) {
	quarter := (to - from) / 4
	return from + quarter, to - quarter
}

// liveControls are connections of the same client to other parties that went on
// in the middle half of [from, to]. They count only over the same protocol and
// address family: where IPv6 is broken IPv4 lives, and a portal answers DNS.
func liveControls(f *fact.Flow, w *fact.World, from, to int64) []fact.Control {
	q := fact.ControlQuery{NotFlow: f.ID, NotOwner: ownerOf(f), NotServer: f.Key.DstAddr(),
		Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoTCP}
	q.From, q.To = middle(from, to)
	return alike(w.ControlsFor(q, controlScan), f.Key.DstAddr())
}

// sameAddress are connections to the same server under another name that got
// somewhere, around [from, to]: the server lives, and the name decides.
func sameAddress(f *fact.Flow, w *fact.World, from, to int64) []fact.Control {
	name := f.Name()
	if name == "" {
		return nil
	}
	all := w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Server: f.Key.DstAddr(), NotName: name,
		Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoTCP,
		From: from - addressMemory, To: to + addressMemory}, controlScan)
	return slices.DeleteFunc(all, func(c fact.Control) bool { return c.Name == "" })
}

// sameName are connections to the same server under the same name that went on
// meanwhile: they speak against the name or the address being the trigger.
func sameName(f *fact.Flow, w *fact.World, from, to int64) []fact.Control {
	all := w.ControlsFor(fact.ControlQuery{NotFlow: f.ID, Server: f.Key.DstAddr(),
		Client: f.Key.SrcAddr(), If: f.If, Proto: capture.ProtoTCP, From: from, To: to}, controlScan)
	return slices.DeleteFunc(all, func(c fact.Control) bool { return c.Name != f.Name() })
}

// alike keeps the controls that share the server's address family and its side
// of the uplink.
func alike(cs []fact.Control, server netip.Addr) []fact.Control {
	return slices.DeleteFunc(cs, func(c fact.Control) bool {
		return c.Server.Is4() != server.Is4() || localAddr(c.Server) != localAddr(server)
	})
}

// inside reports a control that began or was last seen within [from, to]. One
// whose span merely covers the time may have stood still in it.
func inside(c *fact.Control, from, to int64) bool {
	return c.First >= from && c.First <= to || c.Last >= from && c.Last <= to
}

// addControls names the controls in the finding.
func addControls(fd *finding.Finding, cs []fact.Control) {
	for _, c := range cs[:min(len(cs), maxControls)] {
		if id := c.Flow.String(); !slices.Contains(fd.Controls, id) {
			fd.Controls = append(fd.Controls, id)
		}
	}
}

// liveEvidence is the generic control: the link and this client's host live.
func liveEvidence(cs []fact.Control) finding.Evidence {
	return finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.M,
		Text: fmt.Sprintf("meanwhile %d other connection(s) of this client went on, %s to %s among them",
			len(cs), cs[0].Flow, cs[0].Server)}
}

// addressEvidence is the best control: the same server answers another name.
func addressEvidence(cs []fact.Control) finding.Evidence {
	return finding.Evidence{Code: "CTL", Family: finding.Control, Class: finding.S,
		Text: fmt.Sprintf("the same address answered %d connection(s) under another name, %s among them", len(cs), cs[0].Flow)}
}
