//go:build linux

package mishap

import (
	"errors"
	"fmt"
	"net/netip"
)

const blocked = 4433 // the port that rules are about

// chain is the beginning of a firewall with one chain in it.
const chain = "add table inet t; add chain inet t c { type filter hook %s priority 0; policy %s; };"

const rejected = 1 // SYNs of connections that nobody waits for

// InputRule has a rule drop what comes in: the SYN of a connection.
func InputRule(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(There, 40001), To: netip.AddrPortFrom(Here, blocked),
		Packets: rejected, Flags: syn, Reasons: []string{"NETFILTER_DROP"}}
	err := p.nft(fmt.Sprintf(chain+"add rule inet t c tcp dport %d drop", "input", "accept", blocked))
	return t, errors.Join(err, knock(p.There, t.From, t.To))
}

// OutputRule has a rule drop what goes out.
func OutputRule(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(Here, 40002), To: netip.AddrPortFrom(There, blocked),
		Out: true, Packets: rejected, Flags: syn, Reasons: []string{"NETFILTER_DROP"}}
	err := p.nft(fmt.Sprintf(chain+"add rule inet t c tcp dport %d drop", "output", "accept", blocked))
	return t, errors.Join(err, knock(p.Here, t.From, t.To))
}

// InputPolicy has no rule that allows it.
func InputPolicy(p *Pair) (Trace, error) {
	t := Trace{Proto: TCP, From: netip.AddrPortFrom(There6, 40003), To: netip.AddrPortFrom(Here6, blocked),
		Packets: rejected, Flags: syn, Reasons: []string{"NETFILTER_DROP"}}
	err := p.nft(fmt.Sprintf(chain+"add rule inet t c udp dport %d accept", "input", "drop", blocked))
	return t, errors.Join(err, knock(p.There, t.From, t.To))
}

// InputLimit has a rule that lets five packets pass in an hour.
func InputLimit(p *Pair) (Trace, error) {
	const sent, allowed = 20, 5
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(There, 40004), To: netip.AddrPortFrom(Here, blocked),
		Packets: sent - allowed, Reasons: []string{"NETFILTER_DROP"}}
	l, err := p.Here.ListenPacket("udp", t.To)
	if err != nil {
		return t, err
	}
	defer l.Close()
	err = p.nft(fmt.Sprintf(chain+"add rule inet t c udp dport %d limit rate over 1/hour burst %d packets drop",
		"input", "accept", blocked, allowed))
	if err != nil {
		return t, err
	}
	return t, errors.Join(send(p.There, t.From, t.To, sent, 100), receive(l, allowed))
}

// ReversePath has packets come from where nothing would be sent to.
func ReversePath(p *Pair) (Trace, error) {
	t := Trace{Proto: UDP, From: netip.AddrPortFrom(stranger, 40005), To: netip.AddrPortFrom(Here, 5000),
		Packets: 3, Reasons: []string{"IP_RPFILTER"}}
	err := errors.Join(p.Here.Sysctl("net.ipv4.conf.all.rp_filter", "1"),
		p.There.Address("lo", netip.PrefixFrom(stranger, 32)))
	return t, errors.Join(err, send(p.There, t.From, t.To, t.Packets, 100))
}
