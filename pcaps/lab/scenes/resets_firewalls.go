package scenes

import (
	"context"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"chokepoint/capture"
	"chokepoint/classify/finding"
	"chokepoint/pcaps/craft"
	"chokepoint/pcaps/lab"
	"chokepoint/pcaps/lab/peer/talk"
	"chokepoint/pcaps/lab/policy"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/truth"
)

// resetsByFirewalls are refusals by rules that somebody made for his own network.
func resetsByFirewalls() []*lab.Scenario {
	return []*lab.Scenario{routerRejects(), clientRejects(), serverRejects()}
}

var whatsAppAddrs = []string{site.WAWeb, site.WAChat, site.WAChat2, site.WAMedia}

// whatsAppTries plans that everything of WhatsApp's is tried.
func whatsAppTries(w *lab.World) {
	tries(3, 400*time.Millisecond, 1500*time.Millisecond, func(at time.Duration) {
		w.WhatsAppWorks(at)
		w.Open(at+250*time.Millisecond, "web.whatsapp.com", lab.Web, talk.Page()...)
	})
}

// routerRejects: the home router refuses WhatsApp, as its owner wants: a RST,ACK one
// cable away, in answer to each SYN.
func routerRejects() *lab.Scenario {
	return &lab.Scenario{
		Name: "router-rejects", Cases: []string{"B19"}, Lasts: 6 * time.Second,
		Truth: unforged("whatsapp", finding.Benign, "the home router refuses connections to WhatsApp (REJECT with tcp-reset)", "the home router",
			"the owner's own firewall: half a millisecond and no hop away"),
		Play: func(w *lab.World) {
			home := map[netip.Addr]bool{}
			for _, a := range whatsAppAddrs {
				home[netip.MustParseAddr(a)] = true
			}
			for i := range w.Near {
				near, far := w.Near[i].Site, w.Far[i].Site
				w.Near[i].Site = func(a netip.Addr) (time.Duration, uint8) {
					if home[a] {
						return 200 * time.Microsecond, 0
					}
					return near(a)
				}
				w.Far[i].Site = func(a netip.Addr) (time.Duration, uint8) {
					d, hops := far(a)
					if home[a] {
						return d + 700*time.Microsecond, hops + 4
					}
					return d, hops
				}
			}
			w.Rule("owner's rule", policy.All(policy.To(whatsAppAddrs...), policy.SYN), &policy.Reject{})
			whatsAppTries(w)
			lively(w, "whatsapp")
		},
	}
}

// filter has nft add a rule to a new chain of a host.
func filter(w *lab.World, command func(context.Context, string, ...string) ([]byte, error), hook, rule string) {
	w.At(0, func(ctx context.Context) {
		_, err := command(ctx, "nft", "add table inet f; add chain inet f c { type filter hook "+hook+" priority 0; }; add rule inet f c "+rule)
		w.Note("nft", err)
	})
}

// clientRejects: a firewall on the client itself refuses hellos to WhatsApp. The
// reset never leaves the host: on the wire handshakes are followed by nothing.
func clientRejects() *lab.Scenario {
	t := unforged("whatsapp", finding.Unexplained, "a firewall on the client refuses what it says to WhatsApp (nft reject with tcp reset)", theClient,
		"the hello was never sent")
	t.Services["whatsapp"] = append(t.Services["whatsapp"], "unseen")
	t.May = []truth.Limit{{Kinds: []finding.Kind{finding.DropLocal}, Service: "whatsapp", AtMost: finding.Confirmed, Why: "live, the client's own kernel says so"}}
	return &lab.Scenario{
		Name: "client-nft-rejects", Cases: []string{"B19"}, Lasts: 6 * time.Second, Needs: []string{"nft"}, Truth: t,
		Play: func(w *lab.World) {
			filter(w, w.Client().Command, "output", "ip daddr { "+strings.Join(whatsAppAddrs, ", ")+" } tcp flags & psh == psh reject with tcp reset")
			whatsAppTries(w)
			lively(w, "whatsapp")
		},
	}
}

