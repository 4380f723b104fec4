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

// PayloadInjected finds answers in the clear that the server did not give: the
// same bytes answered twice (I1), a page on a list of block pages (I2), or one that
// came sooner than its server answers and leads elsewhere.
//
// Redirects, refusals and proxies are everyday: an answer of which there is one
// version needs that its own server cannot have sent it so soon, or that a list
// knows it.
type PayloadInjected struct{}

// Name returns "payload.injected".
func (PayloadInjected) Name() string { return string(finding.PayloadInjected) }

// Judge implements [FlowDetector].
func (PayloadInjected) Judge(f *fact.Flow, w *fact.World) Judgement {
	j := judging(w)
	j.needs("two_answers", "the same bytes of an HTTP answer twice with different content (I1)")
	j.needs("block_page", "or an answer that a list of block pages knows, or that came too soon and leads elsewhere (I2)")
	x := pageCase{f: f, w: w, reset: newResetCase(f, w, fact.Down)}
	c := x.conflict()
	switch {
	case f.Key.Proto != capture.ProtoTCP || c == nil && f.Page == nil:
		j.stop("no_odd_answer", "one version of each answer, none too soon or from elsewhere, none on a list")
		return j
	case f.Vantage == "server":
		j.stop("local_side", "the capturing host itself gave the answer")
		return j
	case localAddr(f.Key.DstAddr()):
		j.stop("own_network", "the server is in the client's own network, and whoever runs that may answer as it likes")
		return j
	case c != nil:
		x.judgeTwo(c, &j)
	default:
		x.judgeOne(&j)
	}
	return j
}

// pageCase is a flow with an odd answer.
type pageCase struct {
	f     *fact.Flow
	w     *fact.World
	reset *resetCase // for what resets and answers of this server have in common
}

// pageAnswer is one answer that may be forged.
type pageAnswer struct {
	fact.PageHead
	num  uint64
	time int64
	ttl  uint8
}

// conflict is the first contradiction between two versions of an answer. One byte
// is a keepalive's.
func (x *pageCase) conflict() *fact.Conflict {
	for i := range x.f.Conflicts {
		c := &x.f.Conflicts[i]
		if c.Dir == fact.Down && c.Len > 1 && c.Versions[1].Time != 0 {
			return c
		}
	}
	return nil
}

func versionsOf(c *fact.Conflict) [2]pageAnswer {
	return [2]pageAnswer{
		{c.Versions[0].Page, c.First, c.Versions[0].Time, c.FirstTTL},
		{c.Versions[1].Page, c.Next, c.Versions[1].Time, c.NextTTL},
	}
}

// forged tells which version is the forged one, and why; "" it cannot be told, and
// the first is what the client read.
func (x *pageCase) forged(v *[2]pageAnswer) (i int, why string) {
	_, early := x.early(&v[0])
	_, first := x.elsewhere(&v[0])
	_, next := x.elsewhere(&v[1])
	switch {
	case early:
		return 0, "it came too soon"
	case first != next && first:
		return 0, "it came from another distance"
	case first != next:
		return 1, "it came from another distance"
	case x.leads(&v[0]) != x.leads(&v[1]):
		if x.leads(&v[1]) {
			return 1, "it leads to another party"
		}
		return 0, "it leads to another party"
	}
	return 0, ""
}

// judgeTwo is I1.
func (x *pageCase) judgeTwo(c *fact.Conflict, j *Judgement) {
	v := versionsOf(c)
	i, why := x.forged(&v)
	bad, other := &v[i], &v[1-i]
	j.saw("versions", "packets %d and %d: %d of %d bytes differ", c.First, c.Next, c.Differ, c.Len)
	fd := x.start(bad, other.num)
	e := x.twice(c, bad, other)
	fd.For = append(fd.For, e)
	fd.For = append(fd.For, x.signs(bad)...)
	fd.RuledOut = append(fd.RuledOut, "retransmission", "keepalive", "proxy", "captive_portal")
	if e.Class != finding.C {
		fd.NotRuledOut = append(fd.NotRuledOut, "rewriting_middlebox")
	}
	fd.Survived = i == 1
	fd.Summary = fmt.Sprintf("%s claims to come from %s, and so does %s for the same bytes %s", x.answerText(bad), x.f.Key.DstAddr(), x.answerText(other), timeApart(bad, other))
	if why == "" {
		fd.Against = append(fd.Against, finding.Evidence{Code: "I1", Family: finding.Content, Class: finding.W, Packets: fd.Packets,
			Text: "which of the two the server gave cannot be told; the client read the first"})
	}
	x.conclude(&fd, j, finding.Confirmed)
}

