package answer

import (
	"fmt"
	"testing"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// Of all that ended the last are remembered, and those that a finding names,
// however long ago: of neither are there more the longer it goes on.
func TestOutcomesAreForgotten(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	accused := mute(1, "whatsapp", "chat")
	b.Finding(about("f1", finding.DropHello, finding.Likely, "whatsapp", "chat", accused))
	b.Flow(accused)
	late := tcpFlow(2, "whatsapp", "chat")
	b.Flow(late)
	b.Finding(about("f2", finding.DropMidflow, finding.Likely, "whatsapp", "chat", late)) // after its end
	forgotten := tcpFlow(3, "whatsapp", "chat")
	b.Flow(forgotten)
	flow := tcpFlow(4, "whatsapp", "chat")
	for i := range 3*maxRecords + 7 {
		flow.ID = fact.FlowID(100 + i)
		b.Flow(flow)
	}
	if n := len(b.records); n != maxRecords+2 || len(b.recent) != maxRecords {
		t.Errorf("%d outcomes, %d of them recent", n, len(b.recent))
	}
	for f, want := range map[*fact.Flow]bool{accused: true, late: true, forgotten: false, flow: true} {
		if _, ok := b.records[recordKey{flow: f.ID.String(), service: "whatsapp"}]; ok != want {
			t.Errorf("flow %v remembered: %v", f.ID, ok)
		}
	}
}

// What goes beyond the ledger's bounds is not held against a flow, so that the flow
// need not be kept for it.
func TestFindingsBeyondTheLedgerAccuseNobody(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	flow := mute(1, "whatsapp", "chat")
	for i := range maxPerService + 10 {
		flow.ID = fact.FlowID(1 + i)
		b.Finding(about(fmt.Sprintf("f%d", i+1), finding.DropHello, finding.Likely, "whatsapp", "chat", flow))
	}
	if len(b.accused) != maxPerService || b.ledger.Beyond("whatsapp") != 10 {
		t.Errorf("%d accused, %d beyond", len(b.accused), b.ledger.Beyond("whatsapp"))
	}
}

// What a clone forgets, its original does not.
func TestAClonesMemoryIsItsOwn(t *testing.T) {
	b := newBuilder(fakeRules{}, nil)
	flow := tcpFlow(1, "whatsapp", "chat")
	for i := range maxRecords {
		flow.ID = fact.FlowID(1 + i)
		b.Flow(flow)
	}
	c := b.Clone()
	for i := range 10 {
		flow.ID = fact.FlowID(1_000_000 + i)
		c.Flow(flow)
	}
	for _, k := range b.recent {
		if _, ok := b.records[k]; !ok {
			t.Fatalf("flow %s is forgotten", k.flow)
		}
	}
	if len(b.records) != maxRecords || len(c.records) != maxRecords {
		t.Errorf("%d, %d", len(b.records), len(c.records))
	}
}
