package beside

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"chokepoint/capture"
)

// explain says why a topic differs, "" if that is not known.
func (w *ways) explain(t topic) (string, error) {
	recorded, live, deaf := said(w.plan)[t], said(w.heard)[t], said(w.deaf)[t]
	var why []string
	if deaf != live {
		why = append(why, "the kernel testified: "+w.testimony(t))
	}
	if deaf == recorded {
		return strings.Join(why, "; "), nil
	}
	if !w.same(t) {
		return "", nil // with other packets nothing can be said
	}
	if err := w.exchange(); err != nil {
		return "", err
	}
	dated, merged := said(w.dated)[t] == deaf, said(w.merged)[t] == deaf
	switch {
	case merged && !dated:
		why = append(why, w.merging(t))
	case dated && !merged:
		why = append(why, w.clocks(t))
	case dated: // either alone makes the difference
		why = append(why, w.merging(t)+", "+w.clocks(t))
	case said(w.plain)[t] == deaf: // nothing else is left
		why = append(why, w.merging(t)+" together with "+w.clocks(t))
	default:
		return "", nil
	}
	return strings.Join(why, "; "), nil
}

// concerns reports whether packets of a key are of the topic's flow. Without one,
// all are; without the client, all to and from the server.
func (t topic) concerns(k *capture.Key) bool {
	return t.between(k.SrcAddr(), k.SrcPort, k.DstAddr(), k.DstPort) || t.between(k.DstAddr(), k.DstPort, k.SrcAddr(), k.SrcPort)
}

func (t topic) between(client netip.Addr, port uint16, server netip.Addr, at uint16) bool {
	return (!t.client.IP.IsValid() || t.client.IP == client && (t.client.Port == 0 || t.client.Port == port)) &&
		(!t.server.IP.IsValid() || t.server.IP == server && (t.server.Port == 0 || t.server.Port == at))
}

// same reports whether each packet of a topic that was recorded was delivered live,
// and the other way round.
func (w *ways) same(t topic) bool {
	concerns := func(of []capture.Packet) func(int) bool {
		return func(i int) bool { return t.concerns(&of[i].Key) }
	}
	return !slices.ContainsFunc(w.missing, concerns(w.recorded)) && !slices.ContainsFunc(w.extra, concerns(w.live))
}

// testimonies are the notes that say something of packets, in words.
var testimonies = map[capture.NoteKind]string{
	capture.NoteDrop:          "dropped",
	capture.NoteResetSent:     "sent a reset",
	capture.NoteResetReceived: "accepted a reset",
	capture.NoteResetRefused:  "refused a reset",
}

// testimony is what the kernel said of a topic's flow.
func (w *ways) testimony(t topic) string {
	count := map[string]uint32{}
	for _, n := range w.side.notes() {
		if word := testimonies[n.Kind]; word != "" && n.Time <= w.end && t.concerns(&n.Key) {
			if n.Reason != "" {
				word += " (" + n.Reason + ")"
			}
			count[word] += n.Count
		}
	}
	if len(count) == 0 {
		return "nothing of this, so it was not this host"
	}
	var parts []string
	for word, n := range count {
		parts = append(parts, fmt.Sprintf("%s ×%d", word, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// merging says how much of a topic's packets came merged.
func (w *ways) merging(t topic) string {
	frames, segments, packets := 0, 0, 0
	for i, of := range w.of {
		if p := &w.live[i]; p.Time <= w.end && t.concerns(&p.Key) {
			packets++
			if n := max(len(of), int(p.Segs)); n > 1 {
				frames++
				segments += n
			}
		}
	}
	return fmt.Sprintf("merged segments: %d of %d frames are %d segments", frames, packets, segments)
}

// clocks says how far apart a topic's packets were dated.
func (w *ways) clocks(t topic) string {
	var apart []int64
	for i, of := range w.of {
		if len(of) > 0 && t.concerns(&w.live[i].Key) {
			d := w.recorded[of[len(of)-1]].Time - w.live[i].Time
			apart = append(apart, max(d, -d))
		}
	}
	if len(apart) == 0 {
		return "clocks"
	}
	slices.Sort(apart)
	round := func(ns int64) time.Duration { return time.Duration(ns).Round(time.Microsecond) }
	return fmt.Sprintf("clocks: %v apart at the median, %v at most", round(apart[len(apart)/2]), round(apart[len(apart)-1]))
}
