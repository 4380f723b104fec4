package redact_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/cmd/internal/redact"
	"chokepoint/internal/corpora"
	"chokepoint/internal/corpora/replay"
)

// bundled lists the project's captures.
func bundled(t *testing.T) []string {
	t.Helper()
	made, err := filepath.Glob("../../../pcaps/*/*.pcapng")
	if err != nil || len(made) == 0 {
		t.Fatalf("no bundled captures: %v", err)
	}
	lab, err := filepath.Glob("../../../pcaps/recorded/*/*.pcapng.zst")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(made, lab)
	if testing.Short() {
		return every(all, 12)
	}
	return all
}

// every takes one of n.
func every(all []string, n int) (out []string) {
	for i := 0; i < len(all); i += n {
		out = append(out, all[i])
	}
	return out
}

// TestNothingOfOthersIsTold: of no bundled capture does any output have a client's
// address in any form, a name that the rules do not know, a MAC or a community id.
func TestNothingOfOthersIsTold(t *testing.T) {
	cuts := 0
	for _, path := range bundled(t) {
		told, records, w := run(t, path, [32]byte{7})
		silent(t, path, told, w)
		unlinked(t, path, records, w)
		cuts += sliced(t, path, w)
	}
	if cuts == 0 {
		t.Error("not one slice was written")
	}
}

// sliced holds slices to the same, and their packets too, and returns how many there are.
func sliced(t *testing.T, path string, w *witness) int {
	t.Helper()
	dir := t.TempDir()
	n, err := w.slices.Write(dir, []capture.Interface{{Name: "wlan-of-petrov", Filter: "host petrov", Link: capture.LinkEthernet}})
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(dir + "/*.pcapng")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		silent(t, path, b, w)
		if bytes.Contains(b, []byte("petrov")) {
			t.Errorf("%s: a slice names its interface", path)
		}
		_ = replay.Packets(f, func(p *capture.Packet) {
			q := p.Quoted.Key
			if w.clients[p.Key.SrcAddr()] || w.clients[p.Key.DstAddr()] || w.clients[q.SrcAddr()] || w.clients[q.DstAddr()] || p.Has&capture.HasIP == 0 || len(bytes.Trim(p.Payload, "\x00")) > 0 && p.Has&capture.HasICMP == 0 {
				t.Errorf("%s: packet %d of a slice is from %v to %v, payload % x", path, p.Num, p.Key.SrcAddr(), p.Key.DstAddr(), p.Payload)
			}
		})
	}
	return n
}

// TestNothingOfForeignCapturesIsTold: the same of captures that others made.
func TestNothingOfForeignCapturesIsTold(t *testing.T) {
	const large, inAll = 200 << 10, 10 << 20 // bytes: some twenty seconds
	sum := int64(0)
	files := corpora.Captures(t, corpora.Packed...)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	n := 0
	for _, f := range files {
		size := f.Size(t)
		if size > large || sum+size > inAll || testing.Short() && n > 100 {
			continue
		}
		sum += size
		told, records, w := run(t, f.Path, [32]byte{7})
		if w == nil {
			continue
		}
		n++
		silent(t, f.Name, told, w)
		unlinked(t, f.Name, records, w)
	}
	t.Logf("%d captures, %d kB", n, sum>>10)
}

// silent holds an output to what must not be told.
func silent(t *testing.T, path string, told []byte, w *witness) {
	t.Helper()
	text := string(told)
	for a, is := range w.clients {
		if block := netip.MustParsePrefix("198.18.0.0/15"); !is || block.Contains(a) || netip.MustParsePrefix("2001:db8::/32").Contains(a) {
			continue // it may stand for another
		}
		for how, form := range forms(a) {
			if strings.Contains(text, form) && says(text, form) {
				t.Errorf("%s: %v is told %s: %s", path, a, how, shown(text, form))
			}
		}
	}
	lower := strings.ToLower(text)
	for name := range w.names {
		if len(name) >= 4 && !strings.Contains(blank(), name) && strings.Contains(lower, name) && says(lower, name) {
			t.Errorf("%s: the name %q is told: %s", path, name, shown(lower, name))
		}
	}
	for mac := range w.macs {
		all := map[string]string{}
		spelled(all, "", mac[:])
		for how, form := range all {
			if strings.Contains(text, form) {
				t.Errorf("%s: MAC %s is told %s", path, hex.EncodeToString(mac[:]), how)
			}
		}
	}
}

