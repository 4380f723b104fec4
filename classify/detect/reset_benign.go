package detect

import (
	"fmt"
	"time"

	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
)

// resetExcuse is an innocent cause of a reset. Quiet ones are how connections
// end every day: a flow that only shows such a reset makes no finding.
type resetExcuse struct {
	cause   string
	text    string
	packets []uint64
	quiet   bool
}

func (x resetExcuse) evidence() finding.Evidence {
	return finding.Evidence{Code: x.cause, Family: finding.Reaction, Class: finding.X, Text: x.text, Packets: x.packets}
}

// idleCut is how long a flow must have been silent for a reset to be an
// expired timer of a load balancer, NAT or server.
const idleCut = 30 * time.Second

const (
	// zmapIPID is the IP id of every packet the ZMap scanner sends.
	zmapIPID = 54321
	// nmapWindow: the half-open SYNs of nmap advertise one to four times this
	// and carry an MSS, nothing else.
	nmapWindow = 1024
)

// excuses lists the innocent causes that fit, the most telling first. They
// look at facts only, never at vetoes: not having seen a thing is no excuse.
func (c *resetCase) excuses() []resetExcuse {
	if len(c.resets) == 0 {
		return nil
	}
	var out []resetExcuse
	for _, rule := range []func() (resetExcuse, bool){c.mptcp, c.scanner, c.refused, c.lostState,
		c.explained, c.afterClose, c.afterAlert, c.afterAnswer, c.idle, c.clientGaveUp} {
		if x, ok := rule(); ok {
			out = append(out, x)
		}
	}
	return out
}

// mptcp: only an endpoint knows why it closes a subflow (RFC 8684 section 3.6).
func (c *resetCase) mptcp() (resetExcuse, bool) {
	r := c.first()
	return resetExcuse{cause: "mptcp", text: "An MP_TCPRST option gives the endpoint's own reason", packets: []uint64{r.Num}}, r.MPTCPRST
}

// refused: a closed port (RFC 9293 section 3.5.2): RST|ACK, sequence number 0,
// one for each SYN.
func (c *resetCase) refused() (resetExcuse, bool) {
	r := c.first()
	ok := c.closedPort(r) && uint32(len(c.resets)) <= c.peer().SYNCount && c.f.AfterReset[c.dir].SYNACK.Num == 0
	return resetExcuse{cause: "refused", text: "RST|ACK with sequence number 0 to each SYN: the port is closed", packets: nums(c.resets)}, ok
}

func (c *resetCase) closedPort(r *fact.Reset) bool {
	return c.dir == fact.Down && r.SYNOnly && r.Seq == 0 && answersSYN(c, r)
}

// scanner: SYNs that no operating system sends, answered or not, and nothing
// after them.
func (c *resetCase) scanner() (resetExcuse, bool) {
	up, r := &c.f.Sides[fact.Up], c.first()
	early := (r.SYNOnly || !r.HandshakeOK) && up.SYN.Num != 0 && up.Payload == 0
	noOptions := !up.WScale.Ok && !up.SACKOK && !up.TSOK
	w := up.Window.Or(0)
	nmap := noOptions && up.MSS.Ok && w > 0 && w <= 4*nmapWindow && w%nmapWindow == 0
	zmap := up.LastIPID.Ok && up.LastIPID.V == zmapIPID
	return resetExcuse{cause: "scanner", text: "The SYN is a port scanner's, not an operating system's", packets: []uint64{up.SYN.Num, r.Num}},
		early && (noOptions && !up.MSS.Ok || nmap || zmap)
}

