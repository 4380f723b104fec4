package detect_test

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
	"chokepoint/classify/detect"
	"chokepoint/classify/fact"
	"chokepoint/classify/fact/bulklog"
	"chokepoint/classify/finding"

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

func policedTruths(t *testing.T, dir string) (out []policedTruth) {
	f, err := os.Open(filepath.Join(dir, "oracle", "policing_labels.tsv"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		c := strings.Split(s.Text(), "\t")
		if len(c) < 7 || c[0][0] == '#' {
			continue
		}
		rate, _ := strconv.ParseFloat(c[2], 64)
		burst, _ := strconv.ParseFloat(c[3], 64)
		out = append(out, policedTruth{path: filepath.Join(dir, c[0]), kind: c[1], rate: rate, burst: burst,
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

// tapped is one TCP connection as the tracker feeds it to logs.
type tapped struct {
	client  capture.Key // of the client's packets
	packets []capture.Packet
}

func tappedFlows(packets []capture.Packet) (out []*tapped) {
	byKey := map[capture.Key]*tapped{}
	for _, p := range packets {
		k, _ := p.Key.Canonical()
		f := byKey[k]
		if f == nil {
			f = &tapped{client: p.Key}
			byKey[k] = f
			out = append(out, f)
		}
		f.packets = append(f.packets, p)
	}
	return out
}

// logAfter is how much payload a direction sends before it is logged.
const logAfter = 32 << 10

// feeder keeps what the tracker counts before a log starts.
type feeder struct {
	log         bulklog.Log
	isn, next   uint32
	payload, ip uint64
	start       int64
	mss         uint16 // of the receiver
	seen, begun bool
}

func (d *feeder) data(p *capture.Packet) {
	if p.Flags&capture.SYN != 0 {
		d.isn, d.next, d.seen = p.Seq, p.Seq+1, true
		return
	}
	if p.PayloadLen == 0 {
		return
	}
	if !d.seen {
		d.isn, d.next, d.seen = p.Seq-1, p.Seq, true
	}
	if d.begun {
		d.log.Data(p, d.mss)
		return
	}
	if d.payload == 0 {
		d.start = p.Time
	}
	if end := p.SeqEnd(); int32(end-d.next) > 0 {
		d.next = end
	}
	d.payload += uint64(p.PayloadLen)
	d.ip += uint64(p.IPLen)
	if d.payload >= logAfter {
		d.begun = true
		d.log.Start(d.isn, d.next, d.start, d.ip, d.mss)
	}
}

// facts logs both directions of a connection.
func (f *tapped) facts(packets []capture.Packet) *fact.Flow {
	var dirs [2]feeder // up, down
	for i := range packets {
		p := &packets[i]
		d := fact.Down
		if p.Key == f.client {
			d = fact.Up
		}
		if p.Has&capture.HasMSS != 0 {
			dirs[d.Other()].mss = p.MSS
		}
		dirs[d].data(p)
		if dirs[d.Other()].begun {
			dirs[d.Other()].log.Ack(p)
		}
	}
	out := &fact.Flow{ID: 1, Key: f.client, Vantage: "unknown"}
	for d := range dirs {
		out.Bulk[d] = dirs[d].log.Snapshot()
	}
	return out
}

// atReceiver is what a tap at the client would have seen, told from a capture
// at the server: data arrives when it is first acknowledged or SACKed, what was
// lost is not seen, and the client's packets leave when they came in
// (rate-and-calls, section 1.1).
func (f *tapped) atReceiver() (out []capture.Packet) {
	var flight []capture.Packet // sent by the server, not acknowledged, by sequence
	for i := range f.packets {
		p := &f.packets[i]
		if p.Key != f.client {
			if p.PayloadLen == 0 {
				out = append(out, *p)
				continue
			}
			flight = send(flight, p)
			continue
		}
		flight = slices.DeleteFunc(flight, func(q capture.Packet) bool {
			if !covers(p, &q) {
				return false
			}
			q.Time = p.Time
			out = append(out, q)
			return true
		})
		out = append(out, *p)
	}
	return out
}

// send puts a transmission into flight, in place of an earlier copy.
func send(flight []capture.Packet, p *capture.Packet) []capture.Packet {
	for i := range flight {
		if flight[i].Seq == p.Seq {
			flight[i] = *p
			return flight
		}
		if int32(flight[i].Seq-p.Seq) > 0 {
			return slices.Insert(flight, i, *p)
		}
	}
	return append(flight, *p)
}

func covers(ack, q *capture.Packet) bool {
	if int32(ack.Ack-q.SeqEnd()) >= 0 {
		return true
	}
	for _, b := range ack.SACK[:ack.NSACK] {
		if ack.Has&capture.HasSACK != 0 && int32(q.Seq-b[0]) >= 0 && int32(b[1]-q.SeqEnd()) >= 0 {
			return true
		}
	}
	return false
}

// TestPolicingAgainstRouter scores the detector on captures made behind a
// carrier-grade router with known settings (Flach et al., SIGCOMM 2016).
func TestPolicingAgainstRouter(t *testing.T) {
	dir := os.Getenv("CHOKEPOINT_CORPORA")
	if dir == "" {
		t.Skip("CHOKEPOINT_CORPORA is not set: no captures of real policers")
	}
	for _, truth := range policedTruths(t, dir) {
		packets, err := readXZ(truth.path)
		if err != nil {
			t.Fatal(truth.path, err)
		}
		for _, f := range tappedFlows(packets) {
			server := detect.Policed{}.Judge(f.facts(f.packets), &fact.World{})
			client := detect.Policed{}.Judge(f.facts(f.atReceiver()), &fact.World{})
			if len(server.Findings)+len(server.Saw)+len(client.Saw) == 0 {
				continue
			}
			t.Logf("%-18s %4.1fM %7.0f two=%v loss=%s | server %s | client %s", truth.kind, truth.rate/1e6, truth.burst, truth.two, truth.loss, show(server, truth), show(client, truth))
			if os.Getenv("SHOW") != "" {
				for _, s := range server.Saw {
					t.Log("   S ", s.Text)
				}
				for _, s := range client.Saw {
					t.Log("   C ", s.Text)
				}
			}
		}
	}
}

func show(j detect.Judgement, truth policedTruth) string {
	if len(j.Findings) == 0 {
		return "-"
	}
	f := &j.Findings[0]
	burst := uint64(0)
	if f.BurstBytes != nil {
		burst = *f.BurstBytes
	}
	return fmt.Sprintf("%s %s %.3f burst %d %s", strings.TrimPrefix(string(f.Kind), "rate."), f.Verdict, *f.RateBps/truth.rate, burst, f.Segment)
}

var _ = math.Abs
var _ = finding.Confirmed