// serverRejects: a firewall in front of Telegram's web refuses what has payload: the
// kernel's own RST without ACK, at the number that the hello acknowledged.
func serverRejects() *lab.Scenario {
	return &lab.Scenario{
		Name: "server-nft-rejects", Cases: []string{"B18", "B19"}, Lasts: 6 * time.Second, Needs: []string{"nft"},
		Truth: unforged("telegram", finding.Suspected, "a firewall of the server refuses hellos to Telegram's web (nft reject with tcp reset)", theServers,
			"one well-formed reset one round trip after the hello"),
		Play: func(w *lab.World) {
			filter(w, w.Server().Command, "input", "ip daddr "+site.TGWeb+" tcp flags & psh == psh reject with tcp reset")
			tries(4, 400*time.Millisecond, 1200*time.Millisecond, func(at time.Duration) {
				w.Open(at, "web.telegram.org", classical, talk.Page()...)
			})
			w.TelegramWorks(700 * time.Millisecond)
			lively(w, "telegram")
		},
	}
}

// resetsOfTheWild are those of scanners.
func resetsOfTheWild() []*lab.Scenario { return []*lab.Scenario{portScan()} }

// portScan: the client scans: ports of three hosts as nmap -sS does, and one port of
// many hosts as ZMap does (IPID 54321, no options). Its own kernel resets what
// answers; closed ports refuse.
func portScan() *lab.Scenario {
	return &lab.Scenario{
		Name: "client-scans", Cases: []string{"B17"}, Lasts: 6 * time.Second,
		Truth: unforged("", finding.Benign, "the client scans ports of WhatsApp's, Telegram's and another server, and port 443 of a hundred addresses", theClient,
			"half-open connections of a scanner"),
		Play: func(w *lab.World) {
			ports := []uint16{21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 993, 995, 1723, 3306, 3389, 5222, 5900, 8080, 8443}
			w.At(500*time.Millisecond, func(ctx context.Context) {
				for i, port := range ports {
					for k, a := range []string{site.WAWeb, site.TGChat, site.ExampleOrg} {
						nmap := craft.TCP{Src: 47_311, Dst: port, Seq: uint32(0x51a3_0000 + i<<8 + k), Flags: capture.SYN, Window: 1024,
							Options: []byte{2, 4, 0x05, 0xb4}} // MSS 1460
						w.Note("nmap", rawSYN(w, netip.MustParseAddr(a), uint16(0x1357*i+k), uint8(38+(7*i+k)%20), &nmap))
					}
				}
			})
			w.At(1500*time.Millisecond, func(ctx context.Context) {
				for i := range 100 {
					to := netip.AddrFrom4([4]byte{91, 108, byte(4 + i%3), byte(10 + 2*i)})
					w.SetDead(to, i%3 == 0)
					zmap := craft.TCP{Src: uint16(33_000 + i), Dst: 443, Seq: uint32(0x9e37_79b1 * uint64(i+1)), Flags: capture.SYN, Window: 65535}
					w.Note("zmap", rawSYN(w, to, 54321, 255, &zmap))
				}
			})
			lively(w)
		},
	}
}

// rawSYN sends a segment of the client's that no socket of its kernel knows.
func rawSYN(w *lab.World, to netip.Addr, id uint16, ttl uint8, segment *craft.TCP) error {
	ip := craft.IP{Src: lab.ClientAddr, Dst: to, TTL: ttl, ID: id}
	b, err := ip.TCP(segment, nil)
	if err != nil {
		return err
	}
	return w.Client().Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		time.Sleep(time.Duration(2000+binary.BigEndian.Uint16(b[4:])%4000) * time.Microsecond) // scanners pace themselves
		return unix.Sendto(fd, b, 0, &unix.SockaddrInet4{Addr: to.As4()})
	})
}
