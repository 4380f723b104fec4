package answer

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

func TestThirtyOneOfThirtyOne(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	for i := range 31 {
		f := mute(i+1, "whatsapp", "chat")
		b.Flow(f)
		b.Finding(about(fmt.Sprintf("f%d", i+2), finding.DropHello, finding.Likely, "whatsapp", "chat", f))
	}
	q := query(100, "whatsapp", "chat", "web.whatsapp.com", 3)
	b.Flow(q)
	b.Finding(about("f1", finding.DNSDenied, finding.Confirmed, "whatsapp", "chat", q))
	s := one(b, "whatsapp")
	want := "WhatsApp: chat is blocked; names denied by 8.8.8.8; 31 of 31 connections: TCP opens in 41 ms, then the first payload gets no answer"
	if s.Sentence != want {
		t.Errorf("got  %q\nwant %q", s.Sentence, want)
	}
	if s.Attempts != (Attempts{31, 31}) || s.Names != (Attempts{1, 1}) || s.Flows != 32 {
		t.Errorf("attempts %+v names %+v flows %d", s.Attempts, s.Names, s.Flows)
	}
	if !slices.Equal(s.How, []finding.Kind{finding.DNSDenied, finding.DropHello}) || s.Findings[0] != "f1" || s.Findings[9] != "f10" {
		t.Errorf("how %v findings %v", s.How, s.Findings)
	}
	if s.Functions["media"] != "unseen" || s.Functions["call"] != "unseen" || s.Functions["chat"] != "blocked" {
		t.Errorf("functions %v", s.Functions)
	}
	if s.Since == nil || s.Since.UnixNano() != base+5*second {
		t.Errorf("since %v", s.Since)
	}
}

func TestMediaHeld(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	b.Flow(tcpFlow(1, "telegram", "chat"))
	m := tcpFlow(2, "telegram", "media")
	m.Sides[fact.Down].PeakBps = 141e3
	b.Flow(m)
	f := about("f7", finding.RatePoliced, finding.Likely, "telegram", "media", m)
	rate := 141e3
	f.RateBps = &rate
	b.Finding(f)
	s := one(b, "telegram")
	if want := "Telegram: media from 203.0.113.0/24 held to 141 kbit/s by a policer; chat unaffected"; s.Sentence != want {
		t.Errorf("got %q", s.Sentence)
	}
	if s.Rates["media"] != 141e3 || *s.RateDownBps != 21e6 || s.RateUpBps != nil || *s.OpensMs != 41 {
		t.Errorf("rates %v %v %v opens %v", s.Rates, *s.RateDownBps, s.RateUpBps, *s.OpensMs)
	}
}

func TestControlsAreOfOtherOwners(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	f := mute(10, "whatsapp", "chat")
	f.Label.Family = "meta"
	b.Flow(f)
	ig := tcpFlow(11, "instagram", "chat")
	ig.Label.Family = "meta"
	b.Flow(ig)
	if s := one(b, "whatsapp"); s.Controls != 0 {
		t.Errorf("a relative counts: %d", s.Controls)
	}
	early := tcpFlow(1, "telegram", "chat")
	early.Start, early.Last = base, base+second
	b.Flow(early)
	if s := one(b, "whatsapp"); s.Controls != 0 {
		t.Errorf("what worked before the failure counts: %d", s.Controls)
	}
	b.Flow(tcpFlow(12, "telegram", "chat"))
	if s := one(b, "whatsapp"); s.Controls != 1 {
		t.Errorf("controls %d", s.Controls)
	}
	if o := b.Others(); o.Controls != 2 {
		t.Errorf("parties that worked: %d, want instagram and telegram", o.Controls)
	}
}

