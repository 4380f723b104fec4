package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// survivedWithin is how long after a question a connection counts as made on its
// answer, ns.
const survivedWithin = int64(2 * 60 * 1e9)

// survive notes that whoever asked reached the name all the same: a connection of
// the client under the name, or to an address that another answer gave, made
// progress both ways afterwards.
func (x dnsCase) survive(fd *finding.Finding) {
	live := x.w.ControlsFor(fact.ControlQuery{Client: x.d.Client, If: x.f.If, From: x.at(), To: x.at() + survivedWithin}, controlScan)
	if len(live) == 0 {
		return
	}
	own, wrong, right := x.sayings()
	for i := len(live) - 1; i >= 0; i-- { // the earliest first
		c := &live[i]
		attested := slices.Contains(right, c.Server)
		fits := attested || x.theirs(c.Server) || !slices.Contains(own, c.Server)
		if c.Port == 53 || slices.Contains(wrong, c.Server) || c.Last <= x.at() || !(c.Name == x.name() && fits || c.Name == "" && attested) {
			continue
		}
		fd.Survived = true
		fd.Summary += fmt.Sprintf("; the client reached %s for it all the same", c.Server)
		fd.Controls = append(fd.Controls, c.Flow.String())
		return
	}
}

// sayings are the addresses of this exchange's answers, those that cannot be the
// name's, whoever gave them, and those that others gave and can.
func (x dnsCase) sayings() (own, wrong, right []netip.Addr) {
	nums := map[uint64]bool{}
	for i := range x.d.Answers {
		a := &x.d.Answers[i]
		own, nums[a.Num] = append(own, a.Addrs...), true
		if Odd(x.w, x.d, a) {
			wrong = append(wrong, a.Addrs...)
		}
	}
	for _, a := range x.said() {
		switch {
		case a.Odd:
			wrong = append(wrong, a.Addrs...)
		case !nums[a.Num]:
			right = append(right, a.Addrs...)
		}
	}
	return own, wrong, right
}
