package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// mixInfo describes a mixed capture; it lies beside it.
type mixInfo struct {
	From    string // the folder it was made of
	Packets int
	Bytes   int64 // captured
	Rounds  int   // how often the clips were used
	Clips   int
	Left    map[string]int // captures left out, by reason
}

// pause is what lies between two clips.
const pause = time.Second

// epoch is when the mixed capture begins.
var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()

// assemble writes the clips below a folder one after the other, and again with
// other clients, until there are enough packets. The name of the file says how
// many were asked for; beside it stands what it came to.
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
	buf := bufio.NewWriterSize(f, 1<<20)
	m := mixer{w: pcapgo.NewWriterNanos(buf), now: epoch, info: mixInfo{From: dir, Clips: len(all), Left: left}}
	err = m.w.WriteFileHeader(1<<18, layers.LinkTypeEthernet)
	for ; err == nil && m.info.Packets < packets; m.info.Rounds++ {
		err = m.round(all)
	}
	if err := errors.Join(err, buf.Flush(), f.Close()); err != nil {
		return err
	}
	text, err := json.Marshal(m.info)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(out+".json", text, 0o600), os.Rename(f.Name(), out))
}

// mixer writes clips behind each other.
type mixer struct {
	w    *pcapgo.Writer
	now  int64 // where the next clip begins, ns
	info mixInfo
}

// round writes all clips once, with clients of their own.
func (m *mixer) round(all []clip) error {
	for _, c := range all {
		for _, f := range c.frames {
			b := bytes.Clone(f.bytes)
			moveClient(b, uint16(m.info.Rounds))
			ci := gopacket.CaptureInfo{Timestamp: time.Unix(0, m.now+f.at), CaptureLength: len(b), Length: max(f.wire, len(b))}
			if err := m.w.WritePacket(ci, b); err != nil {
				return err
			}
			m.info.Packets++
			m.info.Bytes += int64(len(b))
		}
		m.now += c.span + int64(pause)
	}
	return nil
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
