package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// mixInfo describes a mixed capture; it lies beside it.
type mixInfo struct {
	From    string // the folder it was made of
	Packets int
	Bytes   int64         // captured
	Span    time.Duration // from the first packet to the last
	Rounds  int           // how often the clips were used
	Clips   int
	Left    map[string]int // captures left out, by reason
}

// stagger lies between the beginnings of two clips: about 650 packets a second,
// a small office's link.
const stagger = 200 * time.Millisecond

// epoch is when the mixed capture begins.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// assemble writes the clips below a folder as one capture, each with clients of
// its own, and again with others until there are enough packets. Beside it
// stands what it came to.
func assemble(dir string, packets int, out string) error {
	all, left, err := clips(dir)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("no usable capture below %s (left out: %v)", dir, left)
	}
	f, err := os.CreateTemp(filepath.Dir(out), "mix") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing once it is renamed
	info := mixInfo{From: dir, Clips: len(all), Left: left}
	slots := schedule(all, packets, &info)
	if err := errors.Join(write(f, slots, &info), f.Close()); err != nil {
		return err
	}
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(out+".json", text, 0o600), os.Rename(f.Name(), out))
}

// slot is one packet's place in the mixed capture.
type slot struct {
	at     int64 // ns since the epoch
	client uint16
	frame  *frame
}

// schedule lets the clips begin one after the other, while earlier ones go on,
// in as many rounds as it takes, and puts all packets in the order of time.
func schedule(all []clip, packets int, info *mixInfo) (slots []slot) {
	begin, client := epoch, uint16(0)
	for ; len(slots) < packets; info.Rounds++ {
		for _, c := range all {
			for i := range c.frames {
				slots = append(slots, slot{at: begin + c.frames[i].at, client: client, frame: &c.frames[i]})
			}
			begin += int64(stagger)
			client++
		}
	}
	slices.SortStableFunc(slots, func(a, b slot) int { return cmp.Compare(a.at, b.at) })
	return slots
}

// write writes the packets as a pcap.
func write(out io.Writer, slots []slot, info *mixInfo) error {
	buf := bufio.NewWriterSize(out, 1<<20)
	w := pcapgo.NewWriterNanos(buf)
	if err := w.WriteFileHeader(1<<18, layers.LinkTypeEthernet); err != nil {
		return err
	}
	for _, s := range slots {
		b := bytes.Clone(s.frame.bytes)
		moveClient(b, s.client)
		ci := gopacket.CaptureInfo{Timestamp: time.Unix(0, s.at), CaptureLength: len(b), Length: max(s.frame.wire, len(b))}
		if err := w.WritePacket(ci, b); err != nil {
			return err
		}
		info.Packets++
		info.Bytes += int64(len(b))
		info.Span = time.Duration(s.at - epoch)
	}
	return buf.Flush()
}

// mix returns the mixed capture, which it has assembled unless it is there.
func (o *options) mix() (path string, info mixInfo, err error) {
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return "", info, err
	}
	path = filepath.Join(o.dir, fmt.Sprintf("mixed-%d.pcap", o.packets))
	if info, err = readInfo(path); err == nil && info.From == o.captures && !newer(o.captures, path) {
		return path, info, nil
	}
	fmt.Fprintf(os.Stderr, "assembling %s from %s\n", path, o.captures)
	if _, err := measure(command(o.self, "-captures", o.captures, "-packets", fmt.Sprint(o.packets), "assemble", path)); err != nil {
		return "", info, err
	}
	info, err = readInfo(path)
	return path, info, err
}

// newer reports whether something below a folder changed after a file was made.
func newer(dir, path string) bool {
	made, err := os.Stat(path)
	if err != nil {
		return true
	}
	found := errors.New("newer")
	return filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if i, err := d.Info(); err != nil || i.ModTime().After(made.ModTime()) {
			return found
		}
		return nil
	}) != nil
}

// readInfo reads what lies beside a mixed capture that is there.
func readInfo(path string) (info mixInfo, err error) {
	if _, err := os.Stat(path); err != nil {
		return info, err
	}
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		return info, err
	}
	return info, json.Unmarshal(text, &info)
}
