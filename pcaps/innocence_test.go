package pcaps

import (
	"testing"

	"chokepoint/capture"
)

func TestDeadAndRefusingHosts(t *testing.T) {
	for _, addr := range []string{"93.184.216.80", "157.240.9.53"} {
		for _, c := range connsTo(t, "dead-host-refused", "client.pcapng", addr) {
			for _, p := range c.all {
				if p.Flags != syn {
					t.Errorf("%v: packet %d is no SYN", c.server, p.Num)
				}
			}
		}
	}
	refused := 0
	for _, c := range connsTo(t, "dead-host-refused", "client.pcapng", "93.184.216.81") {
		if c.server.Port() != 8443 {
			continue
		}
		refused++
		if p := c.all[1]; len(c.all) != 2 || p.Flags != rst|ack || p.Seq != 0 || p.Ack != c.all[0].Seq+1 || p.Window != 0 {
			t.Errorf("refused by %+v", p)
		}
	}
	if refused != 3 {
		t.Errorf("%d refusals", refused)
	}
}

func TestAbortsAreGenuineInEveryField(t *testing.T) {
	for _, addr := range []string{"149.154.167.99", "93.184.216.81"} {
		for _, c := range connsTo(t, "server-aborts", "client.pcapng", addr) {
			hello := c.all[c.hello()]
			end := c.all[len(c.all)-1]
			if end.Flags != rst|ack || end.Ack != hello.Seq+hello.PayloadLen || end.Has&capture.HasTS == 0 {
				t.Errorf("%v ends with %+v", c.server, end)
			}
			if wait := end.Time - hello.Time; wait < c.rtt() || wait > c.rtt()+5*ms {
				t.Errorf("%v: reset %d ns after the hello, RTT %d", c.server, wait, c.rtt())
			}
			if synAck := c.all[1]; synAck.TTL != end.TTL {
				t.Errorf("%v: TTL %d, then %d", c.server, synAck.TTL, end.TTL)
			}
		}
	}
}

func TestOutageLeavesNoPacketOfWhatsApp(t *testing.T) {
	for _, addr := range []string{"157.240.205.60", "157.240.1.60", "157.240.9.53", "157.240.205.53"} {
		for _, c := range connsTo(t, "outage-whatsapp", "client.pcapng", addr) {
			for _, p := range c.all {
				if !c.up(&p) {
					t.Errorf("%v: packet %d", c.server, p.Num)
				}
			}
		}
	}
}

func TestPrivateResolverAnswersNowhere(t *testing.T) {
	got := answers(t, "pihole-own-resolver")
	for _, name := range []string{"graph.whatsapp.com", "crashlogs.whatsapp.net", "ads.example.net", "web.telegram.org"} {
		if len(got[name]) == 0 || got[name][0].Answers[0].Addr.String() != "0.0.0.0" {
			t.Errorf("%s: %v", name, got[name])
		}
	}
}

func TestWhatWorksWorksToTheEnd(t *testing.T) {
	resets := 0
	for _, addr := range []string{"157.240.1.60", "157.240.205.53", "149.154.167.51", "91.105.192.100", "217.20.147.8",
		"217.20.152.19", "13.248.212.111", "104.18.10.47"} {
		for _, c := range connsTo(t, "everything-works", "client.pcapng", addr) {
			if c.received() < 400 {
				t.Errorf("%v gave %d bytes", c.server, c.received())
			}
		}
	}
	for _, addr := range []string{"157.240.205.60", "149.154.167.99"} {
		for _, c := range connsTo(t, "everything-works", "client.pcapng", addr) {
			closed := false
			for _, p := range c.all {
				closed = closed || c.up(&p) && p.Flags&fin != 0
				if p.Flags&rst != 0 {
					resets++
					if !c.up(&p) || !closed {
						t.Errorf("%v: packet %d resets an open connection", c.server, p.Num)
					}
				}
			}
		}
	}
	if resets == 0 {
		t.Error("no client resets after its close")
	}
}
