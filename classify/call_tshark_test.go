package classify

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture/pcapfile"
	"chokepoint/classify/fact"
	"chokepoint/internal/corpora"
)

// listener keeps the calls of a capture.
type listener struct {
	*recorder
	calls []heardCall
}

type heardCall struct {
	flow     fact.FlowID
	from, to [2]netip.AddrPort // by direction
	call     *fact.Call
}

func (l *listener) Flow(f *fact.Flow, ids []string) error {
	if f.Call != nil {
		c, s := netip.AddrPortFrom(f.Key.SrcAddr(), f.Key.SrcPort), netip.AddrPortFrom(f.Key.DstAddr(), f.Key.DstPort)
		l.calls = append(l.calls, heardCall{flow: f.ID, from: [2]netip.AddrPort{c, s}, to: [2]netip.AddrPort{s, c}, call: f.Call})
	}
	return l.recorder.Flow(f, ids)
}

// callsIn runs the engine over a capture.
func callsIn(path string) *listener {
	l := &listener{recorder: newRecorder()}
	src, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return l // no capture, or none that can be read: others test that
	}
	defer src.Close()
	// What came before an error will do.
	Run(context.Background(), src, l, Options{All: true, Seed: 1})
	return l
}

// theirs is what tshark says of a source.
type theirs struct {
	packets, lost int
	jitter        string // least, mean, most, ms
}

// streamRow is a line of tshark's table: when, whence, whither, the source, its payload
// types, packets, loss, three deltas, three jitters.
var streamRow = regexp.MustCompile(`^\s*\S+\s+\S+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x([0-9A-F]{8})\s+.*?\s(\d+)\s+(-?\d+) \(\S+\)\s+\S+\s+\S+\s+\S+\s+(\S+)\s+(\S+)\s+(\S+)`)

// tsharkStreams asks tshark. It takes the clock from a static payload type (RFC 3551)
// or from SDP, and where neither tells it has no jitter (0, or -1 for the least).
func tsharkStreams(t *testing.T, tshark, path string) map[string]theirs {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(tshark, "-r", path, "--enable-heuristic", "rtp_udp", "--enable-heuristic", "rtp_stun", "-q", "-z", "rtp,streams")
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Logf("tshark %s: %v", path, err) // a capture that breaks off has its table, too
	}
	streams := map[string]theirs{}
	for line := range strings.Lines(out.String()) {
		m := streamRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[6])
		lost, _ := strconv.Atoi(m[7])
		streams[strings.Join(m[1:6], " ")] = theirs{packets: n, lost: lost, jitter: strings.Join(m[8:11], " ")}
	}
	return streams
}

// TestCallsBesideTshark prints what we and tshark count of every source in the calls
// of the corpora. They may differ: duplicates lessen tshark's loss, and tshark takes no
// notice of what is in STUN's indications.
func TestCallsBesideTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark to compare with")
	}
	both, same := 0, 0
	for _, f := range corpora.Captures(t, corpora.Usual...) {
		calls := callsIn(f.Path).calls
		var streams map[string]theirs
		for _, c := range calls {
			for d := range c.call.Ways {
				for _, s := range c.call.Ways[d].Sources {
					if streams == nil {
						streams = tsharkStreams(t, tshark, f.Path)
					}
					x, ok := streams[fmt.Sprintf("%s %d %s %d %08X", c.from[d].Addr(), c.from[d].Port(), c.to[d].Addr(), c.to[d].Port(), s.SSRC)]
					note := "not seen by tshark"
					if ok {
						both++
						note = fmt.Sprintf("%5d %5d %s", x.packets, x.lost, x.jitter)
						if int(s.Lost) == x.lost || int(s.Lost)-int(s.Twice) == x.lost {
							same++
						} else {
							note += "  <- not the same"
						}
					}
					t.Logf("%-60s %08x type %3d %5d Hz: %5d expected %5d lost %3d twice %7.3f ms | %s",
						f.Name+" "+c.flow.String(), s.SSRC, s.Type, s.Clock, s.Expected, s.Lost, s.Twice, float64(s.Jitter)/1e6, note)
				}
			}
		}
	}
	t.Logf("%d sources in both, %d with the same loss", both, same)
	if both < 40 || 10*same < 9*both {
		t.Errorf("of %d sources that tshark counts, too, %d have the same loss", both, same)
	}
}
