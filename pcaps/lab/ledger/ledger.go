package ledger

import (
	"maps"
	"slices"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/pcaps/lab/box"
	"chokepoint/pcaps/truth"
)

// mostNumbers is how many packets of a deed are listed for each capture.
const mostNumbers = 64

// deed is what events of one deed have in common.
type deed struct {
	rule string
	what box.What
	dir  box.Dir
}

// Deeds sums up the log by rule, kind and direction, in the order of first
// appearance, and lists which packets they are in each capture, by file name. The
// packets are decoded and numbered, in the order of the capture.
func Deeds(log []*box.Event, files map[string][]capture.Packet) []truth.Deed {
	var order []deed
	events := map[deed][]*box.Event{}
	for _, e := range log {
		k := deed{e.Rule, e.What, e.Dir}
		if events[k] == nil {
			order = append(order, k)
		}
		events[k] = append(events[k], e)
	}
	found := map[*box.Event]map[string]uint64{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		find(log, file, files[file], func(e *box.Event, num uint64) {
			if found[e] == nil {
				found[e] = map[string]uint64{}
			}
			found[e][file] = num
		})
	}
	out := make([]truth.Deed, 0, len(order))
	for _, k := range order {
		out = append(out, sum(k, events[k], found))
	}
	return out
}

// sum is the deed of some events.
func sum(k deed, events []*box.Event, found map[*box.Event]map[string]uint64) truth.Deed {
	d := truth.Deed{Rule: k.rule, What: string(k.what), Dir: "up", N: len(events)}
	if k.dir == box.Down {
		d.Dir = "down"
	}
	from, to := events[0].At, events[0].At
	for _, e := range events {
		from, to = min(from, e.At), max(to, e.At)
		for file, num := range found[e] {
			if d.Packets == nil {
				d.Packets = map[string][]uint64{}
			}
			d.Packets[file] = append(d.Packets[file], num)
		}
	}
	for file, nums := range d.Packets {
		slices.Sort(nums)
		d.Packets[file] = nums[:min(len(nums), mostNumbers)]
	}
	d.From, d.To = time.Unix(0, from).UTC(), time.Unix(0, to).UTC()
	return d
}

// find looks for the packets that events speak of in one capture.
func find(log []*box.Event, file string, packets []capture.Packet, hit func(*box.Event, uint64)) {
	x := newIndex(packets)
	var dec decode.Decoder
	for _, e := range log {
		w, ok := windowOf(e, file)
		if !ok {
			continue
		}
		p := capture.Packet{Time: e.At, Frame: e.Frame, WireLen: uint32(len(e.Frame)), Link: capture.LinkEthernet}
		dec.Decode(&p)
		if i := x.take(&p, e, w); i >= 0 {
			hit(e, packets[i].Num)
		}
	}
}