// shown shows where it is told.
func shown(text, thing string) string {
	i := strings.Index(text, thing)
	return text[max(i-60, 0):min(i+len(thing)+60, len(text))]
}

// record is what of a flow's record leads to a community id.
type record struct {
	Type        string
	CommunityID string `json:"community_id"`
	Proto       string
	Server      struct {
		IP   netip.Addr
		Port uint16
	}
	Client struct{ Port uint16 }
}

// unlinked holds records to this: whoever knows where the client may be does not find
// out by its community ids.
func unlinked(t *testing.T, path string, records []byte, w *witness) {
	t.Helper()
	ids := map[string]bool{}
	for _, k := range w.flows {
		ids[communityIDOf(k)] = !redact.Nobodys(k.SrcAddr()) // loopback's ports may become each other's
	}
	guesses := suspects(w)
	for _, line := range bytes.Split(records, []byte("\n")) {
		var r record
		if !bytes.HasPrefix(line, []byte(`{"type":"flow"`)) || json.Unmarshal(line, &r) != nil || r.CommunityID == "" {
			continue
		}
		if ids[r.CommunityID] {
			t.Errorf("%s: the community id %s is the original one", path, r.CommunityID)
		}
		k := capture.Key{Dst: r.Server.IP.As16(), DstPort: r.Server.Port, SrcPort: r.Client.Port, Proto: redact.Protos[r.Proto]}
		for _, a := range guesses {
			if k.Src = a.As16(); communityIDOf(k) == r.CommunityID {
				t.Errorf("%s: %v leads to community id %s", path, a, r.CommunityID)
			}
		}
	}
}

// suspects are addresses that clients have: those in the capture, and some of the
// private blocks.
func suspects(w *witness) []netip.Addr {
	var out []netip.Addr
	for a, is := range w.clients {
		if is && len(out) < 50 && !netip.MustParsePrefix("198.18.0.0/15").Contains(a) && !netip.MustParsePrefix("2001:db8::/32").Contains(a) {
			out = append(out, a)
		}
	}
	dice := rand.New(rand.NewPCG(2, 2))
	for range 20 {
		n := dice.Uint32()
		out = append(out, netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}),
			netip.AddrFrom4([4]byte{100, 64 | byte(n>>16)&63, byte(n >> 8), byte(n)}), netip.AddrFrom4([4]byte{192, 168, byte(n >> 8), byte(n)}))
	}
	return out
}

// communityIDOf follows the specification (github.com/corelight/community-id-spec).
func communityIDOf(k capture.Key) string {
	k, _ = k.Canonical()
	b := append([]byte{0, 0}, k.SrcAddr().AsSlice()...)
	b = append(append(b, k.DstAddr().AsSlice()...), k.Proto, 0)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, k.SrcPort), k.DstPort)
	sum := sha1.Sum(b)
	return "1:" + base64.StdEncoding.EncodeToString(sum[:])
}

// TestTheKeyDecides: the same key gives the same bytes, another one others, and
// without one no two runs are alike.
func TestTheKeyDecides(t *testing.T) {
	path := bundled(t)[0]
	a, _, _ := run(t, path, [32]byte{1})
	b, _, _ := run(t, path, [32]byte{1})
	if !bytes.Equal(a, b) {
		t.Error("the same key gives other bytes")
	}
	seen := map[string]bool{string(a): true}
	for _, key := range [][32]byte{{2}, {}, {}} {
		c, _, _ := run(t, path, key)
		if seen[string(c)] {
			t.Error("another key gives the same bytes")
		}
		seen[string(c)] = true
	}
}

// TestPacketsOfBundledCaptures: what is made of their packets keeps the law.
func TestPacketsOfBundledCaptures(t *testing.T) {
	for _, path := range every(bundled(t), 3) {
		r := redact.New(nil, redact.Options{Key: [32]byte{7}})
		n := 0
		_ = replay.Packets(path, func(p *capture.Packet) {
			if n++; n < 2000 {
				redact.LawOfPacket(t, r, p, r.Packet(p, p.Payload))
			}
		})
	}
}
