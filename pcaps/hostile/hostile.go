// Package hostile writes a capture whose every name is an attack on whoever shows it:
// names asked for, server names of hellos, hosts of requests and fields of certificates
// carry markup, quotes, escape sequences, marks that turn the direction of writing, zero
// bytes, what is no UTF-8, and 64 KiB of one letter. Some of these names are interfered
// with, so that findings tell of them. Whatever runs leaves the word "owned".
package hostile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"chokepoint/pcaps/lab/script"
	"chokepoint/pcaps/site"
	"chokepoint/pcaps/synth"
)

// Names are attacks that fit a label of a name, 63 bytes.
var Names = []string{
	`<script>owned=1</script>`,
	`</script><script>owned=1</script>`,
	`</title><svg onload=owned=1>`,
	`"><img src=x onerror=alert("owned")>`,
	`' autofocus onfocus='owned=1`,
	`<iframe srcdoc="<script>top.owned=1</script>">`,
	`javascript:alert('owned')`,
	`-->]]><!--{{.}}${owned=1}` + "`",
	`<style>*{display:none}</style>`,
	`\u003cscript\u003eowned=1`,
	"\x1b]0;owned\a\x1b[2J\u009b31m",
	"\u202edrowssap\u2066\u200f\U000e0041",
	"a\x00b\r\nc\x7f\u2028\u2029",
	"\xff\xfe\xc3(\xed\xa0\x80\xf4\x90\x80\x80",
	"e" + strings.Repeat("\u0301", 30), // a letter below thirty accents
}

// Long is more than a screen holds.
var Long = strings.Repeat("A", 64<<10)

// File is a name for the capture that is an attack itself.
const File = `"><img src=x onerror=alert('owned')>` + "\x1b[31m\u202e.pcapng"

// Capture returns a pcapng of some twenty seconds at a home client: each name is asked
// for, spoken in a hello, in a request in the clear and in a certificate; half of them
// are denied by somebody else, and hellos to two of WhatsApp's servers are swallowed.
func Capture() ([]byte, error) {
	w := script.New(11, time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC))
	for _, t := range w.Taps {
		t.Whole = 0
	}
	w.Resolver = w.Addr(site.GoogleDNS) // beyond who interferes
	w.Boxes = []synth.Stage{
		&synth.DNSForger{Sim: w.Sim, Match: func(name string) bool { return len(name)%2 == 0 && !plain(name) },
			Answer: synth.DNSAnswer{Addrs: []netip.Addr{w.Addr(site.Forged)}, TTL: 60}, TTL: 64},
		&synth.HelloDrop{Match: func(p *synth.Packet) bool {
			server := p.Dst.Addr()
			if p.Dir == synth.Down {
				server = p.Src.Addr()
			}
			return server == w.Addr(site.WAWeb) || server == w.Addr(site.WAMedia)
		}},
	}
	for i, name := range Names {
		at := time.Duration(1000+700*i) * time.Millisecond
		w.Zone[name] = []netip.Addr{w.Addr(site.ExampleOrg)}
		w.Zone[name+".whatsapp.net"] = []netip.Addr{w.Addr(site.WAMedia)}
		w.Resolve(at, name, nil)
		w.Resolve(at+50*time.Millisecond, name+".whatsapp.net", nil)
		w.OpenAt(at+200*time.Millisecond, site.WAMedia, name+".whatsapp.net", script.Visit{Turns: script.Page, GiveUp: 8 * time.Second})
		w.OpenAt(at+250*time.Millisecond, site.ExampleCom, name, script.Visit{Turns: script.Page})
		w.Direct(at+300*time.Millisecond, site.ExampleOrg, 80, 5*time.Second, request(name))
		w.Direct(at+400*time.Millisecond, site.ExampleTwo, 443, 5*time.Second, certified(name))
	}
	w.OpenAt(12*time.Second, site.WAWeb, Long[:12<<10]+".whatsapp.net", script.Visit{Turns: script.Page, GiveUp: 8 * time.Second})
	w.Direct(13*time.Second, site.ExampleOrg, 80, 5*time.Second, request(Long))
	w.Direct(14*time.Second, site.ExampleTwo, 443, 5*time.Second, certified(Long[:8<<10]))
	w.TelegramWorks(3 * time.Second)
	w.MaxWorks(5 * time.Second)
	w.Surf(1*time.Second, 20*time.Second, 4*time.Second)
	w.Run(26 * time.Second)
	files, err := w.Files()
	if err != nil {
		return nil, err
	}
	return files["client.pcapng"], nil
}

// plain reports whether a name could be somebody's.
func plain(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// request asks for the host in the clear, and is told the same in a page.
func request(host string) func(*synth.Sim) synth.Script {
	return func(*synth.Sim) synth.Script {
		ask := fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %[1]s\r\n\r\n", host, oneLine(host))
		page := "<title>" + host + "</title>"
		reply := fmt.Sprintf("HTTP/1.1 302 Found\r\nServer: %s\r\nLocation: http://%[1]s/\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s",
			oneLine(host), len(page), page)
		return synth.Script{{From: synth.Up, Data: []byte(ask)}, {From: synth.Down, Data: []byte(reply), Wait: time.Millisecond}, {From: synth.Up, Act: synth.Close}}
	}
}

// oneLine keeps a header from ending early.
func oneLine(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// certified is a handshake of TLS 1.2 up to the certificate, which is in the clear.
func certified(name string) func(*synth.Sim) synth.Script {
	return func(s *synth.Sim) synth.Script {
		hello := synth.ClientHello{Name: name[:min(len(name), 8<<10)]}.Bytes(s)
		der, err := certificate(name)
		if err != nil {
			panic(err) // what it is made of does not depend on anything
		}
		random := make([]byte, 32)
		server := slices.Concat([]byte{2}, sized(3, slices.Concat([]byte{3, 3}, random, []byte{0, 0xc0, 0x2b, 0})))
		chain := slices.Concat([]byte{11}, sized(3, sized(3, sized(3, der))))
		done := []byte{14, 0, 0, 0}
		return synth.Script{{From: synth.Up, Data: hello}, {From: synth.Down, Data: slices.Concat(record(server), record(chain), record(done)), Wait: time.Millisecond},
			{From: synth.Up, Data: []byte{21, 3, 3, 0, 2, 2, 42}, Wait: time.Millisecond}, {From: synth.Up, Act: synth.Close}} // alert: bad certificate
	}
}

// record puts a message into records of TLS 1.2, no longer than they may be (RFC 5246,
// section 6.2.1).
func record(msg []byte) (out []byte) {
	for part := range slices.Chunk(msg, 1<<14) {
		out = append(append(out, 22, 3, 3), sized(2, part)...)
	}
	return out
}

// sized puts the length of b before it, in so many bytes.
func sized(bytes int, b []byte) []byte {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(b)))
	return slices.Concat(n[8-bytes:], b)
}

// certificate names its owner, its issuer and its hosts alike. The name is put where
// another one of its length was signed: what is no UTF-8 would not be.
func certificate(name string) ([]byte, error) {
	var seed [ed25519.SeedSize]byte
	key := ed25519.NewKeyFromSeed(seed[:])
	other := strings.Repeat("_", len(name))
	who := pkix.Name{CommonName: other, Organization: []string{other}}
	cert := x509.Certificate{SerialNumber: big.NewInt(1), Subject: who, Issuer: who, DNSNames: []string{other},
		NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.9e9, 0)}
	der, err := x509.CreateCertificate(rand.NewChaCha8(seed), &cert, &cert, key.Public(), key)
	return bytes.ReplaceAll(der, []byte(other), []byte(name)), err
}
