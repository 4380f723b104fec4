package detect_test

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/finding"
	"chokepoint/internal/corpora"

	"github.com/ulikunitz/xz"
)

// policedTruth is one row of the labels: the settings of the router the
// capture was made with.
type policedTruth struct {
	path  string
	kind  string
	rate  float64 // bits/s of Ethernet frames with FCS
	burst float64
	two   bool // two players share the bottleneck
	loss  string
	cross bool
}

func policedTruths(t *testing.T) (out []policedTruth) {
	for _, c := range corpora.Rows(t, "policing_labels.tsv") {
		if len(c) < 7 {
			continue
		}
		rate, _ := strconv.ParseFloat(c[2], 64)
		burst, _ := strconv.ParseFloat(c[3], 64)
		out = append(out, policedTruth{path: corpora.Path(t, c[0]), kind: c[1], rate: rate, burst: burst,
			two: strings.Contains(c[0], "CD2="), loss: c[5], cross: c[6] != "0"})
	}
	return out
}

// readXZ reads the TCP packets of a capture, without their payload.
func readXZ(path string) (out []capture.Packet, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := xz.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, err
	}
	r, err := pcapfile.New(x, path, pcapfile.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var d decode.Decoder
	var b capture.Batch
	for {
		err := r.Read(&b)
		for i := range b.Packets {
			p := &b.Packets[i]
			d.Decode(p)
			if p.Has&capture.HasTCP != 0 {
				q := *p
				q.Frame, q.Payload = nil, nil
				out = append(out, q)
			}
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

// scored is the verdict on one flow of a capture from one tap.
type scored struct {
	truth   policedTruth
	tap     string
	finding *finding.Finding // nil: none
}

func (s *scored) atLeast(v finding.Verdict) bool {
	return s.finding != nil && s.finding.Kind == finding.RatePoliced && s.finding.Verdict.Rank() >= v.Rank()
}

// offRate is the relative error of the rate. The router counts Ethernet frames
// with FCS, a finding counts IP bytes: 1.2 % less in full frames.
func (s *scored) offRate() float64 { return math.Abs(*s.finding.RateBps/s.truth.rate - 1) }

// clear is the bar of settings that a flow of 2 MB responses can show: rates of
// 0.5 to 3 Mbit/s, buckets from 100 kB on, one flow.
func (t *policedTruth) clear() bool {
	return t.kind == "policer" && !t.two && t.rate <= 3e6 && t.burst >= 100_000
}

// around is the world with the other flows of the capture in it.
func around(flows []*tapped, self int) *fact.World {
	w := &fact.World{}
	for i, f := range flows {
		if i == self {
			continue
		}
		c := fact.Control{Flow: fact.FlowID(i), Client: f.client.SrcAddr(),
			First: f.packets[0].Time, Last: f.packets[len(f.packets)-1].Time}
		for k := range f.packets {
			c.Bytes += uint64(f.packets[k].PayloadLen)
		}
		w.Controls = append(w.Controls, c)
	}
	return w
}

func scoreCapture(t *testing.T, truth policedTruth) (out []scored) {
	packets, err := readXZ(truth.path)
	if err != nil {
		t.Fatal(truth.path, err)
	}
	flows := tappedFlows(packets)
	for i, f := range flows {
		if f.facts(f.packets).Bulk == ([2]*fact.Bulk{}) {
			continue
		}
		w := around(flows, i)
		for _, tap := range []string{"server", "client"} {
			seen := f.packets
			if tap == "client" {
				seen = f.atReceiver()
			}
			s := scored{truth: truth, tap: tap}
			if j := (detect.Policed{}).Judge(f.facts(seen), w); len(j.Findings) > 0 {
				s.finding = &j.Findings[0]
			}
			out = append(out, s)
		}
	}
	return out
}

// TestPolicingAgainstRouter scores the detector on captures made behind a
// carrier-grade router with known settings (Flach et al., SIGCOMM 2016), as
// they are and as a tap at the client would have seen them.
func TestPolicingAgainstRouter(t *testing.T) {
	all := map[string][]scored{}
	for _, truth := range policedTruths(t) {
		for _, s := range scoreCapture(t, truth) {
			t.Log(s.row())
			all[s.tap] = append(all[s.tap], s)
		}
	}
	for _, tap := range []string{"server", "client"} {
		var clear, likely, suspected, far int
		for _, s := range all[tap] {
			s.mustNotAccuse(t)
			if !s.truth.clear() {
				continue
			}
			clear++
			if s.atLeast(finding.Suspected) {
				suspected++
			}
			if !s.atLeast(finding.Likely) {
				continue
			}
			likely++
			if s.offRate() > 0.06 {
				far++
			}
			s.mustBeOnItsSide(t)
		}
		t.Logf("%s tap, one flow, 0.5..3 Mbit/s, bucket >= 100 kB: %d of %d at least likely, %d at least suspected, rate off by more than 6 %%: %d",
			tap, likely, clear, suspected, far)
		if clear != 14 || far > 0 || tap == "server" && likely < 12 {
			t.Errorf("%s tap: %d of %d found, %d rates off; the bar is 12 of 14 at the server tap and every rate within 6 %%", tap, likely, clear, far)
		}
	}
}

// mustNotAccuse: no shaper and no random loss is called a policer, and a bucket
// or a share of it that hides the rate is never called certain.
func (s *scored) mustNotAccuse(t *testing.T) {
	if strings.HasPrefix(s.truth.kind, "shaper") && s.atLeast(finding.Suspected) {
		t.Errorf("false: %s", s.row())
	}
	if s.truth.kind == "policer" && s.finding != nil && slices.ContainsFunc(s.finding.Against, ownQueue) {
		t.Errorf("a policer's losses are laid to a queue of the flow's own: %s", s.row())
	}
	unclear := s.truth.two || s.truth.kind == "policer" && s.truth.burst < 30_000
	if unclear && s.atLeast(finding.Confirmed) && s.offRate() > 0.06 {
		t.Errorf("certain of a rate that is not the policer's: %s", s.row())
	}
}

func (s *scored) mustBeOnItsSide(t *testing.T) {
	want := map[string]finding.Segment{"server": finding.ClientSide, "client": finding.ServerSide}[s.tap]
	if s.finding.Segment != want || s.finding.Direction != finding.ToClient || len(s.finding.Packets) == 0 {
		t.Errorf("%s tap: segment %s, direction %s, %d packets", s.tap, s.finding.Segment, s.finding.Direction, len(s.finding.Packets))
	}
}

func (s *scored) row() string {
	players := 1
	if s.truth.two {
		players = 2
	}
	row := fmt.Sprintf("%s tap, %-18s %4.1f Mbit/s bucket %7.0f loss %s flows %d: ", s.tap, s.truth.kind, s.truth.rate/1e6, s.truth.burst, s.truth.loss, players)
	if s.finding == nil {
		return row + "-"
	}
	row += fmt.Sprintf("%s %s, rate %.3f of the truth", s.finding.Kind, s.finding.Verdict, *s.finding.RateBps/s.truth.rate)
	if s.finding.BurstBytes != nil {
		row += fmt.Sprintf(", bucket %d", *s.finding.BurstBytes)
	}
	return row
}
