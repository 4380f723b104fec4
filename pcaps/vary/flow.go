package vary

import (
	"chokepoint/capture"
	"chokepoint/capture/decode"
)

// Faults that need to know which packets belong together.

// OneWay keeps one direction of every conversation: what whoever spoke first sent
// (a SYN/ACK is an answer), or the answers. What has no ports stays.
func OneWay(up bool) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		client := map[capture.Key]bool{} // by canonical key: the ends are swapped
		return dropFlow(packets, func(p *capture.Packet, k capture.Key, swapped bool) bool {
			if _, known := client[k]; !known {
				answer := p.Flags&(capture.SYN|capture.ACK) == capture.SYN|capture.ACK
				client[k] = swapped != answer
			}
			return (swapped == client[k]) != up
		})
	}
}

// Headless loses the first n packets of every flow. What has no ports stays.
func Headless(n int) Fault {
	return func(packets []capture.Packet) []capture.Packet {
		seen := map[capture.Key]int{}
		return dropFlow(packets, func(_ *capture.Packet, k capture.Key, _ bool) bool {
			seen[k]++
			return seen[k] <= n
		})
	}
}

// dropFlow loses the packets that lost chooses by what is in them: it is given the
// packet decoded and the canonical key of its flow, with whether its ends were
// swapped for that.
func dropFlow(packets []capture.Packet, lost func(p *capture.Packet, k capture.Key, swapped bool) bool) []capture.Packet {
	var d decode.Decoder
	return dropIf(packets, func(p *capture.Packet) bool {
		q := *p
		d.Decode(&q)
		if q.Has&capture.HasPorts == 0 {
			return false
		}
		k, swapped := q.Key.Canonical()
		return lost(&q, k, swapped)
	})
}
