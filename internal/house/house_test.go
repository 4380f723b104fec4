package house

import "testing"

// load reads the real tree.
func load(t *testing.T) Graph {
	t.Helper()
	g, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheHouseKeepsItsArrows(t *testing.T) {
	for _, b := range CheckArrows(load(t), Arrows) {
		t.Error(b)
	}
}

func TestTheHouseKeepsItsRules(t *testing.T) {
	broken, err := CheckSource(load(t), Rules)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range broken {
		t.Error(b)
	}
}

// TestTheWholeTreeIsSeen keeps the two tests above from passing over nothing.
func TestTheWholeTreeIsSeen(t *testing.T) {
	g := load(t)
	for _, path := range []string{"chokepoint/capture", "chokepoint/classify/finding", "chokepoint/internal/house"} {
		if g[path] == nil {
			t.Errorf("%s was not listed", path)
		}
	}
	if p := g["net/netip"]; p == nil || !p.Standard {
		t.Error("the standard library was not listed")
	}
	chain := g.reach("chokepoint/capture/decode")["net/netip"]
	if len(chain) != 3 || chain[1] != "chokepoint/capture" {
		t.Errorf("decode reaches net/netip by %v", chain)
	}
}