// twice is the evidence of two versions. Whoever rewrites answers on their way
// changes a field of it, and may miss a retransmission: only another answer proves
// another speaker.
func (x *pageCase) twice(c *fact.Conflict, bad, other *pageAnswer) finding.Evidence {
	e := finding.Evidence{Code: "I1", Family: finding.Content, Class: finding.S, Packets: []uint64{c.First, c.Next},
		Text: fmt.Sprintf("%d of %d bytes from sequence number %d on came twice with different content: %s, and %s %s; a TCP sender repeats what it sent",
			c.Differ, c.Len, c.Seq, x.answerText(bad), x.answerText(other), timeApart(bad, other)),
		Got: "two versions", Want: "one"}
	const muchIsOther = 4 // a quarter
	another := bad.Status != 0 && other.Status != 0 && (bad.Status != other.Status || bad.Location != other.Location)
	if another || c.Len >= 16 && c.Differ >= c.Len/muchIsOther {
		e.Class = finding.C
	}
	return e
}

// judgeOne judges an answer of which there is one version only.
func (x *pageCase) judgeOne(j *Judgement) {
	p := x.f.Page
	a := &pageAnswer{p.PageHead, p.Num, p.Time, p.TTL}
	j.saw("answer", "packet %d: %s, %s after the request", p.Num, x.answerText(a), inMs(time.Duration(p.Time-p.Asked)))
	signs := x.signs(a)
	content := slices.ContainsFunc(signs, func(e finding.Evidence) bool { return e.Family == finding.Content && rank(e.Class) > 0 })
	if !content {
		j.stop("no_content", "nothing in the answer is a block page's: a proxy or cache on the way answers as soon")
		return
	}
	fd := x.start(a)
	fd.For = append(fd.For, signs...)
	fd.NotRuledOut = append(fd.NotRuledOut, "proxy")
	ceiling := x.alone(&fd, a, j)
	fd.Summary = fmt.Sprintf("%s in the name of %s: %s", x.answerText(a), x.f.Key.DstAddr(), lower(signs[0].Text))
	if Fuse(fd.For).Rank() < finding.Suspected.Rank() {
		j.stop("everyday", "%s: alone that is what proxies and sites of several names do", signs[0].Text)
		return
	}
	x.conclude(&fd, j, ceiling)
}

// alone looks for somebody else who was answered. Where nobody was, it may be a
// portal that sends everybody to its page: one of the client's own network
// certainly, and one that lets the server shake hands itself hardly.
func (x *pageCase) alone(fd *finding.Finding, a *pageAnswer, j *Judgement) finding.Verdict {
	live := liveControls(x.f, x.w, x.f.Start-addressMemory, a.time+addressMemory)
	if len(live) > 0 || fd.For[0].Class == finding.C {
		fd.RuledOut = append(fd.RuledOut, "captive_portal")
		addControls(fd, live)
		return finding.Confirmed
	}
	fd.NotRuledOut = append(fd.NotRuledOut, "captive_portal")
	j.stop(portalDoubt.Code, "%s", portalDoubt.Text)
	hops, ok := hopDistance(a.ttl)
	if _, other := x.elsewhere(a); !other || ok && hops <= portalHops {
		return finding.Inconclusive
	}
	return finding.Suspected
}

