package detect

import (
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// stopped is a flow that stopped after so much, a quarter of a second after the last.
func stopped(w *fact.World, owner, server string, packets, bytes uint64) *fact.Failure {
	n := len(w.Frozen)
	w.Frozen = append(w.Frozen, fact.Failure{
		Finding: "f" + string(rune('1'+n)), Flow: fact.FlowID(10 + n), Kind: "drop.midflow", Proto: capture.ProtoTCP, Verdict: "suspected", Stage: "midflow",
		Owner: owner, Service: owner, Server: mustAddr(server), Client: mustAddr(dropClient),
		From: sec(0.5 + float64(n)/4), Time: sec(10), Num: uint64(100 + n), AfterPackets: packets, AfterBytes: bytes,
		CutFrom: sec(0.5 + float64(n)/4), CutBy: sec(1.1),
	})
	return &w.Frozen[n]
}

// long is a control that got far.
func long(from, to float64) fact.Control {
	c := living(from, to)
	c.Bytes = 200_000
	return c
}

func TestDropCluster(t *testing.T) {
	alike := func(w *fact.World) {
		stopped(w, "meta", "157.240.205.53", 25, 16_400)
		stopped(w, "discord", "162.159.133.233", 26, 11_300)
		stopped(w, "signal", "104.18.10.47", 25, 13_100)
	}
	for _, c := range []struct {
		name   string
		frozen func(w *fact.World)
		world  *fact.World
		want   finding.Verdict
		says   string
	}{
		{"F14: 25 packets each, of three owners", alike, dropWorld(long(0, 9)), finding.Likely, "packets agree more closely than bytes"},
		{"F15: 16 KB each, packets of many sizes", func(w *fact.World) {
			stopped(w, "meta", "157.240.205.53", 34, 16_400)
			stopped(w, "discord", "162.159.133.233", 49, 16_200)
			stopped(w, "signal", "104.18.10.47", 20, 16_300)
		}, dropWorld(long(0, 9)), finding.Likely, "bytes agree more closely than packets"},
		{"F25: the same over IPv6", func(w *fact.World) {
			stopped(w, "meta", "2a03:2880::53", 25, 16_400)
			stopped(w, "discord", "2606:4700::1", 26, 11_300)
			stopped(w, "signal", "2600:9000::1", 25, 13_100)
		}, dropWorld(long(0, 9)), finding.Likely, "packets"},
		{"two are no cluster", func(w *fact.World) { alike(w); w.Frozen = w.Frozen[:2] }, dropWorld(long(0, 9)), "", ""},
		{"nothing long passes: a slow or dying line", alike, dropWorld(living(0, 9)), "", ""},
		{"the long one is to one of them", alike, dropWorld(at(long(0, 9), "104.18.10.47")), "", ""},
		{"they stop anywhere", func(w *fact.World) {
			stopped(w, "meta", "157.240.205.53", 16, 5_000)
			stopped(w, "discord", "162.159.133.233", 58, 60_000)
			stopped(w, "signal", "104.18.10.47", 36, 30_000)
		}, dropWorld(long(0, 9)), "", ""},
		{"small ones lie close together by chance", func(w *fact.World) {
			stopped(w, "meta", "157.240.205.53", 15, 4_200)
			stopped(w, "discord", "162.159.133.233", 40, 7_900)
			stopped(w, "signal", "104.18.10.47", 24, 6_000)
		}, dropWorld(long(0, 9)), "", ""},
		{"one network", func(w *fact.World) {
			stopped(w, "signal", "104.18.10.45", 25, 16_400)
			stopped(w, "signal", "104.18.10.46", 26, 11_300)
			stopped(w, "signal", "104.18.10.47", 25, 13_100)
		}, dropWorld(long(0, 9)), "", ""},
		{"a balancer of one owner was restarted", func(w *fact.World) {
			stopped(w, "signal", "13.248.212.111", 26, 13_600)
			stopped(w, "signal", "76.223.92.165", 26, 13_800)
			stopped(w, "signal", "104.18.10.47", 26, 13_700)
		}, dropWorld(long(0, 9)), finding.Suspected, ""},
		{"of one owner, each cut at a time of its own", func(w *fact.World) {
			stopped(w, "telegram", "149.154.167.51", 136, 119_000).CutBy = sec(0.6)
			stopped(w, "telegram", "149.154.164.250", 142, 120_000).CutBy = sec(0.8)
			stopped(w, "telegram", "91.105.192.100", 134, 118_000).CutBy = sec(1.1)
		}, dropWorld(long(0, 9)), finding.Likely, "bytes"},
		{"all had idled: a NAT that was restarted", func(w *fact.World) {
			alike(w)
			for i := range w.Frozen {
				w.Frozen[i].CutBy = sec(8)
			}
		}, dropWorld(long(0, 9)), finding.Suspected, ""},
		{"minutes apart", func(w *fact.World) { alike(w); w.Frozen[2].From += 100e9 }, dropWorld(long(0, 9)), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.frozen(c.world)
			if strings.Contains(c.name, "IPv6") {
				c.world.Controls[0].Server = mustAddr("2a00:1148::1")
			}
			j := DropCluster{}.Judge(c.world)
			if c.want == "" {
				if len(j.Lifts) != 0 {
					t.Fatalf("%+v", j.Lifts)
				}
				return
			}
			if len(j.Lifts) != len(c.world.Frozen) {
				t.Fatalf("%d lifts of %d", len(j.Lifts), len(c.world.Frozen))
			}
			for _, l := range j.Lifts {
				if l.To != c.want || len(l.Controls) != 1 || len(l.Rests) != len(c.world.Frozen)-1 || !strings.Contains(l.Summary, c.says) {
					t.Errorf("%+v", l)
				}
			}
		})
	}
}

func TestOneEventEndsManyConnections(t *testing.T) {
	w := dropWorld()
	a, b := *stopped(w, "meta", "157.240.205.53", 90, 80_000), *stopped(w, "meta", "157.240.205.60", 700, 90_000)
	if !oneEvent(&a, &b) {
		t.Error("both may have been cut within the same half second")
	}
	b.CutFrom, b.CutBy = b.CutFrom+5e9, b.CutBy+5e9
	if oneEvent(&a, &b) {
		t.Error("cut seconds apart")
	}
	if b.CutFrom -= 6e9; !oneEvent(&a, &b) {
		t.Error("nobody knows when the idle one was cut")
	}
	a.Stage, b.Stage = "hello", "hello"
	if oneEvent(&a, &b) {
		t.Error("each began on its own")
	}
}
