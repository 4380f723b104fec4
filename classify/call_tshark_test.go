package classify

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"strconv"
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
	label     string
	from, to  [2]netip.AddrPort // by direction
	call      *fact.Call
	flow      fact.FlowID
	datagrams *fact.Datagrams
}

func (l *listener) Flow(f *fact.Flow, ids []string) error {
	if f.Call != nil {
		c, s := netip.AddrPortFrom(f.Key.SrcAddr(), f.Key.SrcPort), netip.AddrPortFrom(f.Key.DstAddr(), f.Key.DstPort)
		l.calls = append(l.calls, heardCall{label: f.Label.Service, from: [2]netip.AddrPort{c, s}, to: [2]netip.AddrPort{s, c},
			call: f.Call, flow: f.ID, datagrams: f.Datagrams})
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
	Run(context.Background(), src, l, Options{All: true, Seed: 1}) //nolint:errcheck // what came before an error will do
	return l
}

// theirs is what tshark says of a source.
type theirs struct {
	packets, lost int
	jitter        float64 // largest, ms
}

var streamRow = regexp.MustCompile(`^\s*\S+\s+\S+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x([0-9A-F]{8})\s+.*?\s(\d+)\s+(-?\d+) \(\S+\)\s+(.*)$`)

// tsharkStreams asks tshark, which takes the clock from the payload type where that
// is static, 90 kHz or what SDP says else, and 8 kHz where nothing does: its jitter of
// a dynamic type is in units of that.
func tsharkStreams(t *testing.T, tshark, path string) map[string]theirs {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.Command(tshark, "-r", path, "--enable-heuristic", "rtp_udp", "--enable-heuristic", "rtp_stun", "-q", "-z", "rtp,streams")
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		t.Logf("tshark %s: %v", path, err)
	}
	streams := map[string]theirs{}
	for _, line := range bytes.Split(out.Bytes(), []byte("\n")) {
		m := streamRow.FindStringSubmatch(string(line))
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[6])
		lost, _ := strconv.Atoi(m[7])
		streams[fmt.Sprintf("%s %s %s %s %s", m[1], m[2], m[3], m[4], m[5])] = theirs{packets: n, lost: lost}
	}
	return streams
}

// TestCallsBesideTshark prints what we and tshark count of every source in the calls
// of the corpora. They may differ in three things: tshark takes a source from its
// first packet that looks like one, we from the second of a row; what comes more than
// 64 packets late is lost to us; and duplicates make tshark's loss smaller.
func TestCallsBesideTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark to compare with")
	}
	both, same := 0, 0
	for _, f := range corpora.Captures(t, corpora.Usual...) {
		calls := callsIn(f.Path).calls
		if len(calls) == 0 {
			continue
		}
		streams := tsharkStreams(t, tshark, f.Path)
		for _, c := range calls {
			for d := range c.call.Ways {
				for _, s := range c.call.Ways[d].Sources {
					key := fmt.Sprintf("%s %d %s %d %08X", c.from[d].Addr(), c.from[d].Port(), c.to[d].Addr(), c.to[d].Port(), s.SSRC)
					x, ok := streams[key]
					t.Logf("%s %s %s type %d, %d Hz: %d expected, %d lost (%d late, %d twice), jitter %v; tshark %d packets, %d lost (%v)",
						f.Name, c.flow, key, s.Type, s.Clock, s.Expected, s.Lost, s.Misordered, s.Twice, s.Jitter, x.packets, x.lost, ok)
					if !ok {
						continue
					}
					both++
					if int(s.Lost) == x.lost {
						same++
					}
				}
			}
			for d, w := range c.call.Ways {
				t.Logf("   %s way %d %s: %d media, %d RTP, %d others, held %+v, gaps %+v, trips %+v", c.flow, d, c.label, w.Media, w.RTP, w.Others, w.Held, w.Gaps, c.call.Trips)
			}
		}
	}
	t.Logf("%d sources in both, %d with the same loss", both, same)
}
