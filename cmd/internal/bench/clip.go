package main

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chokepoint/capture"
	"chokepoint/capture/decode"
	"chokepoint/capture/pcapfile"
)

// What is left out of the mix: traffic made to break decoders is no measure of
// ordinary work, a clock that jumps is no time line, and hours of a packet now
// and then would stretch the mix thin.
const (
	maxMalformed = 0.02 // of a capture's packets
	maxSpan      = 10 * time.Minute
	maxStepBack  = time.Second
)

// clip is one capture, in memory.
type clip struct {
	frames []frame
}

// frame is one packet of a clip.
type frame struct {
	at    int64 // since the clip's first packet, ns
	bytes []byte
	wire  int
}

// clips reads the ordinary Ethernet captures below a folder, in the order of
// their names, and counts those left out by reason.
func clips(dir string) (all []clip, left map[string]int, err error) {
	left = map[string]int{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || !isCapture(path) {
			return err
		}
		c, reason := readClip(path)
		if reason != "" {
			left[reason]++
		} else {
			all = append(all, c)
		}
		return nil
	})
	return all, left, err
}

// isCapture goes by the name: a folder of corpora is full of other things, and
// a clip that is a duplicate, seen from the server, would only be repetition.
func isCapture(path string) bool {
	name := filepath.Base(path)
	return name != "server.pcapng" && (strings.Contains(name, ".pcap") || strings.HasSuffix(name, ".cap"))
}

// readClip reads one capture, or says why it is left out.
func readClip(path string) (c clip, reason string) {
	r, err := pcapfile.Open(path, pcapfile.Options{})
	if err != nil {
		return c, "not read"
	}
	defer r.Close()
	packets, ok := readAll(r)
	switch {
	case !ok:
		return c, "damaged"
	case len(packets) == 0:
		return c, "empty"
	case slices.ContainsFunc(r.Interfaces(), func(i capture.Interface) bool { return i.Link != capture.LinkEthernet }):
		return c, "not Ethernet"
	case malformed(packets) > maxMalformed:
		return c, "malformed packets"
	}
	latest := packets[0].Time
	for _, p := range packets {
		if latest-p.Time > int64(maxStepBack) {
			return c, "clock steps back"
		}
		latest = max(latest, p.Time)
		c.frames = append(c.frames, frame{at: max(0, p.Time-packets[0].Time), bytes: p.Frame, wire: int(p.WireLen)})
	}
	if latest-packets[0].Time > int64(maxSpan) {
		return c, "too long"
	}
	return c, ""
}

// readAll reads all packets, with memory of their own.
func readAll(src capture.Source) (packets []capture.Packet, ok bool) {
	var b capture.Batch
	for {
		err := src.Read(&b)
		for _, p := range b.Packets {
			p.Frame = slices.Clone(p.Frame)
			packets = append(packets, p)
		}
		if err != nil {
			return packets, errors.Is(err, io.EOF)
		}
	}
}

// malformed returns the share of packets that decode finds fault with.
func malformed(packets []capture.Packet) float64 {
	var d decode.Decoder
	for i := range packets {
		d.Decode(&packets[i])
	}
	return float64(d.Counts.Malformed()) / float64(len(packets))
}