func TestOthers(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	b.Other(Brief{Name: "a.example.org", Worked: true, OpensNs: 40e6, PeakBps: 30e6})
	b.Other(Brief{Name: "b.example.org", Worked: true, OpensNs: 42e6, PeakBps: 50e6})
	b.Other(Brief{Name: "example.net", Worked: true, OpensNs: 44e6, PeakBps: 10e6})
	b.Flow(mute(1, "", ""))
	b.Flow(query(2, "", "", "www.example.com", 3))
	o := b.Others()
	if o.Parties != 3 || o.Worked != 2 || o.Failed != 1 || o.Flows != 4 || o.FlowsWorked != 3 {
		t.Errorf("got %+v", o)
	}
	if *o.MedianBps != 30e6 || *o.OpensMs != 41.5 {
		t.Errorf("median %v opens %v", *o.MedianBps, *o.OpensMs)
	}
}

func TestManyNamesStayBounded(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	for i := range maxParties + 100 {
		b.Other(Brief{Name: fmt.Sprintf("x%d.org", i), Worked: true})
	}
	if o := b.Others(); o.Parties != maxParties || o.Beyond != 100 {
		t.Errorf("got %+v", o)
	}
}

func TestFindingsBeyondTheBoundAreCounted(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	for i := range maxPerService + 7 {
		b.Finding(about(fmt.Sprintf("f%d", i+1), finding.DropHello, finding.Likely, "whatsapp", "chat"))
	}
	s := one(b, "whatsapp")
	if len(s.Findings) != maxListed {
		t.Errorf("%d findings listed", len(s.Findings))
	}
	if !slices.ContainsFunc(s.CannotTell, func(r finding.Reason) bool {
		return r.Code == "findings_dropped" && r.Text == "7 more findings were counted, not kept"
	}) {
		t.Errorf("cannot tell %v", s.CannotTell)
	}
}

func TestLetGoFollowsRevisions(t *testing.T) {
	var l Ledger
	add := func(rev int, v finding.Verdict) {
		l.Add(&finding.Finding{ID: "f1", Rev: rev, Kind: finding.ResetSeen, Verdict: v, BenignCause: "idle_timeout"})
	}
	add(0, finding.Unexplained)
	if got := l.LetGo(); len(got) != 1 || got[0].N != 1 || got[0].Verdict != finding.Unexplained {
		t.Errorf("got %+v", got)
	}
	add(1, finding.Benign)
	if got := l.LetGo(); len(got) != 1 || got[0].Cause != "idle_timeout" {
		t.Errorf("got %+v", got)
	}
	add(2, finding.Likely)
	if got := l.LetGo(); len(got) != 0 || len(l.Standing()) != 1 {
		t.Errorf("got %+v", got)
	}
	add(1, finding.Benign)
	if len(l.Standing()) != 1 {
		t.Error("an earlier revision replaced a later one")
	}
	add(3, finding.Withdrawn)
	if len(l.LetGo()) != 0 || len(l.Standing()) != 0 {
		t.Error("a withdrawn finding stays")
	}
}

func TestSampleIsBoundedAndRepeats(t *testing.T) {
	var a, b sample
	for i := range 100000 {
		a.add(float64(i))
		b.add(float64(i))
	}
	if len(a.values) != maxSample || !slices.Equal(a.values, b.values) {
		t.Fatalf("%d values", len(a.values))
	}
	// The standard error of a median of 512 uniform values is about 2 %.
	if m := *a.median(); math.Abs(m-50000) > 10000 {
		t.Errorf("median %v", m)
	}
	var empty sample
	if empty.median() != nil {
		t.Error("a median of nothing")
	}
}

func TestRate(t *testing.T) {
	for bps, want := range map[float64]string{
		500: "500 bit/s", 141e3: "141 kbit/s", 999.4e3: "999 kbit/s", 999.6e3: "1.0 Mbit/s", 4.2e6: "4.2 Mbit/s",
		21.3e6: "21 Mbit/s", 999e6: "999 Mbit/s", 1e9: "1.0 Gbit/s", 12e9: "12 Gbit/s",
	} {
		if got := Rate(bps); got != want {
			t.Errorf("%v: %q, want %q", bps, got, want)
		}
	}
}