// lostState: the receiver challenged a reset and the sender confirmed it with
// an exact one (RFC 5961 section 3.2), as a rebooted peer does.
func (c *resetCase) lostState() (resetExcuse, bool) {
	if l := c.f.Local; l != nil && l.Refused[c.dir].Reason == "TCP_RESET" && l.Received[c.dir].Count > 0 {
		return resetExcuse{cause: "peer_lost_state",
			text:    "This host's TCP challenged a reset and accepted the one that answered: the peer no longer knows the connection",
			packets: nums(c.resets)}, true
	}
	ack := c.f.AfterReset[c.dir].ChallengeAck
	if ack.Num == 0 {
		return resetExcuse{}, false
	}
	for i := range c.resets {
		if r := &c.resets[i]; r.Num > ack.Num && (r.Seq == c.peer().MaxAck || r.AckEchoes) {
			return resetExcuse{cause: "peer_lost_state",
				text:    "The receiver's challenge was answered by an exact reset: the peer no longer knows the connection",
				packets: []uint64{c.first().Num, ack.Num, r.Num}}, true
		}
	}
	return resetExcuse{}, false
}

// explained: old stacks say in plain text why they reset.
func (c *resetCase) explained() (resetExcuse, bool) {
	r := c.first()
	return resetExcuse{cause: "rst_text", text: fmt.Sprintf("It carries a reason in plain text: %q", r.Payload), packets: []uint64{r.Num}},
		r.PayloadLen > 0 && readable(r.Payload)
}

// afterClose: somebody had said FIN, or the client had already reset.
func (c *resetCase) afterClose() (resetExcuse, bool) {
	r := c.first()
	return resetExcuse{cause: "after_close", text: "The connection was being closed already", packets: []uint64{r.Num}, quiet: true},
		finBefore(r) || r.RSTBefore[c.dir.Other()]
}

// afterAlert: TLS had said why before the reset came.
func (c *resetCase) afterAlert() (resetExcuse, bool) {
	return resetExcuse{cause: "tls_alert", text: "A TLS alert had announced the end", packets: []uint64{c.first().Num}, quiet: true},
		c.f.Names.AlertUp.Ok || c.f.Names.AlertDown.Ok
}

// afterAnswer: DNS servers over TCP cut the connection once they answered.
func (c *resetCase) afterAnswer() (resetExcuse, bool) {
	r := c.first()
	x := resetExcuse{cause: "after_answer", text: "Every query had its answer before the reset", packets: []uint64{r.Num}, quiet: true}
	if c.f.Hello.Kind != "dns" || len(c.f.DNS) == 0 {
		return x, false
	}
	for i := range c.f.DNS {
		if a := c.f.DNS[i].Answers; len(a) == 0 || a[0].Num > r.Num {
			return x, false
		}
	}
	return x, true
}

// idle: nothing from this side for long, and the other was not calling in vain.
func (c *resetCase) idle() (resetExcuse, bool) {
	r := c.first()
	quietFor := time.Duration(r.Time - r.PrevSame)
	// A hello that got no data, or data repeated in vain, is no idling.
	h := &c.f.Hello
	inVain := h.First.Num != 0 && (h.Data.Num == 0 || h.Data.Num >= r.Num) ||
		r.Time-r.PrevOther < int64(idleCut) && c.peer().Retrans > 2
	return resetExcuse{cause: "idle_timeout", text: "The connection had been idle for " + inMs(quietFor), packets: []uint64{r.Num}},
		c.dir == fact.Down && r.PrevSame != 0 && quietFor > idleCut && !r.SYNOnly && !inVain
}

// clientGaveUp: a client ends its own connection as it likes: killed programs,
// losers of a happy-eyeballs race, aborted downloads.
func (c *resetCase) clientGaveUp() (resetExcuse, bool) {
	r := c.first()
	x := resetExcuse{cause: "client_abort", text: "The client gave up", packets: []uint64{r.Num}, quiet: true}
	if c.f.SYNACK.Num != 0 && c.f.Hello.First.Num == 0 {
		x.cause, x.text = "happy_eyeballs", "The client gave up right after the SYN/ACK, as the loser of a race of connections does (RFC 8305)"
	}
	return x, c.dir == fact.Up
}
