package synth

import "time"

// Act is what a step does.
type Act uint8

// The acts.
const (
	Say   Act = iota // write Data
	Close            // close(2): FIN, and a reset for whatever still comes
	Abort            // close with unread data: RST (Linux tcp_close)
)

// Step is one line of a dialogue. It is due when everything before it has been
// said and heard, and Wait has passed.
type Step struct {
	From Dir
	Act  Act
	Data []byte
	Wait time.Duration
}

// Script is the dialogue on one connection.
type Script []Step

// player is one end's place in the script.
type player struct {
	steps Script
	at    int
	heard int // bytes of the peer's lines passed so far
	timer *Timer
}

// advance plays whatever is due. It is called when bytes or a FIN came in.
func (c *Conn) advance() {
	for !c.ended && !c.play.timer.pending() && c.play.at < len(c.play.steps) {
		step := c.play.steps[c.play.at]
		if step.From == c.dir {
			c.play.timer = c.sim.After(step.Wait+c.sim.Jitter(200*time.Microsecond), func() { c.perform(step) })
			return
		}
		switch {
		case step.Act == Say && c.rcv.delivered >= c.play.heard+len(step.Data):
			c.play.heard += len(step.Data)
		case step.Act == Close && c.rcv.finished:
		default:
			if c.rcv.finished { // it will never be said
				c.sim.After(150*time.Microsecond, c.Close)
			}
			return
		}
		c.play.at++
	}
	if c.play.at >= len(c.play.steps) && c.rcv.finished && !c.snd.fin {
		c.sim.After(150*time.Microsecond, c.Close)
	}
}

func (c *Conn) perform(step Step) {
	if c.ended {
		return
	}
	c.play.at++
	switch step.Act {
	case Say:
		c.write(step.Data)
	case Close:
		c.Close()
	case Abort:
		c.Abort()
	}
	c.advance()
}
