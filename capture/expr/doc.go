// Package expr compiles the part of the pcap-filter language that a network
// engineer types (pcap-filter(7), libpcap) and matches it against decoded
// packets, so that the same words mean the same on every source.
//
// Understood are the primitives
//
//	[ip|ip6] [src|dst|src or dst|src and dst] [host] ADDR
//	[ip|ip6] [src|dst|...] net NET | NET/LEN | NET mask MASK
//	[tcp|udp] [src|dst|...] port N | portrange A-B
//	[ip|ip6] proto N | proto \NAME
//	ip, ip6, tcp, udp, icmp, icmp6, vlan [ID]
//
// joined by not (!), and (&&), or (||) and parentheses. As in libpcap, not binds
// tightest, and and or bind alike and from the left, and an identifier alone
// takes the qualifiers of the one before it: "host 192.0.2.1 or 192.0.2.2",
// "tcp port (80 or 443)". Anything else is refused by name.
//
// Where this differs from a filter in the kernel: packets are matched by their
// innermost headers, behind tags and tunnels; host and net match no ARP; a port
// is not known of a fragment, only of the datagram put together from it. An ICMP
// error is matched by its own addresses, as everywhere, not by the packet it
// quotes.
package expr