// portalDoubt is what is missing where nobody else was answered.
var portalDoubt = finding.Reason{Code: string(finding.LacksControl), Text: "no other party was seen to answer this client: a portal sends everybody to its page"}

// portalHops is how far away the gateway of one's own network is at most.
const portalHops = 2

// start begins the finding about an answer.
func (x *pageCase) start(a *pageAnswer, others ...uint64) finding.Finding {
	fd := Start(x.f, x.w, finding.PayloadInjected)
	fd.Key, fd.Direction, fd.Technique = "page", finding.ToClient, x.technique(a)
	fd.From, fd.To = Time(a.time), Time(a.time)
	fd.Packets = []uint64{a.num}
	if n := x.f.Hello.First.Num; n != 0 {
		others = append([]uint64{n}, others...)
	}
	for _, n := range others {
		if n != 0 && !slices.Contains(fd.Packets, n) {
			fd.Packets = append(fd.Packets, n)
		}
	}
	fd.ConsistentWith = pagePrint(a)
	fd.Hops, fd.Segment = x.place(a)
	return fd
}

// conclude gives the verdict. A stream that was joined in its middle may be of two
// connections that had the same ports.
func (x *pageCase) conclude(fd *finding.Finding, j *Judgement, ceiling finding.Verdict) {
	if x.f.Blind&fact.BlindMidstream != 0 {
		ceiling = Cap(ceiling, finding.Suspected)
		j.stop("midstream", "the connection's beginning was not captured: it may be two with the same ports")
	}
	sortEvidence(fd.For)
	for i := range fd.For {
		for _, n := range fd.For[i].Packets {
			if !slices.Contains(fd.Packets, n) {
				fd.Packets = append(fd.Packets, n)
			}
		}
	}
	fd.Filter = Filter(fd.Packets...)
	j.conclude(*fd, ceiling, portalDoubt)
}

// place estimates where the answer was made from its TTL. Toward a client that
// captures itself, all of it is on the server's side.
func (x *pageCase) place(a *pageAnswer) (*finding.Hops, finding.Segment) {
	segment := finding.UnknownSegment
	if x.f.Vantage == "host" {
		segment = finding.ServerSide
	}
	sender := x.reset.senderHops()
	if sender == nil {
		return nil, segment
	}
	hops := &finding.Hops{Server: sender}
	if _, other := x.elsewhere(a); other {
		hops.Injector = hopRange([]uint8{a.ttl}, hopSlack)
	}
	if in := hops.Injector; in != nil && in[0] >= 1 && in[1] < sender[0] {
		segment = finding.ServerSide
	}
	return hops, segment
}

func (x *pageCase) technique(a *pageAnswer) string {
	switch {
	case a.Location != "" && a.Status/100 == 3:
		return "redirect"
	case a.Status != 0, x.bareNum() == a.num:
		return "page"
	}
	return "payload"
}

// answerText writes what an answer is. Its text is foreign: it is quoted.
func (x *pageCase) answerText(a *pageAnswer) string {
	switch {
	case a.Status == 0 && x.bareNum() == a.num:
		return fmt.Sprintf("a bare page (packet %d)", a.num)
	case a.Status == 0:
		return fmt.Sprintf("packet %d", a.num)
	case a.Location != "":
		return fmt.Sprintf("a %d to %q (packet %d)", a.Status, siteOf(a.Location), a.num)
	}
	return fmt.Sprintf("a %d (packet %d)", a.Status, a.num)
}

// timeApart writes how far in time two answers were apart.
func timeApart(a, b *pageAnswer) string {
	if a.time == 0 || b.time == 0 {
		return "at another time"
	}
	d := time.Duration(b.time - a.time)
	if d < 0 {
		return inMs(-d) + " earlier"
	}
	return inMs(d) + " later"
}

// bareNum is the packet of a page without a status line, 0 none.
func (x *pageCase) bareNum() uint64 {
	if p := x.f.Page; p != nil && p.Bare {
		return p.Num
	}
	return 0
}

func (x *pageCase) server() netip.Addr { return x.f.Key.DstAddr() }
